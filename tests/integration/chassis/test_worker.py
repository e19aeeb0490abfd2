"""What every worker does: follows who is there, sweeps each tenant on its own, forgets what left long ago."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from nats.js.api import ConsumerConfig
from nats.js.client import JetStreamContext
from tests.databases import ROOT, Databases, storing
from tests.integration.chassis.brokers import Broker
from tests.integration.chassis.conftest import as_owner
from tests.integration.chassis.consuming import durable, publish, running, until, waiting
from tests.integration.chassis.killed_reader import RETURNS
from tests.integration.chassis.relaying import outgoing, write

from chassis109.bus import consumers, worker
from chassis109.bus.connection import Connections
from chassis109.bus.consumer import Consumer, Source
from chassis109.bus.consumers import Consumers
from chassis109.kernel import clock
from chassis109.kernel.messages import Delivery
from chassis109.store import journal, outbox, sealer, unit
from chassis109.store.outbox import ANCHOR_KEY, Outbox


async def test_a_source_that_appears_is_consumed_and_one_that_goes_is_left(
    tenant: int, connections: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "LOOK_SECONDS", 0.05)
    heard: list[bytes] = []
    there: list[Source] = []

    async def handler(delivery: Delivery) -> None:
        heard.append(delivery.payload)

    def sources() -> Iterator[Source]:
        yield from there

    async with durable(connections) as name:
        follows = asyncio.create_task(Consumers(connections, sources, {"sko.feed.>": handler}).run())
        await publish(connections, b"before")
        await asyncio.sleep(0.2)
        assert heard == []
        there.append(Source("REGION", "FEED", name, lambda _: tenant))
        await until(lambda: heard == [b"before"])
        while await waiting(connections, name) != (0, 0):  # noqa: ASYNC110 - the broker tells nobody
            await asyncio.sleep(0.02)
        there.clear()
        await asyncio.sleep(0.3)
        await publish(connections, b"after")
        await asyncio.sleep(0.5)
        assert heard == [b"before"]
        assert await waiting(connections, name) == (1, 0)
        follows.cancel()
        await asyncio.gather(follows, return_exceptions=True)


async def test_one_tenant_that_cannot_be_swept_keeps_no_other_from_it(tenant: int, outbox: Outbox) -> None:
    await write(tenant, outgoing("ticket-1", b"x"), outgoing("ticket-2", b"x"))
    swept: list[int] = []

    async def sweep(number: int) -> None:
        if not swept:
            swept.append(0)
            raise RuntimeError
        swept.append(number)

    two = f"SELECT tenant_id FROM chassis.outbox WHERE tenant_id = {tenant}"
    await worker.sweeping(outbox, two, sweep)()
    assert swept == [0, tenant]


async def test_a_task_that_fails_is_tried_again() -> None:
    tries: list[int] = []

    async def task() -> None:
        tries.append(len(tries))
        raise RuntimeError

    repeated = asyncio.create_task(worker.every(0.01, task))
    await until(lambda: len(tries) > 3)
    repeated.cancel()
    await asyncio.gather(repeated, return_exceptions=True)


async def test_a_stopped_worker_waits_until_its_tasks_have_let_go() -> None:
    let_go: list[bool] = []

    async def task() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.05)
            let_go.append(True)

    loop = asyncio.get_running_loop()
    loop.call_later(0.1, os.kill, os.getpid(), signal.SIGTERM)
    try:
        await asyncio.wait_for(worker.work(task(), task()), 10)
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
        signal.signal(signal.SIGINT, signal.default_int_handler)
    assert let_go == [True, True]


async def test_what_left_a_day_ago_is_forgotten_and_what_waits_or_proves_is_kept(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "BATCH", 2)
    database = await databases.clone("migrated")
    relay = await Outbox.open(database.relay)
    day = timedelta(days=1)
    async with storing(database.app):
        for age, published in ((2 * day, True), (day / 2, True), (2 * day, False)):
            said = [outgoing(f"{age.days} {published} {n}", b"x") for n in range(5)]
            with clock.frozen(clock.now() - age):
                await write(1, *said, journal.OutboxMessage("sko.feed.a.audit", ANCHOR_KEY, b"{}"))
            if published:
                await relay.fetch(
                    "UPDATE chassis.outbox SET published_at = recorded_at WHERE published_at IS NULL"
                )
        assert await relay.forget(clock.now() - day) == 5
        async with unit.transaction(1):
            rows = await unit.fetch("SELECT key FROM chassis.outbox ORDER BY id")
    kept = [row["key"] for row in rows]
    assert kept == [
        ANCHOR_KEY,
        *(f"0 True {n}" for n in range(5)),
        ANCHOR_KEY,
        *(f"2 False {n}" for n in range(5)),
        ANCHOR_KEY,
    ]
    await relay.close()


async def test_a_chain_whose_heads_go_nowhere_is_sealed_all_the_same(tenant: int, outbox: Outbox) -> None:
    async with unit.transaction(tenant):
        await journal.write(None, "system", [journal.AuditEntry("did", "probe", "1")])
    seals = sealer.Sealer(outbox, lambda: {tenant: None})
    owner = await as_owner(tenant)
    async with asyncio.timeout(20):
        while not await owner.fetchval(
            "SELECT count(*) FROM chassis.audit_seal WHERE tenant_id = $1", tenant
        ):
            await seals.round()
            await asyncio.sleep(0.05)
    assert await outbox.fetch("SELECT 1 FROM chassis.outbox WHERE tenant_id = $1", tenant) == []
    await owner.close()


@asynccontextmanager
async def _returning(folder: Path) -> AsyncIterator[tuple[Broker, Connections, JetStreamContext]]:
    """The deployed borders with the stream RETURN: the broker, connections to it, and the hub's side."""
    broker = Broker.as_deployed(folder, "petropavl")
    await broker.start()
    mine = broker.connections()
    try:
        hub = (await mine.get("HUB")).jetstream()
        await hub.add_stream(name="RETURN", subjects=["sko.*.return.*.*.*"])
        own = ConsumerConfig(
            durable_name="petropavl-live", filter_subject="sko.live.return.petropavl.*.*", ack_wait=5
        )
        await hub.add_consumer("RETURN", own)
        yield broker, mine, hub
    finally:
        await mine.close()
        await broker.kill()


async def test_a_message_is_heard_as_soon_as_a_broker_that_was_killed_is_back(
    tenant: int, tmp_path: Path
) -> None:
    """The broker has forgotten who was waiting; whoever waits on would wait in vain for seconds."""
    heard: list[bytes] = []

    async def handler(delivery: Delivery) -> None:
        heard.append(delivery.payload)

    async with _returning(tmp_path) as (broker, mine, hub):
        source = replace(RETURNS, tenant_of=lambda _: tenant)
        async with running(Consumer(mine, source, {"sko.*.return.*.*.*": handler})):
            await until(lambda: mine.connected("T_PETROPAVL"))
            await asyncio.sleep(0.5)
            await broker.kill()
            await broker.start()
            await until(lambda: mine.connected("T_PETROPAVL") and mine.connected("HUB"))
            await hub.publish("sko.live.return.petropavl.103.x", b"here")
            await until(lambda: heard, 1.5)


async def test_a_tenant_hears_its_returns_over_the_border_at_once_also_behind_a_reader_that_was_killed(
    tenant: int, tmp_path: Path
) -> None:
    """What waits at the broker for a dead reader must not swallow the next message, and acks must arrive."""
    heard: list[float] = []

    async def handler(delivery: Delivery) -> None:
        heard.append((clock.now() - delivery.at).total_seconds())

    async with _returning(tmp_path) as (broker, mine, hub):
        command = (
            sys.executable,
            "-m",
            "tests.integration.chassis.killed_reader",
            broker.url,
            broker.credentials,
        )
        killed = await asyncio.create_subprocess_exec(*command, cwd=ROOT)
        async with asyncio.timeout(20):
            while not (await hub.consumer_info("RETURN", "petropavl-live")).num_waiting:  # noqa: ASYNC110 - broker tells
                await asyncio.sleep(0.1)
        killed.kill()
        await killed.wait()
        source = replace(RETURNS, tenant_of=lambda _: tenant)
        async with running(Consumer(mine, source, {"sko.*.return.*.*.*": handler})):
            for n in range(3):
                await hub.publish("sko.live.return.petropavl.103.x", b"%d" % n)
                await until(lambda n=n: len(heard) == n + 1)
            await asyncio.sleep(0.3)
        info = await hub.consumer_info("RETURN", "petropavl-live")
        assert (info.num_pending, info.num_ack_pending) == (0, 0)
        assert max(heard) < 1
