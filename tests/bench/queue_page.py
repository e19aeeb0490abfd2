"""`queue_page`: 50 tickets of a queue when a tenant has a million of them, against a hundred thousand.

Two databases of the benchmark's own hold 100 000 and 1 000 000 tickets of one tenant (and a fifth of that of the
13 others); 3 000 of them are open in both, as after four months and after three years. The same verb that serves
the screen reads both, in turns.
"""

import os
import time
from statistics import median
from uuid import uuid4

import asyncpg
from tests.bench import wire
from tests.bench.figure import Figure, note
from tests.databases import Database, Databases, storing

from chassis109.store import unit
from dispatch109.queue import service as queue
from dispatch109.queue.model import Filter
from identity109.actor import Actor
from tenancy109 import directory
from tenancy109.model import Tenant

SMALL, LARGE = 100_000, 1_000_000
DAYS = 1_095  # a million tickets are three years of a city, a hundred thousand its last 15 weeks
STILL_OPEN = 3_000  # follows from the calls of a week, not from the length of the history
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

FILL = """
SET session_replication_role = replica;  -- foreign keys hold by construction
INSERT INTO dispatch.contact (tenant_id, id, key_id, language, created_at)
SELECT t.id, md5(t.id || ':' || n)::uuid, 'k1', 'kk', now() FROM tenancy.tenant t, generate_series(0, 999) n;
INSERT INTO dispatch.ticket (tenant_id, id, year, number, state, version, contact_id, category_code, service_code,
    priority, text, address, landmark, folded, language, point, opened_at, opened_by, updated_at, due_at,
    statutory_due, unanswered, done_at, closed_at)
SELECT tenant, encode(substring(int8send((extract(epoch FROM at) * 1000)::bigint) FROM 3) || '\\x7109'::bytea
           || substring(uuid_send(gen_random_uuid()) FROM 9), 'hex')::uuid,
    extract(year FROM at), n, CASE WHEN closed THEN 'closed' ELSE
        (ARRAY['assigned', 'accepted', 'in_progress', 'callback_due'])[1 + n % 4] END, 2,
    md5(tenant || ':' || n % 1000)::uuid,
    (ARRAY['water-no-supply', 'heat-weak', 'snow-road', 'street-light-out', 'waste-not-collected'])[1 + n % 5],
    (ARRAY['water', 'heat', 'roads', 'lighting', 'waste', 'transport', 'greenery', 'akimat'])[1 + n % 8], 1 + n % 3,
    'Нет воды, обращение жүйе ' || n, 'Абай көшесі ' || n % 300, '', 'нет воды, обращение жуйе ' || n
        || ' абай кошеси ' || n % 300, 'ru',
    ST_SetSRID(ST_MakePoint(lon + (random() - 0.5) / 10, lat + (random() - 0.5) / 10), 4326), at, gen_random_uuid(),
    at, at + (1 + n % 100) * interval '1 hour', at + interval '21 days', (n % 20 = 0)::int,
    CASE WHEN closed THEN at + interval '1 day' END, CASE WHEN closed THEN at + interval '2 days' END
FROM (SELECT t.id AS tenant, lon, lat, n, most, n <= most - {still_open} AS closed,
             now() - interval '{days} days' * (1 - n / most::float8) AS at
      FROM tenancy.tenant t, LATERAL (SELECT CASE t.id WHEN 1 THEN {most} ELSE {others} END AS most) m,
           generate_series(1, most) n) x;
"""


async def measure() -> list[Figure]:
    """A figure a list; the databases are dropped afterwards."""
    databases = await Databases.open(dict(os.environ))
    try:
        sizes = {}
        for most in (SMALL, LARGE):
            started = time.perf_counter()
            sizes[most] = await databases.clone("tenants")
            await _fill(sizes[most], most)
            note(f"{most} tickets filled in {time.perf_counter() - started:.0f} s")
        found = await _compare(sizes)
        return [*found, await _statements(sizes[LARGE])]
    finally:
        await databases.close()


async def _fill(database: Database, most: int) -> None:
    """Rows first, then indexes: ten times faster than both together."""
    connection = await asyncpg.connect(database.superuser)
    try:
        indexes = await connection.fetch(
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'dispatch' AND tablename = 'ticket'"
            " AND indexdef NOT LIKE 'CREATE UNIQUE%'"
        )
        for index in indexes:
            await connection.execute(f"DROP INDEX dispatch.{index['indexname']}")
        await connection.execute(
            FILL.format(most=most, others=most // OTHERS, still_open=STILL_OPEN, days=DAYS * most // LARGE)
        )
        await connection.execute("SET maintenance_work_mem = '512MB'")
        for index in indexes:
            await connection.execute(index["indexdef"])
        await connection.execute("VACUUM (ANALYZE) dispatch.ticket")
        await connection.execute("VACUUM (ANALYZE) dispatch.contact")
    finally:
        await connection.close()


async def _compare(sizes: dict[int, Database]) -> list[Figure]:
    """Each list in turns on both databases; medians of single pages in milliseconds."""
    times: dict[str, dict[int, list[float]]] = {name: {most: [] for most in sizes} for name in LISTS}
    plans: dict[int, str] = {}
    for turn in range(ROUNDS):
        # Now the one first, now the other: whoever is first finds a colder process.
        for most, database in sorted(sizes.items(), reverse=turn % 2 == 1):
            async with storing(database.app, size=2):
                actor = _operator(await _tenant())
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
        actor = _operator(await _tenant())
        for _ in range(3):
            await directory.catalogue(1)
            seen.commands.clear()
            await queue.page(Filter(), None, PAGE, actor)
    for text in seen.commands:
        note(f"sent: {' '.join(text.split())[:100]}")
    said = f"{len(seen.own)} round trips, and {len(seen.commands) - len(seen.own)} reset of the pool"
    return Figure("queue_page.statements", seen.statements, "", None, "value <= 4", said)


async def _tenant() -> Tenant:
    tenant = await directory.by_id(1)
    if tenant is None:
        raise LookupError("the benchmark's database has no tenant 1")
    return tenant


def _operator(tenant: Tenant) -> Actor:
    return Actor(
        subject=uuid4(), name="Operator", kind="person", tenant=tenant, roles=frozenset({"operator"}), service=None,
        language="ru", session_id=None,
    )  # fmt: skip
