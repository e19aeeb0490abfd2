"""A consumer applies each message once, survives failures, and puts poison aside in sight."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from nats.js.api import ConsumerConfig, DeliverPolicy

from chassis109.bus import consumer
from chassis109.bus.connection import Connections
from chassis109.bus.consumer import Consumer, Delivery, Handler, Source
from chassis109.kernel.ids import uuid7
from chassis109.store import inbox, unit

SUBJECT = "sko.feed.petropavl.probe"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumer, "RETRY_SECONDS", 0.05)
    monkeypatch.setattr(consumer, "REST_SECONDS", 0.1)


@asynccontextmanager
async def _consuming(
    connections: Connections, tenant: int, handlers: dict[str, Handler]
) -> AsyncIterator[str]:
    jetstream = (await connections.get("REGION")).jetstream()
    durable = f"test-{uuid7().hex}"
    config = ConsumerConfig(durable_name=durable, deliver_policy=DeliverPolicy.NEW, filter_subject=SUBJECT)
    await jetstream.add_consumer("FEED", config)
    source = Source("REGION", "FEED", durable, lambda _: tenant)
    task = asyncio.create_task(Consumer(connections, source, handlers).run())
    try:
        yield durable
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await jetstream.delete_consumer("FEED", durable)


async def _publish(connections: Connections, payload: bytes, message_id: str | None = None) -> None:
    client = await connections.get("T_PETROPAVL")
    headers = {"Nats-Msg-Id": message_id or str(uuid7())}
    await client.jetstream().publish(SUBJECT, payload, headers=headers)


async def _count(tenant: int, table: str) -> int:
    async with unit.transaction(tenant):
        return int(await unit.fetchval(f"SELECT count(*) FROM chassis.{table}"))


async def test_a_message_and_its_effect_are_one_transaction_and_happen_once(
    tenant: int, connections: Connections
) -> None:
    worked = asyncio.Event()
    tries = 0

    async def handler(delivery: Delivery) -> None:
        nonlocal tries
        tries += 1
        await unit.execute(
            "INSERT INTO chassis.audit (tenant_id, at, actor_kind, action, object_kind, object_id)"
            " VALUES (app.tenant(), now(), 'system', 'applied', 'probe', $1)",
            delivery.payload.decode(),
        )
        if tries == 1:
            raise RuntimeError("after the effect, before the commit")
        worked.set()

    async with _consuming(connections, tenant, {"sko.feed.*.probe": handler}):
        await _publish(connections, b"one")
        await asyncio.wait_for(worked.wait(), 10)
        await asyncio.sleep(0.3)
    assert tries == 2
    assert await _count(tenant, "audit") == 1
    assert await _count(tenant, "inbox") == 1


async def test_a_second_delivery_does_nothing(tenant: int, store: None) -> None:
    message = uuid7()
    async with unit.transaction(tenant):
        assert await inbox.once("probe", message)
    async with unit.transaction(tenant):
        assert not await inbox.once("probe", message)
        assert await inbox.once("another source", message)


async def test_poison_is_quarantined_after_five_tries_and_later_messages_pass(
    tenant: int, connections: Connections
) -> None:
    passed = asyncio.Event()

    async def handler(delivery: Delivery) -> None:
        if delivery.payload == b"poison":
            raise ValueError("'+77011234567'")
        passed.set()

    async with _consuming(connections, tenant, {"sko.feed.>": handler}) as durable:
        await _publish(connections, b"poison")
        await _publish(connections, b"fine")
        await asyncio.wait_for(passed.wait(), 10)
        async with asyncio.timeout(10):
            while not await _count(tenant, "quarantine"):  # noqa: ASYNC110 - the database tells
                await asyncio.sleep(0.05)
        await asyncio.sleep(0.3)
        info = await (await connections.get("REGION")).jetstream().consumer_info("FEED", durable)
    async with unit.transaction(tenant):
        (row,) = await unit.fetch("SELECT subject, payload, error, attempts FROM chassis.quarantine")
    assert (row["subject"], row["payload"], row["error"], row["attempts"]) == (
        SUBJECT,
        b"poison",
        "ValueError",
        5,
    )
    assert info.num_ack_pending == 0


async def test_a_message_nobody_works_is_put_aside_too(tenant: int, connections: Connections) -> None:
    async with _consuming(connections, tenant, {"sko.mandate.*": _never}):
        await _publish(connections, b"?")
        async with asyncio.timeout(10):
            while not await _count(tenant, "quarantine"):  # noqa: ASYNC110 - the database tells
                await asyncio.sleep(0.05)
    async with unit.transaction(tenant):
        assert await unit.fetchval("SELECT error FROM chassis.quarantine") == "NoHandler"


async def test_an_outage_of_the_database_is_no_poison(tenant: int, connections: Connections) -> None:
    worked = asyncio.Event()
    outage = 8

    async def handler(_: Delivery) -> None:
        nonlocal outage
        if outage:
            outage -= 1
            raise unit.DatabaseUnavailable
        worked.set()

    async with _consuming(connections, tenant, {"sko.feed.>": handler}):
        await _publish(connections, b"one")
        await asyncio.wait_for(worked.wait(), 20)
    assert await _count(tenant, "quarantine") == 0


async def _never(_: Delivery) -> None:
    raise AssertionError
