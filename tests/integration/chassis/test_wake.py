"""A commit that is in a hurry leaves at once: the relay is woken, in its own process and from another one."""

import asyncio
import os
import statistics
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.integration.chassis.brokers import Broker
from tests.integration.chassis.relaying import ACCOUNT, outgoing, relaying, until_empty

from chassis109.bus import announce, relay, subjects
from chassis109.bus.connection import Connections
from chassis109.bus.live import LiveFeed
from chassis109.store import journal, unit
from chassis109.store.outbox import Outbox

SAMPLES = 60


@pytest.fixture
def seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    """A relay that looks by itself once in half a minute: whatever leaves sooner was woken for."""
    monkeypatch.setattr(relay, "POLL_SECONDS", 30)


@asynccontextmanager
async def _web_process(connections: Connections) -> AsyncIterator[None]:
    """This process has a feed and no relay, as the one that serves pages."""
    feed = LiveFeed(connections)
    await feed.open()
    await _until(lambda: feed.connected)
    announce.use_feed(feed)
    try:
        yield
    finally:
        announce.use_feed(None)
        await feed.close()


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - a client tells nobody
            await asyncio.sleep(0.02)


async def _hurry(tenant: int, key: str = "ticket-1") -> None:
    async with unit.transaction(tenant):
        await journal.write(None, "system", [], [outgoing(key, b"now")])
        unit.after_commit(announce.wake)


async def test_a_verb_of_this_process_wakes_its_relay(
    tenant: int, outbox: Outbox, connections: Connections, seldom: None
) -> None:
    async with relaying(outbox, connections, tenant) as here:
        await asyncio.sleep(0.3)
        announce.use_relay(here.wake)
        try:
            await _hurry(tenant)
        finally:
            announce.use_relay(None)
        await until_empty(tenant, 3)


async def test_a_verb_of_another_process_wakes_the_relay(
    tenant: int, outbox: Outbox, connections: Connections, seldom: None
) -> None:
    elsewhere = Connections(os.environ["NATS_URL"], Path(os.environ["NATS_CREDENTIALS"]), "test-web")
    async with _web_process(elsewhere), relaying(outbox, connections, tenant, listens=subjects.NODE):
        await asyncio.sleep(0.5)
        await _hurry(tenant)
        await until_empty(tenant, 3)
    await elsewhere.close()


async def test_what_rolled_back_wakes_nobody(tenant: int) -> None:
    woken: list[bool] = []
    announce.use_relay(lambda: woken.append(True))
    try:
        with pytest.raises(ZeroDivisionError):
            async with unit.transaction(tenant):
                unit.after_commit(announce.wake)
                raise ZeroDivisionError
    finally:
        announce.use_relay(None)
    assert woken == []


async def test_without_feed_and_relay_waking_does_nothing() -> None:
    announce.wake()


async def test_no_message_waits_for_the_next_poll_because_its_tenant_was_just_being_served(
    tenant: int, outbox: Outbox, connections: Connections, seldom: None
) -> None:
    """Commits fall into every moment of a running round; one that is missed would wait half a minute."""
    async with relaying(outbox, connections, tenant) as here:
        await asyncio.sleep(0.3)
        announce.use_relay(here.wake)

        async def desk(number: int) -> None:
            for n in range(15):
                await _hurry(tenant, f"ticket-{number}-{n}")
                await asyncio.sleep(0.0007 * ((number * n) % 11))

        try:
            await asyncio.gather(*(desk(number) for number in range(6)))
            await until_empty(tenant, 5)
        finally:
            announce.use_relay(None)


async def test_the_relay_hears_again_after_the_broker_was_restarted(
    tenant: int, outbox: Outbox, broker: Broker, seldom: None
) -> None:
    await broker.start()
    await broker.add_stream("FEED", "sko.feed.*.*")
    mine, elsewhere = broker.connections(), broker.connections()
    async with _web_process(elsewhere), relaying(outbox, mine, tenant, listens=subjects.NODE):
        await asyncio.sleep(0.5)
        for _ in range(2):
            await broker.kill()
            await broker.start()
            await _until(lambda: mine.connected(subjects.NODE) and elsewhere.connected(subjects.NODE))
            await asyncio.sleep(0.2)
            await _hurry(tenant)
            await until_empty(tenant, 3)
            await _until(lambda: mine.connected(ACCOUNT))
    await mine.close()
    await elsewhere.close()


async def test_from_commit_to_acknowledgement_a_woken_relay_needs_milliseconds(
    tenant: int, outbox: Outbox, connections: Connections, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = Connections(os.environ["NATS_URL"], Path(os.environ["NATS_CREDENTIALS"]), "test-web")
    async with _web_process(elsewhere), relaying(outbox, connections, tenant, listens=subjects.NODE):
        await asyncio.sleep(0.5)
        polled = await _latencies(tenant, lambda: None)
        woken = await _latencies(tenant, announce.wake)
    await elsewhere.close()
    with capsys.disabled():
        for name, found in (("polled", polled), ("woken", woken)):
            print(f"\ncommit to PubAck, {name}: p50 {found[49]:.1f} ms, p99 {found[98]:.1f} ms", end="")  # noqa: T201
    assert woken[49] < 50
    assert woken[49] < polled[49]


async def _latencies(tenant: int, wake: Callable[[], None]) -> list[float]:
    """Milliseconds from a commit to the stream's acknowledgement, as 99 percentiles."""
    committed = {}
    for n in range(SAMPLES):
        message = outgoing(f"ticket-{n}", b"now")
        async with unit.transaction(tenant):
            await journal.write(None, "system", [], [message])
        committed[message.message_id] = datetime.now(UTC)
        wake()
        await asyncio.sleep(0.02 + 0.0031 * (n % 40))  # falls into every moment between two polls
    await until_empty(tenant)
    async with unit.transaction(tenant):
        rows = await unit.fetch("SELECT message_id, published_at FROM chassis.outbox")
    taken = [
        (row["published_at"] - committed[row["message_id"]]).total_seconds() * 1000
        for row in rows
        if row["message_id"] in committed
    ]
    return statistics.quantiles(taken, n=100, method="inclusive")
