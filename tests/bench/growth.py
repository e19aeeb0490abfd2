"""`growth`: from 14 tenants and 100 000 tickets to 1 000 tenants and 10 000 000 (GROWTH_TENANTS, GROWTH_TICKETS).

A tenth of the tickets is the city's, which is measured: three years of it; the other nine tenths are the others'.
Queue page, search, near, phone look-up and create are the verbs behind the screens, in turns on both databases. Their
statements, caught with their arguments, are explained on both: the plans are kept in `.local/bench/plans/`.
"""

import os
import re
from pathlib import Path
from statistics import median

import asyncpg
from tests import makers
from tests.bench import lookups, tickets_data
from tests.bench.figure import Figure, note
from tests.bench.lookups import Ask
from tests.bench.tickets_data import Shape
from tests.databases import Database, Databases, storing

from chassis109.store import unit
from dispatch109.calls import service as calls
from dispatch109.contacts import service as contacts
from dispatch109.queue import service as queue
from dispatch109.queue.model import Filter
from identity109.actor import Actor

TICKETS = int(os.environ.get("GROWTH_TICKETS", "10000000"))
TENANTS = int(os.environ.get("GROWTH_TENANTS", "1000"))
SMALL = Shape(most=50_000, others=3_846, days=55, each=50)
LARGE = Shape(
    most=TICKETS // 10, others=TICKETS * 9 // 10 // (TENANTS - 1), days=1_095, tenants=TENANTS, each=50
)
SIZES = {"small": SMALL, "large": LARGE}
ROUNDS = 5
GOALS = {"queue_page": "ratio <= 1.3"}
USUAL = "value <= 50"
PLANS = Path(__file__).parents[2] / ".local" / "bench" / "plans"
_NODE = re.compile(r"(Seq Scan|Index Scan|Index Only Scan|Bitmap Index Scan)[^(]*? (?:using|on) (\w+)")


async def measure() -> list[Figure]:
    """Milliseconds at the large size against the small one, and what became of the plans."""
    contacts.use_keys({"k1": lookups.KEY}, lookups.KEY)
    databases = await Databases.open(dict(os.environ))
    try:
        places, took = {}, 0.0
        for size, shape in SIZES.items():
            places[size] = await databases.clone("tenants")
            took = await tickets_data.fill(places[size], shape)
        centre = await _prepare(places)
        return [
            Figure(
                "growth.fill", took, "s", None, "value <= 600", f"{LARGE.tickets} tickets, {TENANTS} tenants"
            ),
            *await _compare(places, centre),
            *await _plans(places, centre),
        ]
    finally:
        await databases.close()


async def _prepare(places: dict[str, Database]) -> tuple[float, float]:
    for place in places.values():
        bare = await asyncpg.connect(place.superuser)
        await lookups.give_a_phone(bare)
        lon, lat = await bare.fetchrow("SELECT lon, lat FROM tenancy.tenant WHERE id = 1")
        await bare.close()
    return lon, lat


def _asked(actor: Actor, centre: tuple[float, float]) -> dict[str, Ask]:
    lon, lat = centre
    return {
        "queue_page": lambda: queue.page(Filter(), None, 50, actor),
        **lookups.asked(actor, centre),
        "create": lambda: calls.register(makers.said(lon=lon + 0.03, lat=lat + 0.02), actor),
    }


async def _compare(places: dict[str, Database], centre: tuple[float, float]) -> list[Figure]:
    """Whoever is first finds a colder process: now the one, now the other."""
    times: dict[str, dict[str, list[float]]] = {}
    for turn in range(ROUNDS):
        for size, place in sorted(places.items(), reverse=turn % 2 == 1):
            async with storing(place.app, size=2):
                for name, ask in _asked(await tickets_data.operator(), centre).items():
                    taken = await lookups.times(ask)
                    times.setdefault(name, {}).setdefault(size, []).extend(taken)
    return [
        Figure(
            f"growth.{name}", median(taken["large"]), "ms", median(taken["small"]), GOALS.get(name, USUAL),
            f"p95 {sorted(taken['large'])[int(len(taken['large']) * 0.95)]:.2f} ms",
        )
        for name, taken in times.items()
    ]  # fmt: skip


async def _plans(places: dict[str, Database], centre: tuple[float, float]) -> list[Figure]:
    """Tables of tenants that are read from end to end at the large size, and questions that use other indexes there."""
    used: dict[str, dict[str, set[tuple[str, str]]]] = {}
    for size, place in places.items():
        async with storing(place.app, size=1):
            actor = await tickets_data.operator()
            for name, ask in _asked(actor, centre).items():
                lines = await _explained(ask, actor)
                PLANS.mkdir(parents=True, exist_ok=True)
                (PLANS / f"{name}-{size}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
                used.setdefault(name, {})[size] = {
                    (kind, of) for line in lines for kind, of in _NODE.findall(line)
                }
    read = {name: [of for kind, of in by["large"] if kind == "Seq Scan"] for name, by in used.items()}
    other = [name for name, by in used.items() if _indexes(by["small"]) != _indexes(by["large"])]
    for name in other:
        note(
            f"{name}: {sorted(_indexes(used[name]['small']))} became {sorted(_indexes(used[name]['large']))}"
        )
    said = ", ".join(f"{name}: {of}" for name, of in read.items() if of)
    return [
        Figure(
            "growth.read_from_end_to_end", sum(map(len, read.values())), "tables", None, "value <= 0", said
        ),
        Figure("growth.other_indexes", len(other), "questions", None, "value <= 0", ", ".join(other)),
    ]


def _indexes(nodes: set[tuple[str, str]]) -> set[str]:
    return {of for kind, of in nodes if kind != "Seq Scan"}


async def _explained(ask: Ask, actor: Actor) -> list[str]:
    """The plan of every statement that a verb sends, with the arguments of that time."""
    heard: list[asyncpg.connection.LoggedQuery] = []
    await ask()
    async with unit.engine().connections().acquire() as lent:
        connection = lent._con
    connection.add_query_logger(heard.append)
    await ask()
    async with unit.transaction(actor.tenant_id):
        connection.remove_query_logger(heard.append)
        asked = [one for one in heard if re.match(r"\s*(SELECT|WITH)\b(?!\s+(set_config|pg_))", one.query)]
        return [
            row[0] for one in asked for row in await unit.fetch(f"EXPLAIN {one.query}", *(one.args or ()))
        ]
