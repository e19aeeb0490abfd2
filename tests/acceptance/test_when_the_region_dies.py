"""The region killed, silent or cut off: the tenants' work goes on, and afterwards it knows all of it, once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import asyncpg
import httpx
import pytest_asyncio
from tests.acceptance.api import Api
from tests.acceptance.ledger import CAUGHT_UP, Ledger
from tests.acceptance.parts import Parts
from tests.acceptance.waiting import until

REGION = ("region", "region-live", "region-worker")
TENANTS = {"petropavl": 1, "aiyrtau": 2}
KILLS = 3
SAID_AGAIN = 180.0
"""A young stack first tells its whole demo."""
ALIVE = "SELECT pulse_at > $1 FROM region.heard WHERE territory = 1"


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def whole_again(parts: Parts) -> AsyncIterator[None]:
    """Whatever a test took away is back for the next one."""
    yield
    for name in ("nats", *REGION):
        await parts.start(name)


@pytest_asyncio.fixture(loop_scope="session")
async def ledger(superuser: asyncpg.Connection, region_superuser: asyncpg.Connection) -> Ledger:
    """Even before anything is taken away."""
    compared = Ledger(superuser, region_superuser, TENANTS.values())
    await compared.is_even(SAID_AGAIN)
    return compared


async def tickets_until(api: Api, slug: str, over: asyncio.Event) -> int:
    """Register and accept one ticket after the other; how many."""
    made = 0
    while not over.is_set():
        ticket = await api.ticket(slug)
        await api.move(f"executor.{slug}", slug, ticket, "accept")
        made += 1
        await asyncio.sleep(0.2)
    return made


async def serves(environment: dict[str, str]) -> bool:
    """Whether the region's worker answers."""
    with suppress(httpx.TransportError):
        async with httpx.AsyncClient(timeout=5) as http:
            return (await http.get(f"{environment['REGION_WORKER_URL']}/livez")).is_success
    return False


async def test_with_its_worker_killed_again_and_again_no_fact_is_missing_and_none_counts_twice(
    ledger: Ledger, api: Api, parts: Parts, environment: dict[str, str]
) -> None:
    over = asyncio.Event()
    working = [asyncio.create_task(tickets_until(api, slug, over)) for slug in TENANTS]

    for _ in range(KILLS):
        await asyncio.sleep(1)
        await parts.kill("region-worker")
        await until(lambda: serves(environment), wanted=True, seconds=CAUGHT_UP)
    over.set()
    made = await asyncio.gather(*working)

    assert min(made) > KILLS
    await ledger.is_even()


async def test_without_the_region_the_tenants_work_on_and_it_hears_of_it_afterwards(
    ledger: Ledger, api: Api, parts: Parts
) -> None:
    await asyncio.gather(*(parts.stop(name) for name in REGION))
    tickets = [await api.done(slug) for slug in TENANTS for _ in range(3)]

    await until(ledger.unsent, 0)
    assert await ledger.differences() >= len(tickets)
    await asyncio.gather(*(parts.start(name) for name in REGION))

    await ledger.is_even()


async def test_with_the_broker_killed_facts_and_pulses_come_again_by_themselves(
    ledger: Ledger,
    api: Api,
    parts: Parts,
    superuser: asyncpg.Connection,
    region_superuser: asyncpg.Connection,
) -> None:
    await parts.stop("nats")
    for slug in TENANTS:
        await api.ticket(slug)
    assert await ledger.differences() >= len(TENANTS)
    back = await superuser.fetchval("SELECT clock_timestamp()")

    await parts.start("nats")

    await ledger.is_even()
    await until(lambda: region_superuser.fetchval(ALIVE, back), wanted=True, seconds=CAUGHT_UP)
