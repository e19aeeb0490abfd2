"""What goes to the emergency services waits neither behind facts for the region nor for a region that hangs."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from nats.aio.msg import Msg
from tests.databases import Databases, storing
from tests.integration.chassis.brokers import Broker
from tests.integration.chassis.relaying import ACCOUNT, outgoing, relaying, unpublished, until_left, write

from chassis109.store import unit
from chassis109.store.outbox import Outbox

HANDOFF = "sko.live.handoff.103.petropavl.x"
TENANTS = range(1, 9)


@asynccontextmanager
async def _outbox_of_its_own(databases: Databases) -> AsyncIterator[Outbox]:
    database = await databases.clone("migrated")
    outbox = await Outbox.open(database.relay)
    async with storing(database.app):
        yield outbox
    await outbox.close()


async def _left(tenant: int, seconds: float) -> float:
    """Seconds until the handoff of the tenant has left."""
    began = time.monotonic()
    async with asyncio.timeout(seconds):
        while True:
            async with unit.transaction(tenant):
                sql = "SELECT published_at FROM chassis.outbox WHERE subject = $1"
                if await unit.fetchval(sql, HANDOFF) is not None:
                    return time.monotonic() - began
            await asyncio.sleep(0.01)


async def test_a_region_that_does_not_answer_holds_up_no_emergency_and_no_clock(
    databases: Databases, broker: Broker
) -> None:
    await broker.start()
    await broker.add_stream("HANDOFF", "sko.*.handoff.*.*.*")
    mine = broker.connections()

    async def silent(_: Msg) -> None:
        """Somebody is there, so the broker does not refuse; nobody acknowledges."""

    await (await mine.get(ACCOUNT)).subscribe("sko.feed.>", cb=silent)
    async with _outbox_of_its_own(databases) as outbox:
        for tenant in TENANTS:
            await write(tenant, outgoing("ticket-1", b"fact"))
        async with relaying(outbox, mine, *TENANTS):
            await asyncio.sleep(1)  # every lane of facts hangs in its first claim now
            for tenant in TENANTS:
                await write(tenant, outgoing("handoff-1", b"now", HANDOFF))
            for tenant in TENANTS:
                assert await _left(tenant, 3) < 2
            began = time.monotonic()
            await outbox.fetch("SELECT 1")
            assert time.monotonic() - began < 0.5
            assert [await unpublished(tenant) for tenant in TENANTS] == [1] * len(TENANTS)
    await mine.close()


async def test_an_emergency_overtakes_a_backlog_of_facts(databases: Databases, broker: Broker) -> None:
    await broker.start()
    await broker.add_stream("FEED", "sko.feed.*.*")
    await broker.add_stream("HANDOFF", "sko.*.handoff.*.*.*")
    mine = broker.connections()
    async with _outbox_of_its_own(databases) as outbox:
        await write(1, *(outgoing(f"ticket-{n}", b"fact") for n in range(3000)))
        await write(1, outgoing("handoff-1", b"now", HANDOFF))
        async with relaying(outbox, mine, 1):
            needed = await _left(1, 5)
            behind = await unpublished(1)
            await until_left(1, 0, 60)
    assert behind > 1000, f"{behind} facts were still there after {needed:.2f} s"
    await mine.close()
