"""A consumer of the stream FEED for one test, and what it needs to be spoken to."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from nats.js.api import ConsumerConfig, DeliverPolicy
from tests.beside import beside

from chassis109.bus.connection import Connections
from chassis109.bus.consumer import Answer, Consumer, Handler, Source
from chassis109.kernel.ids import uuid7
from chassis109.store import unit

OURS = f"sko.feed.test-{os.getpid()}"  # nobody else speaks of it, whatever else runs on this stack
SUBJECT = f"{OURS}.probe"


@asynccontextmanager
async def durable(connections: Connections, subject: str = SUBJECT) -> AsyncIterator[str]:
    """A durable of the test's own, from now on; whoever does not acknowledge gets the message again in a second."""
    jetstream = (await connections.get("REGION")).jetstream()
    name = f"test-{uuid7().hex}"
    config = ConsumerConfig(
        durable_name=name, deliver_policy=DeliverPolicy.NEW, filter_subject=subject, ack_wait=1
    )
    await jetstream.add_consumer("FEED", config)
    try:
        yield name
    finally:
        await jetstream.delete_consumer("FEED", name)


@asynccontextmanager
async def running(consumer: Consumer) -> AsyncIterator[None]:
    async with beside(consumer.run()):
        yield


@asynccontextmanager
async def consuming(
    connections: Connections,
    tenant: int,
    handlers: Mapping[str, Handler],
    subject: str = SUBJECT,
    answer: Answer | None = None,
) -> AsyncIterator[str]:
    """A consumer at work; the name of its durable."""
    async with durable(connections, subject) as name:
        source = Source("REGION", "FEED", name, lambda _: tenant)
        async with running(Consumer(connections, source, handlers, answer)):
            yield name


async def publish(
    connections: Connections, payload: bytes, subject: str = SUBJECT, message_id: str | None = None
) -> None:
    client = await connections.get("REGION")
    headers = {"Nats-Msg-Id": message_id or str(uuid7())}
    await client.jetstream().publish(subject, payload, headers=headers)


async def count(tenant: int, table: str) -> int:
    async with unit.transaction(tenant):
        return int(await unit.fetchval(f"SELECT count(*) FROM chassis.{table}"))


async def note(said: bytes) -> None:
    """An effect in the running unit that can be counted: a row of the audit."""
    await unit.execute(
        "INSERT INTO chassis.audit (tenant_id, at, actor_kind, action, object_kind, object_id)"
        " VALUES (app.tenant(), now(), 'system', 'applied', 'probe', $1)",
        said.decode(),
    )


async def until(condition: Callable[[], object], seconds: float = 15) -> None:
    """Wait until `condition()` holds."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - lists and counters tell nobody
            await asyncio.sleep(0.02)


async def until_counted(tenant: int, table: str, rows: int, seconds: float = 15) -> None:
    """Wait until a table of the tenant holds so many rows."""
    async with asyncio.timeout(seconds):
        while await count(tenant, table) < rows:  # noqa: ASYNC110 - the database tells nobody
            await asyncio.sleep(0.05)


async def waiting(connections: Connections, name: str) -> tuple[int, int]:
    """How many messages the durable has not delivered, and how many were delivered and not acknowledged."""
    info = await (await connections.get("REGION")).jetstream().consumer_info("FEED", name)
    return info.num_pending or 0, info.num_ack_pending or 0
