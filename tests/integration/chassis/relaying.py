"""A relay at work on an outbox, and what it sent."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from nats.aio.msg import Msg
from nats.js.api import ConsumerConfig, DeliverPolicy
from nats.js.client import JetStreamContext
from tests.beside import beside

from chassis109.bus.connection import Connections
from chassis109.bus.relay import Relay
from chassis109.kernel.ids import uuid7
from chassis109.store import journal, unit
from chassis109.store.outbox import Outbox

SUBJECT = (
    f"sko.feed.petropavl.test-{os.getpid()}"  # nobody else speaks of it, whatever else runs on this stack
)
ACCOUNT = "T_PETROPAVL"


async def write(tenant: int, *messages: journal.OutboxMessage) -> None:
    async with unit.transaction(tenant):
        await journal.write(None, "system", [], messages)


def outgoing(key: str, payload: bytes, subject: str = SUBJECT) -> journal.OutboxMessage:
    return journal.OutboxMessage(subject, key, payload)


async def unpublished(tenant: int) -> int:
    async with unit.transaction(tenant):
        return int(await unit.fetchval("SELECT count(*) FROM chassis.outbox WHERE published_at IS NULL"))


async def until_empty(tenant: int, seconds: float = 20) -> None:
    await until_left(tenant, 0, seconds)


async def until_left(tenant: int, left: int, seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while await unpublished(tenant) > left:  # noqa: ASYNC110 - the database tells, no event does
            await asyncio.sleep(0.02)


@asynccontextmanager
async def relaying(
    outbox: Outbox, connections: Connections, *tenants: int, listens: str | None = None
) -> AsyncIterator[Relay]:
    """A relay for these tenants; `listens`: the account on which it hears that it is to wake."""
    relay = Relay(outbox, connections, lambda number: ACCOUNT if number in tenants else None)
    listening = [] if listens is None else [relay.listen(listens)]
    async with beside(relay.run(), *listening):
        yield relay


@asynccontextmanager
async def reading(connections: Connections) -> AsyncIterator[JetStreamContext.PullSubscription]:
    """What arrives in FEED from now on."""
    jetstream = (await connections.get("REGION")).jetstream()
    name = f"test-{uuid7().hex}"
    config = ConsumerConfig(durable_name=name, deliver_policy=DeliverPolicy.NEW, filter_subject=SUBJECT)
    await jetstream.add_consumer("FEED", config)
    subscription = await jetstream.pull_subscribe_bind(durable=name, stream="FEED")
    try:
        yield subscription
    finally:
        await subscription.unsubscribe()
        await jetstream.delete_consumer("FEED", name)


async def arrived(
    subscription: JetStreamContext.PullSubscription, ids: set[str], seconds: float = 1
) -> list[Msg]:
    """The messages with these ids, in order of arrival, until so many seconds (after one: 1) pass without any."""
    found = []
    with suppress(TimeoutError):
        while True:
            for message in await subscription.fetch(200, timeout=seconds):
                await message.ack()
                if (message.headers or {}).get("Nats-Msg-Id") in ids:
                    found.append(message)
                    seconds = 1
    return found
