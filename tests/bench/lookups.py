"""`lookups`: what the intake screen asks while somebody speaks (near the point, earlier tickets of the phone, a word),
each beside the same question in bare SQL.

One database of the benchmark's own holds LOOKUP_TICKETS tickets of one tenant and a fifth of that of the 13 others; the
verb behind the screen and a bare connection (superuser, no policies, the tenant written into the statement, only the
ids asked for) take turns.
"""

import os
import time
from collections.abc import Awaitable, Callable
from statistics import median

import asyncpg
from tests.bench import tickets_data, wire
from tests.bench.figure import Figure, note
from tests.bench.queue_page import shape
from tests.databases import Database, Databases, storing

from dispatch109.calls import service as calls
from dispatch109.contacts import service as contacts
from dispatch109.queue import service as queue
from dispatch109.queue.model import Filter
from identity109.actor import Actor

TICKETS = int(os.environ.get("LOOKUP_TICKETS", "1000000"))
ROUNDS, TIMES = 5, 40
PHONE, KEY = "+77051234567", bytes(32)
GOAL = "value <= 50"
BARE = {
    "near": """SELECT id FROM dispatch.ticket WHERE tenant_id = 1 AND closed_at IS NULL
               AND point && ST_Expand(ST_SetSRID(ST_MakePoint($1, $2), 4326), 0.00469, 0.0027)
               AND ST_DistanceSphere(point, ST_SetSRID(ST_MakePoint($1, $2), 4326)) <= 300 LIMIT 8""",
    "phone": """SELECT id FROM dispatch.ticket WHERE tenant_id = 1 AND contact_id IN (
                SELECT id FROM dispatch.contact WHERE tenant_id = 1 AND phone_index = $1)
                ORDER BY opened_at DESC LIMIT 5""",
    "search": """SELECT id FROM dispatch.ticket WHERE tenant_id = 1 AND folded LIKE '%жуйе 4711%'
                 ORDER BY opened_at DESC LIMIT 51""",
}  # fmt: skip
Ask = Callable[[], Awaitable[object]]


async def measure() -> list[Figure]:
    """A figure a question, in milliseconds, and the statements that it sends."""
    databases = await Databases.open(dict(os.environ))
    try:
        database = await databases.clone("tenants")
        await tickets_data.fill(database, shape(TICKETS))
        contacts.use_keys({"k1": KEY}, KEY)
        bare = await asyncpg.connect(database.superuser)
        try:
            await give_a_phone(bare)
            lon, lat = await bare.fetchrow("SELECT lon, lat FROM tenancy.tenant WHERE id = 1")
            return [*await _compare(database, bare, (lon, lat)), *await _statements(database, (lon, lat))]
        finally:
            await bare.close()
    finally:
        await databases.close()


async def give_a_phone(bare: asyncpg.Connection) -> None:
    """One contact of the city has a number, and with it as many tickets as each of them."""
    sql = "UPDATE dispatch.contact SET phone_index = $1 WHERE tenant_id = 1 AND id = md5('1:7')::uuid"
    assert await bare.execute(sql, contacts.phone_index(1, PHONE)) == "UPDATE 1"


def asked(actor: Actor, centre: tuple[float, float]) -> dict[str, Ask]:
    """The verbs behind the screen."""
    return {
        "near": lambda: calls.near(*centre, actor),
        "phone": lambda: calls.earlier(PHONE, actor),
        "search": lambda: queue.page(Filter(view="all", words="жуйе 4711"), None, 50, actor),
    }


async def _compare(database: Database, bare: asyncpg.Connection, centre: tuple[float, float]) -> list[Figure]:
    """In turns; the first time of each is not counted."""
    took: dict[str, list[float]] = {name: [] for name in BARE}
    floor: dict[str, list[float]] = {name: [] for name in BARE}
    async with storing(database.app, size=2):
        actor = await tickets_data.operator()
        asking = asked(actor, centre)
        arguments = {"near": centre, "phone": (contacts.phone_index(1, PHONE),), "search": ()}
        for _ in range(ROUNDS):
            for name, ask in asking.items():
                sql, given = BARE[name], arguments[name]
                took[name] += await times(ask)
                floor[name] += await times(lambda sql=sql, given=given: bare.fetch(sql, *given))
    for name, ask in BARE.items():
        note(f"bare plan of {name}: {await _plan(bare, ask, arguments[name])}")
    return [
        Figure(f"lookup.{name}", median(took[name]), "ms", median(floor[name]), GOAL,
               f"p95 {sorted(took[name])[int(ROUNDS * TIMES * 0.95)]:.2f} ms")
        for name in BARE
    ]  # fmt: skip


async def times(ask: Ask) -> list[float]:
    """Milliseconds, one before not counted."""
    await ask()
    took = []
    for _ in range(TIMES):
        started = time.perf_counter()
        await ask()
        took.append((time.perf_counter() - started) * 1000)
    return took


async def _plan(bare: asyncpg.Connection, sql: str, given: tuple[object, ...]) -> str:
    rows = await bare.fetch(f"EXPLAIN {sql}", *given)
    nodes = [row[0].strip().removeprefix("->  ").partition("  (")[0] for row in rows if "cost=" in row[0]]
    return " / ".join(nodes)


async def _statements(database: Database, centre: tuple[float, float]) -> list[Figure]:
    """What each question sends to PostgreSQL."""
    found = []
    async with wire.watched(database.app) as (dsn, seen), storing(dsn, size=2):
        for name, ask in asked(await tickets_data.operator(), centre).items():
            for _ in range(2):
                seen.commands.clear()
                await ask()
            found.append(Figure(f"lookup.{name}.statements", seen.statements, "", None, "value <= 5"))
    return found
