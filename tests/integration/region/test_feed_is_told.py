"""After the commit of a batch, and only then, open walls hear of it; a message in an account's own name only."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import nats.js.errors
import pytest
import pytest_asyncio
from nats.aio.msg import Msg
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeout
from nats.js.api import ConsumerConfig
from tests.databases import Database
from tests.integration.chassis.brokers import Broker
from tests.integration.region import facts
from tests.integration.region.facts import feed_of, project
from tests.integration.region.feeding import broker_of, number_of, projecting, say, settled

from chassis109.bus import announce, batch
from chassis109.bus.live import LiveFeed
from chassis109.store import unit
from region109 import contract
from region109.feed import service as feed


@pytest_asyncio.fixture(loop_scope="session")
async def told(region: Database, tmp_path: Path) -> AsyncIterator[list[str]]:
    """What this process says to the screens of the region."""
    said: list[str] = []

    async def note(message: Msg) -> None:
        said.append(message.subject)

    async with broker_of(tmp_path) as connections:
        client = await connections.get("REGION")
        await client.subscribe("ui.*.*", cb=note)
        await client.flush()
        live = LiveFeed(connections, "REGION")
        await live.open()
        announce.use_feed(live)
        yield said
        announce.use_feed(None)
        await live.close()


async def test_the_walls_are_told_of_facts_and_of_pulses_after_the_commit(told: list[str]) -> None:
    await project(feed_of([facts.ticket()]))
    await facts.hear(facts.pulse())
    async with asyncio.timeout(5):
        while len(told) < 2:  # noqa: ASYNC110 - the list tells nobody
            await asyncio.sleep(0.02)
    assert told == ["ui.sko.wall", "ui.sko.pulse"]


async def test_of_a_batch_that_was_undone_nobody_is_told(told: list[str]) -> None:
    with pytest.raises(RuntimeError):
        async with unit.transaction(facts.HOME):
            await feed.project(feed_of([facts.ticket()]))
            raise RuntimeError
    await asyncio.sleep(0.3)
    assert told == []


async def test_a_fact_that_the_database_does_not_take_costs_the_others_of_its_batch_nothing(
    region: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "RETRY_SECONDS", 0.05)
    poison = msgspec.structs.replace(facts.head(5, 1), last_id=2**63)
    before = await number_of("ticket")
    async with broker_of(tmp_path) as connections:
        await say(connections, [facts.ticket() for _ in range(20)])
        client = await connections.get("REGION")
        await client.jetstream().publish("sko.feed.esil.audit", contract.encode(poison))
        await say(connections, [facts.ticket() for _ in range(20)])
        async with projecting(connections):
            await settled(connections)
    assert await number_of("ticket") == before + 40
    async with unit.transaction(facts.HOME):
        rows = await unit.fetch("SELECT seq, territory FROM region.refused WHERE reason = 'unstorable'")
    assert [tuple(row) for row in rows] == [(21, 5)]


async def test_a_tenant_speaks_in_its_own_name_only_at_the_broker_and_at_the_region(
    region: Database, tmp_path: Path
) -> None:
    """The account of esil tries another's subject, another's slug in its own subject, and its own."""
    broker = Broker.as_deployed(tmp_path, "esil", "aqzhar")
    await broker.start()
    connections = broker.connections()
    try:
        home = (await connections.get("REGION")).jetstream()
        for name, subject in {"FEED": "sko.feed.*.*", "PULSE": "sko.pulse.*"}.items():
            await home.add_stream(name=name, subjects=[subject])
            await home.add_consumer(name, ConsumerConfig(durable_name="region"))
        esil = await connections.get("T_ESIL")
        as_aqzhar = contract.encode(facts.ticket("aqzhar"))
        with pytest.raises((NoRespondersError, NatsTimeout, nats.js.errors.NoStreamResponseError)):
            await esil.jetstream().publish("sko.feed.aqzhar.ticket", as_aqzhar, timeout=1)
        before = await number_of("ticket")
        async with projecting(connections):
            await esil.jetstream().publish("sko.feed.esil.ticket", as_aqzhar)
            await esil.jetstream().publish("sko.feed.esil.ticket", contract.encode(facts.ticket("esil")))
            await settled(connections)
        assert await number_of("ticket") == before + 1
        async with unit.transaction(facts.HOME):
            rows = await unit.fetch(
                "SELECT subject, reason, territory FROM region.refused WHERE reason = 'sender'"
            )
        assert [tuple(row) for row in rows] == [("sko.feed.esil.ticket", "sender", 5)]
    finally:
        await connections.close()
        await broker.kill()
