"""Live events: over NATS to every browser of the tenant and of no other, and again after a reconnect."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio

from chassis109.bus import live
from chassis109.bus.connection import Connections
from chassis109.bus.live import BACKLOG, LiveFeed, Position, Subscription


@pytest_asyncio.fixture(loop_scope="session")
async def feed(connections: Connections) -> AsyncIterator[LiveFeed]:
    opened = LiveFeed(connections)
    await opened.open()
    async with asyncio.timeout(5):
        while not opened.connected:  # noqa: ASYNC110 - the broker tells
            await asyncio.sleep(0.02)
    yield opened
    await opened.close()


@pytest.fixture
def slug() -> str:
    return f"test-{uuid4().hex[:8]}"


async def _kinds(subscription: Subscription, count: int) -> list[str]:
    found = [await subscription.next(3) for _ in range(count)]
    return [event.kind for seq_event in found if seq_event is not None for event in seq_event[1:]]


async def _ready(subscription: Subscription) -> None:
    """The first browser of a tenant is told to fetch once its process listens."""
    assert await _kinds(subscription, 1) == ["resync"]


async def test_every_browser_of_the_tenant_hears_it_and_no_other(feed: LiveFeed, slug: str) -> None:
    async with (
        feed.subscribe(slug) as one,
        feed.subscribe(slug) as two,
        feed.subscribe(slug + "x") as foreign,
    ):
        for subscription in (one, two, foreign):
            await _ready(subscription)
        await feed.publish(slug, "ticket", "t-1", 7)
        for subscription in (one, two):
            found = await subscription.next(3)
            assert found is not None
            assert (found[1].kind, found[1].id, found[1].version) == ("ticket", "t-1", 7)
        assert await foreign.next(0.3) is None


async def test_a_browser_that_comes_back_gets_what_it_missed(feed: LiveFeed, slug: str) -> None:
    async with feed.subscribe(slug) as subscription:
        await _ready(subscription)
        await feed.publish(slug, "ticket", "t-1", 1)
        found = await subscription.next(3)
    assert found is not None
    async with feed.subscribe(slug) as other:
        await feed.publish(slug, "ticket", "t-2", 1)
        await feed.publish(slug, "note", "n-1", 1)
        await _kinds(other, 2)
    async with feed.subscribe(slug, Position(feed.epoch, found[0])) as back:
        assert await _kinds(back, 2) == ["ticket", "note"]


async def test_a_browser_of_another_process_or_of_long_ago_fetches_everything(
    feed: LiveFeed, slug: str
) -> None:
    async with feed.subscribe(slug) as subscription:
        await _ready(subscription)
    async with feed.subscribe(slug, Position("00000000", 3)) as stranger:
        assert await _kinds(stranger, 1) == ["resync"]
    channel = feed._channels[slug]
    for n in range(live.HISTORY + 1):
        channel.spread(live.UiEvent("ticket", str(n), 1))
    async with feed.subscribe(slug, Position(feed.epoch, 1)) as late:
        assert await _kinds(late, 1) == ["resync"]


async def test_a_browser_that_reads_too_slowly_fetches_everything(feed: LiveFeed, slug: str) -> None:
    async with feed.subscribe(slug) as slow:
        await _ready(slow)
        for n in range(BACKLOG + 1):
            feed._channels[slug].spread(live.UiEvent("ticket", str(n), 1))
        assert await _kinds(slow, 1) == ["resync"]
        assert await slow.next(0.1) is None


async def test_publishing_while_nats_is_away_neither_fails_nor_waits() -> None:
    away = LiveFeed(Connections("nats://127.0.0.1:1", Path("/nowhere"), "test"))
    await asyncio.wait_for(away.publish("esil", "ticket", "t-1", 1), 0.2)
