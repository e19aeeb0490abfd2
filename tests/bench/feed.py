"""`feed`: facts of the tenants on their way into the region's tables: outbox → relay → FEED (fsync) → projection.

Latency: from the answer to an operator who registers a ticket until the region's row of it is committed, tickets of
every tenant in turn; its floor is one bare hop through the broker. Rate: so many facts at once in the outboxes of all
tenants (FEED_FACTS), until the last is in the region's tables; its floor is the broker alone with messages of the same
size, a hundred on their way at a time, fetched and acknowledged.
"""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from functools import partial
from statistics import median, quantiles
from uuid import uuid4

import asyncpg
import httpx
from tests.bench import desks
from tests.bench.fact_to_wall import caught_up, registered
from tests.bench.figure import Figure
from tests.bench.handoff_accepted import hop
from tests.bench.handoff_desk import connected
from tests.bench.region_rebuild import slugs
from tests.integration.region import facts

from chassis109.bus.connection import Connections
from chassis109.kernel.ids import uuid7
from region109 import contract

COUNT, HOPS, AT_ONCE = 200, 200, 100
FACTS = int(os.environ.get("FEED_FACTS", "20000"))
FLOOR = 4_000
PATIENCE_SECONDS = 300.0
LOOK_SECONDS, COUNT_SECONDS = 0.001, 0.05
"""How often the region's table is asked for one row, and how many there are."""
_WAITING = """
INSERT INTO chassis.outbox (tenant_id, subject, key, message_id, payload, recorded_at)
SELECT t.id, subject, key, message_id, payload, now()
FROM unnest($1::text[], $2::text[], $3::text[], $4::uuid[], $5::bytea[]) AS m(slug, subject, key, message_id, payload)
JOIN tenancy.tenant t USING (slug)
"""


async def measure() -> list[Figure]:
    """p50 and p99 of facts one by one, and how many go through in a second when all come at once."""
    region = await asyncpg.connect(os.environ["POSTGRES_DSN"].rpartition("/")[0] + "/region")
    try:
        await caught_up()
        async with connected("bench") as line:
            took = await _one_by_one(region)
            hops = [await hop(line) for _ in range(HOPS)]
            floor = await _broker(line)
            rate = await _all_at_once(region)
    finally:
        await region.close()
    return [
        Figure("feed.p50", median(took), "ms", median(hops), "", f"{min(took):.0f} … {max(took):.0f}"),
        Figure("feed.p99", _p99(took), "ms", _p99(hops), "value <= 1000", f"{len(took)} facts"),
        Figure("feed.rate", rate, "facts/s", floor, "", f"{FACTS} facts at once"),
    ]


async def _one_by_one(region: asyncpg.Connection) -> list[float]:
    """Milliseconds of each fact; the first of each tenant is not counted."""
    people = [desk for desk in await desks.desks() if desk.username.startswith("operator.")]
    tokens, took = await desks.tokens(people), list[float]()
    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        for number in range(len(people) + COUNT):
            desk = people[number % len(people)]
            ticket = await registered(http, desk, tokens[desk.username], number)
            started = time.perf_counter()
            await _until(partial(_known, region, desk.tenant, ticket), LOOK_SECONDS)
            took.append((time.perf_counter() - started) * 1000)
    return took[len(people) :]


async def _all_at_once(region: asyncpg.Connection) -> float:
    """Facts a second from the commit of all of them until the last is there."""
    before = await region.fetchval("SELECT count(*) FROM region.ticket")
    await _into_the_outboxes(os.environ["POSTGRES_DSN"], await slugs(region))
    started = time.perf_counter()
    await _until(partial(_so_many, region, before + FACTS), COUNT_SECONDS)
    return FACTS / (time.perf_counter() - started)


async def _known(region: asyncpg.Connection, territory: int, ticket: str) -> bool:
    sql = "SELECT true FROM region.ticket WHERE territory = $1 AND id = $2::text::uuid"
    return bool(await region.fetchval(sql, territory, ticket))


async def _so_many(region: asyncpg.Connection, count: int) -> bool:
    return bool(await region.fetchval("SELECT count(*) >= $1 FROM region.ticket", count))


async def _until(holds: Callable[[], Awaitable[bool]], every: float) -> None:
    """The region tells nobody when it has committed: it is asked again."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await holds():  # noqa: ASYNC110
            await asyncio.sleep(every)


async def _into_the_outboxes(dsn: str, of: list[tuple[str, str]]) -> None:
    """As the verbs of many tenants write them, committed at one moment."""
    rows = list[tuple[str, str, str, object, bytes]]()
    for number in range(FACTS):
        slug, category = of[number % len(of)]
        one = facts.ticket(slug, 1, reference=f"109-26-{9_000_000 + number}", category=category)
        rows.append((slug, contract.feed(slug, "ticket"), str(one.id), uuid7(), contract.encode(one)))
    connection = await asyncpg.connect(dsn)
    await connection.execute(_WAITING, *map(list, zip(*rows, strict=True)))
    await connection.close()


async def _broker(line: Connections) -> float:
    """Messages a second through one stream and out of it by an account of its own."""
    hub, service = await line.get("HUB"), await line.get("S112")
    inbox = await service.jetstream(prefix="hub.API").pull_subscribe_bind(durable="112-test", stream="DESK")
    payload = contract.encode(facts.ticket())

    async def publish() -> None:
        for _ in range(FLOOR // AT_ONCE):
            await asyncio.gather(*(
                hub.jetstream().publish(f"sko.test.desk.112.bench.{uuid4()}", payload) for _ in range(AT_ONCE)
            ))  # fmt: skip

    async def fetch() -> None:
        left = FLOOR
        while left:
            messages = await inbox.fetch(min(left, AT_ONCE), timeout=PATIENCE_SECONDS)
            await asyncio.gather(*(message.ack() for message in messages))
            left -= len(messages)

    started = time.perf_counter()
    await asyncio.gather(publish(), fetch())
    took = time.perf_counter() - started
    await inbox.unsubscribe()
    return FLOOR / took


def _p99(took: list[float]) -> float:
    return quantiles(took, n=100, method="inclusive")[98]
