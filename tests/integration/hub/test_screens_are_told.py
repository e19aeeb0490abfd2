"""After the commit, and only then, the screens of every desk of the incident and the relay hear of it."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from nats.aio.msg import Msg
from tests.databases import Database
from tests.hub_makers import at_desk, envelope, handed_over, heard

from chassis109.bus import announce, subjects
from chassis109.bus.connection import Connections
from chassis109.bus.live import LiveFeed
from chassis109.kernel.errors import Conflict
from chassis109.store.unit import transaction
from hub112.desks import service as desks


@pytest_asyncio.fixture(loop_scope="session")
async def told(hub: Database) -> AsyncIterator[list[tuple[str, str]]]:
    """What the process says on the hub's account while a test runs: (subject, id)."""
    connections = Connections(os.environ["NATS_URL"], Path(os.environ["NATS_CREDENTIALS"]), "test")
    said: list[tuple[str, str]] = []

    async def note(message: Msg) -> None:
        said.append((message.subject, json.loads(message.data)["id"] if message.data else ""))

    client = await connections.get(subjects.HUB)
    for subject in ("ui.*.handoff", subjects.wake()):
        await client.subscribe(subject, cb=note)
    await client.flush()
    feed = LiveFeed(connections, subjects.HUB)
    await feed.open()
    announce.use_feed(feed)
    yield said
    announce.use_feed(None)
    await feed.close()
    await connections.close()


async def heard_within(told: list[tuple[str, str]], handoff: object, seconds: float = 1.0) -> set[str]:
    """The subjects on which a handoff was named; waits for the last of them."""
    await asyncio.sleep(seconds)
    return {subject for subject, of in told if of == str(handoff)}


async def test_all_desks_of_the_incident_and_the_relay_are_told(told: list[tuple[str, str]]) -> None:
    first = await handed_over(service="101")
    joined = envelope(service="103", incident_id=first.incident_id)
    await heard(joined)
    await asyncio.sleep(0.5)
    told.clear()
    await desks.receipt(first.handoff_id, at_desk("101"))

    assert await heard_within(told, first.handoff_id) == {"ui.101.handoff", "ui.103.handoff"}
    assert ("wake", "") in told


async def test_a_desk_that_joins_is_news_for_those_who_are_there(told: list[tuple[str, str]]) -> None:
    first = await handed_over(service="101")
    joined = envelope(service="104", incident_id=first.incident_id)
    await heard(joined)

    assert await heard_within(told, joined.handoff_id) == {"ui.101.handoff", "ui.104.handoff"}


async def test_nobody_hears_of_what_was_rolled_back(told: list[tuple[str, str]]) -> None:
    first = await handed_over()
    await asyncio.sleep(0.5)
    told.clear()
    with pytest.raises(Conflict):
        async with transaction(103):
            await desks.receipt(first.handoff_id, at_desk())
            raise Conflict

    assert await heard_within(told, first.handoff_id, 0.3) == set()
