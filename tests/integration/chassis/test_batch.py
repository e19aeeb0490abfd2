"""A batch consumer works many messages in one transaction, and one bad message costs the others nothing."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from tests.beside import beside
from tests.integration.chassis.brokers import Broker
from tests.integration.chassis.consuming import count, durable, note, publish, until, until_counted, waiting

from chassis109.bus import batch
from chassis109.bus.batch import Batches, Place, Refuse, Work
from chassis109.bus.connection import Connections
from chassis109.kernel.errors import Unavailable
from chassis109.kernel.messages import Delivery


class Away(Unavailable):
    """The database is away."""


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "RETRY_SECONDS", 0.05)
    monkeypatch.setattr(batch, "REST_SECONDS", 0.1)


async def _never(_: Delivery, __: str) -> None:
    raise AssertionError


@asynccontextmanager
async def working(
    connections: Connections, tenant: int, name: str, work: Work, refuse: Refuse = _never
) -> AsyncIterator[None]:
    place = Place("REGION", "FEED", name, tenant)
    async with beside(Batches(connections, place, work, refuse).run()):
        yield


async def settled(connections: Connections, name: str) -> None:
    async with asyncio.timeout(15):
        while await waiting(connections, name) != (0, 0):  # noqa: ASYNC110 - the broker tells
            await asyncio.sleep(0.05)


async def test_what_waits_is_worked_in_a_few_transactions_in_the_order_of_the_stream(
    tenant: int, connections: Connections
) -> None:
    batches: list[list[Delivery]] = []

    async def work(deliveries: Sequence[Delivery]) -> None:
        batches.append([*deliveries])
        for delivery in deliveries:
            await note(delivery.payload)

    async with durable(connections) as name:
        for number in range(60):
            await publish(connections, str(number).encode())
        async with working(connections, tenant, name, work):
            await until_counted(tenant, "audit", 60)
            await settled(connections, name)
    together = [delivery for one in batches for delivery in one]
    assert [delivery.payload for delivery in together] == [str(number).encode() for number in range(60)]
    sequences = [delivery.sequence for delivery in together]
    assert sequences == sorted(sequences)
    assert sequences[0] > 0
    assert len(batches) < 20  # whatever had come when the first was begun


async def test_a_batch_that_fails_half_way_leaves_nothing_and_comes_again_whole(
    tenant: int, connections: Connections
) -> None:
    tries: list[int] = []

    async def work(deliveries: Sequence[Delivery]) -> None:
        tries.append(len(deliveries))
        await note(deliveries[0].payload)
        if len(tries) == 1:
            raise Away
        for delivery in deliveries[1:]:
            await note(delivery.payload)

    async with durable(connections) as name:
        for number in range(10):
            await publish(connections, str(number).encode())
        async with working(connections, tenant, name, work):
            await until_counted(tenant, "audit", 10)
            await settled(connections, name)
    assert sum(tries[1:]) == 10
    assert await count(tenant, "audit") == 10


async def test_a_message_that_fails_alone_is_refused_alone_and_the_others_pass(
    tenant: int, connections: Connections
) -> None:
    refused: list[tuple[bytes, str]] = []

    async def work(deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            await note(delivery.payload)
            if delivery.payload == b"poison":
                raise ValueError(delivery.payload)

    async def refuse(delivery: Delivery, error: str) -> None:
        refused.append((delivery.payload, error))

    async with durable(connections) as name:
        for number in range(30):
            await publish(connections, b"poison" if number in (7, 21) else str(number).encode())
        async with working(connections, tenant, name, work, refuse):
            await until(lambda: len(refused) == 2)
            await settled(connections, name)
    assert refused == [(b"poison", "ValueError")] * 2
    assert await count(tenant, "audit") == 28


async def test_while_the_database_is_away_nothing_is_refused(tenant: int, connections: Connections) -> None:
    tries: list[int] = []

    async def work(deliveries: Sequence[Delivery]) -> None:
        tries.append(len(deliveries))
        if len(tries) < batch.TRIES + 3:
            raise Away
        await note(deliveries[0].payload)

    async with durable(connections) as name:
        await publish(connections, b"one")
        async with working(connections, tenant, name, work):
            await until_counted(tenant, "audit", 1)
            await settled(connections, name)
    assert len(tries) >= batch.TRIES + 3


async def test_a_refusal_that_cannot_be_written_brings_the_message_again(
    tenant: int, connections: Connections
) -> None:
    tries: list[str] = []

    async def work(_: Sequence[Delivery]) -> None:
        raise ValueError

    async def refuse(delivery: Delivery, error: str) -> None:
        tries.append(error)
        if len(tries) == 1:
            raise RuntimeError
        await note(delivery.payload)

    async with durable(connections) as name:
        await publish(connections, b"poison")
        async with working(connections, tenant, name, work, refuse):
            await until_counted(tenant, "audit", 1)
            await settled(connections, name)
    assert tries == ["ValueError", "ValueError"]


async def test_a_broker_that_comes_back_is_read_on(broker: Broker, tenant: int, store: None) -> None:
    got: list[bytes] = []

    async def work(deliveries: Sequence[Delivery]) -> None:
        got.extend(delivery.payload for delivery in deliveries)

    broker.users = {"REGION": {"user": "u", "password": "p"}}
    await broker.start()
    await broker.add_stream("FEED", "sko.feed.*.*")
    connections = broker.connections()
    async with durable(connections, "sko.feed.>") as name, working(connections, tenant, name, work):
        await publish(connections, b"one")
        await until(lambda: got == [b"one"])
        await broker.kill()
        await broker.start()
        await until(lambda: connections.connected("REGION"))
        await publish(connections, b"two")
        await until(lambda: got[-1] == b"two")
    await connections.close()
