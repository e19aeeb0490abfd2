"""`queue_page`: 50 tickets of a queue when a tenant has a million of them, against a hundred thousand.

Two databases of the benchmark's own hold 100 000 and 1 000 000 tickets of one tenant (and a fifth of that of the
13 others); 3 000 of them are open in both, as after four months and after three years. The same verb that serves
the screen reads both, in turns.
"""

import os
import time
from statistics import median

from tests.bench import tickets_data, wire
from tests.bench.figure import Figure, note
from tests.bench.tickets_data import Shape
from tests.databases import Database, Databases, storing

from chassis109.store import unit
from dispatch109.queue import service as queue
from dispatch109.queue.model import Filter
from identity109.actor import Actor
from tenancy109 import directory

SMALL, LARGE = 100_000, 1_000_000
DAYS = 1_095
OTHERS = 65  # a tenant of the others has this part of the large one's tickets
ROUNDS, PAGES, PAGE = 7, 30, 50
GOAL = "ratio <= 1.3"
LISTS: dict[str, tuple[Filter, str]] = {
    "queue_page": (Filter(), GOAL),
    "queue_page.all": (Filter(view="all"), ""),
    "queue_page.service": (Filter(service="water"), ""),
    "queue_page.overdue": (Filter(overdue=True), ""),
    "queue_page.search": (Filter(view="all", words="жуйе 4711"), ""),
}


async def measure() -> list[Figure]:
    """A figure a list; the databases are dropped afterwards."""
    databases = await Databases.open(dict(os.environ))
    try:
        sizes = {}
        for most in (SMALL, LARGE):
            sizes[most] = await databases.clone("tenants")
            await tickets_data.fill(sizes[most], shape(most))
        found = await _compare(sizes)
        return [*found, await _statements(sizes[LARGE])]
    finally:
        await databases.close()


def shape(most: int) -> Shape:
    """The city after so many days: a million tickets are three years, a hundred thousand 15 weeks."""
    return Shape(most, most // OTHERS, DAYS * most // LARGE)


async def _compare(sizes: dict[int, Database]) -> list[Figure]:
    """Each list in turns on both databases; medians of single pages in milliseconds."""
    times: dict[str, dict[int, list[float]]] = {name: {most: [] for most in sizes} for name in LISTS}
    plans: dict[int, str] = {}
    for turn in range(ROUNDS):
        # Now the one first, now the other: whoever is first finds a colder process.
        for most, database in sorted(sizes.items(), reverse=turn % 2 == 1):
            async with storing(database.app, size=2):
                actor = await tickets_data.operator()
                for name, (wanted, _) in LISTS.items():
                    times[name][most] += await _pages(wanted, actor)
                plans[most] = await _plan(actor)
    for most, plan in plans.items():
        note(f"plan at {most}: {plan}")
    return [
        Figure(
            name, median(times[name][LARGE]), "ms", median(times[name][SMALL]), goal,
            f"p95 {sorted(times[name][LARGE])[int(ROUNDS * PAGES * 0.95)]:.2f} ms",
        )
        for name, (_, goal) in LISTS.items()
    ]  # fmt: skip


async def _pages(wanted: Filter, actor: Actor) -> list[float]:
    """Milliseconds of the first page and of those after it, a warm one before not counted."""
    await queue.page(wanted, None, PAGE, actor)
    took, place = [], None
    for _ in range(PAGES):
        started = time.perf_counter()
        page = await queue.page(wanted, place, PAGE, actor)
        took.append((time.perf_counter() - started) * 1000)
        place = page.next
    return took


async def _plan(actor: Actor) -> str:
    """How PostgreSQL finds the first page: the nodes of the plan, outermost first."""
    async with unit.transaction(actor.tenant_id):
        rows = await unit.fetch(
            "EXPLAIN SELECT * FROM dispatch.ticket WHERE tenant_id = app.tenant() AND closed_at IS NULL"
            f" ORDER BY due_at, id LIMIT {PAGE + 1}"
        )
    return " / ".join(
        row[0].strip().removeprefix("->  ").partition("  (")[0] for row in rows if "cost=" in row[0]
    )


async def _statements(database: Database) -> Figure:
    """What one page sends to PostgreSQL."""
    async with wire.watched(database.app) as (dsn, seen), storing(dsn, size=2):
        actor = await tickets_data.operator()
        for _ in range(3):
            await directory.catalogue(1)
            seen.commands.clear()
            await queue.page(Filter(), None, PAGE, actor)
    for text in seen.commands:
        note(f"sent: {' '.join(text.split())[:100]}")
    said = f"{len(seen.own)} round trips, and {len(seen.commands) - len(seen.own)} reset of the pool"
    return Figure("queue_page.statements", seen.statements, "", None, "value <= 4", said)
