"""The relay: what a verb wrote reaches the stream once, in order per key, and waits while NATS is away."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from uuid import UUID

import msgspec
import nats
import pytest
from nats.js.client import JetStreamContext

from chassis109.bus.connection import BROKER_ERRORS, Connections
from chassis109.bus.relay import Relay
from chassis109.kernel.ids import uuid7
from chassis109.observe import tracing
from chassis109.store import journal, unit
from chassis109.store.outbox import Outbox

SUBJECT = "sko.feed.petropavl.ticket"
ACCOUNT = "T_PETROPAVL"


async def _write(tenant: int, *messages: journal.OutboxMessage) -> None:
    async with unit.transaction(tenant):
        await journal.write(None, "system", [], messages)


def _message(key: str, payload: bytes, subject: str = SUBJECT) -> journal.OutboxMessage:
    return journal.OutboxMessage(subject, key, payload)


async def _unpublished(tenant: int) -> int:
    async with unit.transaction(tenant):
        return int(await unit.fetchval("SELECT count(*) FROM chassis.outbox WHERE published_at IS NULL"))


async def _until_empty(tenant: int, seconds: float = 20) -> None:
    await _until(tenant, 0, seconds)


async def _until(tenant: int, left: int, seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while await _unpublished(tenant) > left:  # noqa: ASYNC110 - the database tells, no event does
            await asyncio.sleep(0.02)


@asynccontextmanager
async def _running(outbox: Outbox, connections: Connections, *tenants: int) -> AsyncIterator[Relay]:
    relay = Relay(outbox, connections, lambda number: ACCOUNT if number in tenants else None)
    task = asyncio.create_task(relay.run())
    try:
        yield relay
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def _read(connections: Connections) -> AsyncIterator[JetStreamContext.PullSubscription]:
    """Everything that arrives in FEED from now on."""
    jetstream = (await connections.get("REGION")).jetstream()
    name = f"test-{uuid7().hex}"
    config = nats.js.api.ConsumerConfig(durable_name=name, deliver_policy=nats.js.api.DeliverPolicy.NEW)
    await jetstream.add_consumer("FEED", config)
    subscription = await jetstream.pull_subscribe_bind(durable=name, stream="FEED")
    try:
        yield subscription
    finally:
        await subscription.unsubscribe()
        await jetstream.delete_consumer("FEED", name)


async def _arrived(subscription: JetStreamContext.PullSubscription, ids: set[str]) -> list[nats.aio.msg.Msg]:
    """The messages with these ids, in order of arrival, until one second passes without any."""
    found = []
    with suppress(TimeoutError):
        while True:
            for message in await subscription.fetch(200, timeout=1):
                await message.ack()
                if (message.headers or {}).get("Nats-Msg-Id") in ids:
                    found.append(message)
    return found


async def test_messages_of_one_key_arrive_in_the_order_they_were_written(
    tenant: int, outbox: Outbox, connections: Connections
) -> None:
    written = [_message(f"ticket-{n % 7}", str(n).encode()) for n in range(140)]
    async with _read(connections) as feed:
        for message in written:
            await _write(tenant, message)
        async with _running(outbox, connections, tenant):
            await _until_empty(tenant)
        got = await _arrived(feed, {str(m.message_id) for m in written})
    assert len(got) == 140
    for key in range(7):
        numbers = [int(m.data) for m in got if int(m.data) % 7 == key]
        assert numbers == sorted(numbers)


async def test_two_relays_at_once_send_everything_once_and_in_order(
    tenant: int, outbox: Outbox, connections: Connections
) -> None:
    written = [_message(f"ticket-{n % 3}", str(n).encode()) for n in range(60)]
    await _write(tenant, *written)
    second = await Outbox.open(os.environ["DISPATCH_RELAY_DSN"], size=2)
    async with _read(connections) as feed:
        async with _running(outbox, connections, tenant), _running(second, connections, tenant):
            await _until_empty(tenant)
        got = await _arrived(feed, {str(m.message_id) for m in written})
    await second.close()
    assert len(got) == 60
    for key in range(3):
        numbers = [int(m.data) for m in got if int(m.data) % 3 == key]
        assert numbers == sorted(numbers)


async def test_a_crash_between_the_acknowledgement_and_the_mark_sends_no_second_message(
    tenant: int, outbox: Outbox, connections: Connections
) -> None:
    message = _message("ticket-1", b"once")
    client = await connections.get(ACCOUNT)
    async with _read(connections) as feed:
        await client.jetstream().publish(SUBJECT, b"once", headers={"Nats-Msg-Id": str(message.message_id)})
        await _write(tenant, message)  # as if the relay had died before it marked the row
        async with _running(outbox, connections, tenant):
            await _until_empty(tenant)
        got = await _arrived(feed, {str(message.message_id)})
    assert len(got) == 1


async def test_a_message_the_broker_refuses_holds_up_its_own_key_only(
    tenant: int, outbox: Outbox, connections: Connections
) -> None:
    await _write(
        tenant,
        _message("poison", b"x" * 1_500_000),
        _message("poison", b"behind it"),
        *(_message(f"ticket-{n}", b"fine") for n in range(20)),
    )
    async with _running(outbox, connections, tenant):
        await _until(tenant, 2, 10)
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
    message = _message("ticket-1", b"traced")
    with tracing.span("verb") as verb:
        await _write(tenant, message)
    async with _read(connections) as feed:
        async with _running(outbox, connections, tenant):
            await _until_empty(tenant)
        (got,) = await _arrived(feed, {str(message.message_id)})
    traceparent = (got.headers or {})["traceparent"]
    assert traceparent.split("-")[1] == f"{verb.get_span_context().trace_id:032x}"


async def test_a_verb_in_this_process_wakes_the_relay(
    tenant: int, outbox: Outbox, connections: Connections
) -> None:
    async with _running(outbox, connections, tenant) as relay:
        await _write(tenant, _message("ticket-1", b"x"))
        relay.wake()
        await _until_empty(tenant, seconds=3)


async def test_depth_and_lag_tell_what_waits(tenant: int, outbox: Outbox) -> None:
    before = await outbox.depth()
    await _write(tenant, _message("ticket-1", b"x"), _message("ticket-2", b"x"))
    after = await outbox.depth()
    assert after.depth >= before.depth + 2 or after.depth >= 2
    assert after.lag_seconds >= 0


async def test_the_relay_sees_nothing_but_the_outbox(outbox: Outbox) -> None:
    for table in ("chassis.inbox", "chassis.idempotency", "chassis.quarantine"):
        with pytest.raises(Exception, match="permission denied"):
            await outbox.fetch(f"SELECT * FROM {table}")
    with pytest.raises(Exception, match="permission denied"):
        await outbox.fetch("SELECT detail FROM chassis.audit")


@pytest.fixture
def broker(tmp_path: Path) -> "Broker":
    """A broker of this test's own, so that it can be killed."""
    return Broker(tmp_path)


class Broker:
    """A nats-server with one account for everybody."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.folder = folder
        self.credentials = folder / "credentials.json"
        login = {"user": "u", "password": "p"}
        self.credentials.write_bytes(msgspec.json.encode(dict.fromkeys((ACCOUNT, "NODE"), login)))
        (folder / "nats.conf").write_text(
            f'listen: "127.0.0.1:{self.port}"\n'
            f'jetstream {{ store_dir: "{folder}/js", sync_interval: always }}\n'
            "authorization { user: u, password: p }\n"
        )
        self.process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        binary = Path(sys.executable).parent / "nats-server"
        log = self.folder / "log"
        self.process = subprocess.Popen([binary, "-c", self.folder / "nats.conf", "-l", log])  # noqa: ASYNC220
        async with asyncio.timeout(10):
            while True:
                with suppress(*BROKER_ERRORS):
                    client = await nats.connect(
                        f"nats://u:p@127.0.0.1:{self.port}",
                        allow_reconnect=False,
                        error_cb=_quiet,
                        max_reconnect_attempts=1,
                    )
                    await client.jetstream().add_stream(name="FEED", subjects=["sko.feed.*.*"])
                    await client.close()
                    return
                await asyncio.sleep(0.1)

    async def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            await asyncio.to_thread(self.process.wait)


async def _quiet(_: Exception) -> None:
    """A broker that starts refuses connections."""


async def test_while_nats_is_away_verbs_go_on_and_afterwards_everything_leaves(
    tenant: int, outbox: Outbox, broker: Broker
) -> None:
    mine = Connections(f"nats://127.0.0.1:{broker.port}", broker.credentials, "test")
    sent: set[UUID] = set()
    async with _running(outbox, mine, tenant):
        for n in range(3):  # never there, killed, killed again
            message = _message("ticket-1", str(n).encode())
            sent.add(message.message_id)
            await asyncio.wait_for(_write(tenant, message), 2)
            await asyncio.sleep(0.5)
            assert await _unpublished(tenant) == 1
            await broker.start()
            await _until_empty(tenant)
            await broker.kill()
            await asyncio.sleep(0.3)
    await broker.start()
    client = await nats.connect(f"nats://u:p@127.0.0.1:{broker.port}")
    info = await client.jetstream().stream_info("FEED")
    assert info.state.messages == len(sent)
    await client.close()
    await mine.close()
    await broker.kill()
