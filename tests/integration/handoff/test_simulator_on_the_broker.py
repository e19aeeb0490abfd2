"""`hub112-sim` as an outside agency runs it: its account, its consumer, a broker of the test's own."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID, uuid4

import msgspec
import pytest
from nats.aio.msg import Msg
from tests.integration.stack.brokers import Broker, Member, running

from chassis109.kernel.ids import uuid7
from hub112 import contract
from hub112.contract import Address, ContractError, Envelope, Service

SAMPLE = Path(__file__).parents[2] / "data" / "handoff" / "sample_gas_leak.json"
ENOUGH = 15.0


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    yield from running(tmp_path_factory.mktemp("broker"))


@asynccontextmanager
async def playing(broker: Broker, folder: Path, *arguments: str) -> AsyncIterator[Path]:
    """The command, running; yields the file with its credentials, which holds the account S103 alone."""
    credentials = folder / "users.json"
    credentials.write_text(json.dumps({"S103": broker.users["S103"]}))
    environment = {**os.environ, "NATS_URL": broker.url, "NATS_CREDENTIALS": str(credentials)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hub112.simulator", "--service", "103", *arguments,
        env=environment, stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield credentials
    finally:
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), ENOUGH) == 0


async def call(hub: Member, service: Service = "103") -> Envelope:
    """Hand an emergency to a desk, as the hub does."""
    sample = contract.decode(SAMPLE.read_bytes())
    envelope = msgspec.structs.replace(sample, message_id=uuid7(), handoff_id=uuid4(), mode="live")
    await say(hub, envelope, service)
    return envelope


async def say(hub: Member, envelope: Envelope, service: Service = "103") -> None:
    address = Address("live", "desk", service, "petropavl", envelope.handoff_id)
    headers = {"Nats-Msg-Id": str(uuid4())}
    await hub.streams.publish(address.subject, contract.encode(envelope), headers=headers)


async def answers(hub: Member, wanted: int, handoff: UUID | str = "*") -> list[Msg]:
    """So many replies of 103 from the stream, in their order."""
    subject = f"sko.live.reply.103.petropavl.{handoff}"
    subscription = await hub.streams.subscribe(subject, stream="REPLY", ordered_consumer=True)
    try:
        async with asyncio.timeout(ENOUGH):
            return [await subscription.next_msg(ENOUGH) for _ in range(wanted)]
    finally:
        await subscription.unsubscribe()


async def nothing_waits(hub: Member) -> bool:
    info = await hub.streams.consumer_info("DESK", "103-live")
    return not (info.num_pending or info.num_ack_pending)


def refusal(payload: bytes) -> str:
    try:
        contract.decode(payload)
    except ContractError as error:
        return error.code.name
    return ""


async def test_a_prompt_desk_answers_over_its_account_and_acknowledges(
    broker: Broker, tmp_path: Path
) -> None:
    async with (
        broker.member("HUB") as hub,
        playing(broker, tmp_path, "--behaviour", "prompt", "--pace", "20"),
    ):
        called = await call(hub)
        messages = await answers(hub, 7, called.handoff_id)
        replies = [contract.decode(message.data) for message in messages]

        assert [reply.kind for reply in replies] == [
            "receipt",
            "seen",
            "accept",
            "unit",
            "unit",
            "unit",
            "close",
        ]
        assert [reply.seq for reply in replies] == [1, 2, 3, 4, 5, 6, 7]
        headers = [(message.headers or {})["Nats-Msg-Id"] for message in messages]
        assert headers == [str(reply.message_id) for reply in replies]
        assert await nothing_waits(hub)


async def test_a_bad_desk_sends_what_the_broker_lets_pass_and_then_good_messages(
    broker: Broker, tmp_path: Path
) -> None:
    async with (
        broker.member("HUB") as hub,
        playing(broker, tmp_path, "--behaviour", "garbage", "--pace", "20"),
    ):
        called = await call(hub)
        messages = [message.data for message in await answers(hub, 13, called.handoff_id)]

        assert [refusal(data) for data in messages[:5]] == [
            "UNRECOGNISED_FORMAT", "UNSUPPORTED_VERSION", "", "INVALID_MESSAGE", "INVALID_MESSAGE",
        ]  # fmt: skip
        assert b'"kz.sko.101"' in messages[2]
        assert max(map(len, messages)) < 262_144, "what is larger than the broker's limit has stayed away"
        assert [contract.decode(data).seq for data in messages[5:]] == [4, 4, 5, 6, 7, 8, 9, 10]


async def test_a_silent_desk_takes_the_message_and_says_nothing(broker: Broker, tmp_path: Path) -> None:
    async with broker.member("HUB") as hub, playing(broker, tmp_path, "--behaviour", "silent"):
        called = await call(hub)
        while not await nothing_waits(hub):  # noqa: ASYNC110 - the broker tells nobody
            await asyncio.sleep(0.05)

        with pytest.raises(TimeoutError):
            await asyncio.wait_for(answers(hub, 1, called.handoff_id), 1)


async def test_a_desk_that_was_restarted_finishes_what_it_began(broker: Broker, tmp_path: Path) -> None:
    arguments = ("--behaviour", "prompt", "--pace", "4", "--memory", str(tmp_path / "memory"))
    async with broker.member("HUB") as hub:
        async with playing(broker, tmp_path, *arguments):
            called = await call(hub)
            await answers(hub, 3, called.handoff_id)
        async with playing(broker, tmp_path, *arguments):
            replies = [contract.decode(message.data) for message in await answers(hub, 7, called.handoff_id)]

    assert [reply.seq for reply in replies] == [1, 2, 3, 4, 5, 6, 7]
    assert replies[-1].kind == "close"


async def test_a_desk_whose_account_is_not_let_in_yet_goes_on_trying(broker: Broker, tmp_path: Path) -> None:
    arguments = ("--behaviour", "refuses", "--pace", "20")
    async with broker.member("HUB") as hub, playing(broker, tmp_path, *arguments) as credentials:
        right = credentials.read_text()
        credentials.write_text(json.dumps({"S103": {"user": "s103", "password": "wrong"}}))
        called = await call(hub)
        await asyncio.sleep(1.5)
        credentials.write_text(right)

        replies = [contract.decode(message.data) for message in await answers(hub, 3, called.handoff_id)]

    assert [reply.kind for reply in replies] == ["receipt", "seen", "decline"]
