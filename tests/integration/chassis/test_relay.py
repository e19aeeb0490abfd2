"""The relay: what a verb wrote reaches the stream once, in order per key, and waits while NATS is away."""

import asyncio
import os
import sys
from uuid import UUID

import asyncpg
import pytest
from tests.databases import ROOT, Databases, storing
from tests.integration.chassis.brokers import Broker
from tests.integration.chassis.relaying import (
    ACCOUNT,
    SUBJECT,
    arrived,
    outgoing,
    reading,
    relaying,
    unpublished,
    until_empty,
    until_left,
    write,
)

from chassis109.bus import relay
from chassis109.bus.connection import Connections
from chassis109.observe import tracing
from chassis109.store import unit
from chassis109.store.outbox import Outbox

KILLED = "tests.integration.chassis.killed_relay"

_NEVER_MARKED = """
CREATE FUNCTION never_marked() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_sleep(600); RETURN NEW; END $$;
CREATE TRIGGER never_marked BEFORE UPDATE ON chassis.outbox FOR EACH ROW EXECUTE FUNCTION never_marked();
"""
_ITS_SESSION_ENDS = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND usename = 'dispatch_relay'
"""


async def test_messages_of_one_key_arrive_in_the_order_they_were_written(
    tenant: int, outbox: Outbox, connections: Connections
) -> None:
    written = [outgoing(f"ticket-{n % 7}", str(n).encode()) for n in range(140)]
    async with reading(connections) as feed:
        for message in written:
            await write(tenant, message)
        async with relaying(outbox, connections, tenant):
            await until_empty(tenant)
        got = await arrived(feed, {str(m.message_id) for m in written})
    assert len(got) == 140
    for key in range(7):
        numbers = [int(m.data) for m in got if int(m.data) % 7 == key]
        assert numbers == sorted(numbers)


async def test_what_the_stream_has_acknowledged_is_told_once_it_is_marked(
    tenant: int, outbox: Outbox, connections: Connections
) -> None:
    told: asyncio.Queue[tuple[int, str]] = asyncio.Queue()
    async with relaying(outbox, connections, tenant) as relay:
        relay.tell(lambda number, subject: told.put_nowait((number, subject)))
        await write(tenant, outgoing("told", b"1"))
        assert await asyncio.wait_for(told.get(), 20) == (tenant, SUBJECT)
        assert await unpublished(tenant) == 0
    assert told.empty()


async def test_two_relays_at_once_send_everything_once_and_in_order(
    tenant: int, outbox: Outbox, connections: Connections
) -> None:
    written = [outgoing(f"ticket-{n % 3}", str(n).encode()) for n in range(60)]
    await write(tenant, *written)
    second = await Outbox.open(os.environ["DISPATCH_RELAY_DSN"], size=2)
    async with reading(connections) as feed:
        async with relaying(outbox, connections, tenant), relaying(second, connections, tenant):
            await until_empty(tenant)
        got = await arrived(feed, {str(m.message_id) for m in written})
    await second.close()
    assert len(got) == 60
    for key in range(3):
        numbers = [int(m.data) for m in got if int(m.data) % 3 == key]
        assert numbers == sorted(numbers)


async def test_a_crash_between_the_acknowledgement_and_the_mark_sends_no_second_message(
    tenant: int, outbox: Outbox, connections: Connections
) -> None:
    message = outgoing("ticket-1", b"once")
    client = await connections.get(ACCOUNT)
    async with reading(connections) as feed:
        await client.jetstream().publish(SUBJECT, b"once", headers={"Nats-Msg-Id": str(message.message_id)})
        await write(tenant, message)  # as if the relay had died before it marked the row
        async with relaying(outbox, connections, tenant):
            await until_empty(tenant)
        got = await arrived(feed, {str(message.message_id)})
    assert len(got) == 1


async def test_a_relay_killed_between_the_acknowledgement_and_the_mark_sends_no_second_message(
    databases: Databases, connections: Connections
) -> None:
    database = await databases.clone("migrated")
    superuser = await asyncpg.connect(database.superuser)
    await superuser.execute(_NEVER_MARKED)
    message = outgoing("ticket-1", b"once")
    async with reading(connections) as feed, storing(database.app):
        await write(1, message)
        killed = await asyncio.create_subprocess_exec(sys.executable, "-m", KILLED, database.relay, cwd=ROOT)
        got = await arrived(feed, {str(message.message_id)}, 10)
        killed.kill()
        assert await killed.wait() == -9
        assert len(got) == 1  # acknowledged, and not marked
        await superuser.execute(_ITS_SESSION_ENDS)
        await superuser.execute("DROP TRIGGER never_marked ON chassis.outbox")
        assert await unpublished(1) == 1

        again = await Outbox.open(database.relay)
        async with relaying(again, connections, 1):
            await until_empty(1)
        assert await arrived(feed, {str(message.message_id)}) == []
        await again.close()
    await superuser.close()


async def test_a_message_the_broker_refuses_holds_up_its_own_key_only(
    tenant: int, outbox: Outbox, connections: Connections
) -> None:
    await write(
        tenant,
        outgoing("poison", b"x" * 1_500_000),
        outgoing("poison", b"behind it"),
        *(outgoing(f"ticket-{n}", b"fine") for n in range(20)),
    )
    async with relaying(outbox, connections, tenant):
        await until_left(tenant, 2, 10)
        await asyncio.sleep(1)
    async with unit.transaction(tenant):
        rows = await unit.fetch(
            "SELECT key, attempts FROM chassis.outbox WHERE published_at IS NULL ORDER BY id"
        )
    assert [row["key"] for row in rows] == ["poison", "poison"]
    assert 1 <= rows[0]["attempts"] <= 4
    assert rows[1]["attempts"] == 0


async def test_the_trace_of_the_verb_goes_on_in_the_header(
    tenant: int, outbox: Outbox, connections: Connections
) -> None:
    tracing.open_tracing("test", "0", export=False)
    message = outgoing("ticket-1", b"traced")
    with tracing.span("verb") as verb:
        await write(tenant, message)
    async with reading(connections) as feed:
        async with relaying(outbox, connections, tenant):
            await until_empty(tenant)
        (got,) = await arrived(feed, {str(message.message_id)})
    traceparent = (got.headers or {})["traceparent"]
    assert traceparent.split("-")[1] == f"{verb.get_span_context().trace_id:032x}"


async def test_a_verb_in_this_process_wakes_the_relay(
    tenant: int, outbox: Outbox, connections: Connections
) -> None:
    async with relaying(outbox, connections, tenant) as relay:
        await write(tenant, outgoing("ticket-1", b"x"))
        relay.wake()
        await until_empty(tenant, seconds=3)


async def test_depth_and_lag_tell_what_waits(tenant: int, outbox: Outbox) -> None:
    before = await outbox.depth()
    await write(tenant, outgoing("ticket-1", b"x"), outgoing("ticket-2", b"x"))
    after = await outbox.depth()
    assert after.depth >= before.depth + 2 or after.depth >= 2
    assert after.lag_seconds >= 0


async def test_the_relay_sees_nothing_but_the_outbox(outbox: Outbox) -> None:
    for table in ("chassis.inbox", "chassis.idempotency", "chassis.quarantine"):
        with pytest.raises(Exception, match="permission denied"):
            await outbox.fetch(f"SELECT * FROM {table}")
    with pytest.raises(Exception, match="permission denied"):
        await outbox.fetch("SELECT detail FROM chassis.audit")


async def test_while_nats_is_away_verbs_go_on_and_afterwards_everything_leaves(
    tenant: int, outbox: Outbox, broker: Broker
) -> None:
    await broker.start()
    await broker.add_stream("FEED", "sko.feed.*.*")
    await broker.kill()
    mine = broker.connections()
    sent: set[UUID] = set()
    async with relaying(outbox, mine, tenant):
        for n in range(3):  # never there, killed, killed again
            message = outgoing("ticket-1", str(n).encode())
            sent.add(message.message_id)
            await asyncio.wait_for(write(tenant, message), 2)
            await asyncio.sleep(0.5)
            assert await unpublished(tenant) == 1
            await broker.start()
            await until_empty(tenant)
            await broker.kill()
            await asyncio.sleep(0.3)
    await broker.start()
    async with asyncio.timeout(10):
        while not mine.connected(ACCOUNT):  # noqa: ASYNC110 - the client tells nobody
            await asyncio.sleep(0.1)
    info = await (await mine.get(ACCOUNT)).jetstream().stream_info("FEED")
    assert info.state.messages == len(sent)
    await mine.close()


async def test_a_line_that_was_lost_is_used_as_soon_as_it_is_back(
    tenant: int, outbox: Outbox, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long the relay would rest otherwise."""
    monkeypatch.setattr(relay, "AWAY_SECONDS", 600.0)
    await broker.start()
    await broker.add_stream("FEED", "sko.feed.*.*")
    mine = broker.connections()
    async with relaying(outbox, mine, tenant):
        await write(tenant, outgoing("ticket-1", b"before"))
        await until_empty(tenant)
        await broker.kill()
        async with asyncio.timeout(20):
            while mine.connected(ACCOUNT):  # noqa: ASYNC110 - the client tells nobody
                await asyncio.sleep(0.02)
        await write(tenant, outgoing("ticket-1", b"during"))
        await asyncio.sleep(1)  # the relay finds no line, and rests

        await broker.start()
        await until_empty(tenant)
    await mine.close()
