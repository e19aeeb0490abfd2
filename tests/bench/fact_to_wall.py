"""`fact_to_wall`: from the answer to an operator who registers a ticket until the region's wall shows it, milliseconds.

On the way: outbox → relay → FEED (fsync) → the region's worker → its database → event stream → the wall reads its board
again, and the ticket stands in it. The floor is one reading of that board in the same run.
"""

import asyncio
import os
import time
from statistics import median, quantiles

import asyncpg
import httpx
from tests.bench import desks
from tests.bench.figure import Figure, note
from tests.bench.handoff_screen import Screen, wall

COUNT = int(os.environ.get("WALL_FACTS", "200"))
COMMAND = "region.command"
PATIENCE_SECONDS = 30
YOUNG_SECONDS, QUIET_LOOKS = 300, 25
WAITING = "SELECT count(*) FROM chassis.outbox WHERE published_at IS NULL AND subject !~ '^sko[.]pulse'"
REST_SECONDS = 0.2
"""Between two tickets: a wall that has just read waits half a second for more news, and one ticket is to be timed."""


async def measure() -> list[Figure]:
    """p50 and p99 of tickets one after the other, of every tenant in turn."""
    people = [desk for desk in await desks.desks() if desk.username.startswith("operator.")]
    tokens = await desks.tokens(people)
    await caught_up()
    took, told, reads = list[float](), list[float](), list[float]()
    async with wall(COMMAND) as shown, httpx.AsyncClient(trust_env=False, timeout=30) as http:
        for number in range(COUNT):
            desk = people[number % len(people)]
            ticket = await registered(http, desk, tokens[desk.username], number)
            heard, seen = await _shown(shown, ticket)
            told.append(heard)
            took.append(seen)
            await asyncio.sleep(REST_SECONDS)
            reads.append(await _read(shown))
    note(f"of it until the stream tells: p50 {median(told):.1f} ms, largest {max(told):.1f} ms")
    return [
        Figure("fact_to_wall.p50", median(took), "ms", median(reads), "value <= 1000", _said(took)),
        Figure("fact_to_wall.p99", _p99(took), "ms", _p99(reads), "value <= 1000", f"{len(took)} tickets"),
    ]


async def caught_up() -> None:
    """A young stack still seals the audit of its demo data and tells the region of it: that is another figure."""
    database = await asyncpg.connect(os.environ["POSTGRES_DSN"])
    try:
        async with asyncio.timeout(YOUNG_SECONDS):
            quiet = 0
            while quiet < QUIET_LOOKS:
                waiting = await database.fetchval(WAITING)
                quiet = 0 if waiting else quiet + 1
                await asyncio.sleep(0.2)
    finally:
        await database.close()


async def registered(http: httpx.AsyncClient, desk: desks.Desk, token: str, number: int) -> str:
    """The id of a ticket that an operator has just registered."""
    url = f"{os.environ['DISPATCH_URL']}/api/v1/t/{desk.slug}/tickets"
    answer = await http.post(url, json=desks.body(desk, number), headers={"authorization": f"Bearer {token}"})
    answer.raise_for_status()
    return str(answer.json()["id"])


async def _shown(shown: Screen, ticket: str) -> tuple[float, float]:
    """Milliseconds from now until the stream told of it, and until the board that was read then holds it."""
    started = time.perf_counter()
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            await shown.changed("")
            heard = time.perf_counter()
            if ticket in await _board(shown):
                return (heard - started) * 1000, (time.perf_counter() - started) * 1000


async def _read(shown: Screen) -> float:
    started = time.perf_counter()
    await _board(shown)
    return (time.perf_counter() - started) * 1000


async def _board(shown: Screen) -> str:
    answer = await shown.http.get(f"{os.environ['REGION_URL']}/rc/wall/part")
    return answer.raise_for_status().text


def _p99(took: list[float]) -> float:
    return quantiles(took, n=100, method="inclusive")[98]


def _said(took: list[float]) -> str:
    return f"{min(took):.0f} … {max(took):.0f}"
