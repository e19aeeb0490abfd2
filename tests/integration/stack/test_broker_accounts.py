"""The broker itself proves who sent a message: tried with real clients against the running broker."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import nats
import pytest
from nats.aio.client import Client
from nats.errors import NoRespondersError, TimeoutError
from nats.js.api import StreamInfo
from nats.js.errors import NoStreamResponseError


class Border:
    """A client of one account, and what the broker complained about."""

    def __init__(self) -> None:
        self.complaints: list[str] = []

    async def note(self, error: Exception) -> None:
        self.complaints.append(str(error))


def login(account: str) -> dict[str, str]:
    users: dict[str, dict[str, str]] = json.loads(Path(os.environ["NATS_CREDENTIALS"]).read_text())
    return users[account]


@asynccontextmanager
async def logged_in(account: str, border: Border | None = None) -> AsyncIterator[Client]:
    noted = border or Border()
    client = await nats.connect(os.environ["NATS_URL"], **login(account), error_cb=noted.note)
    try:
        yield client
    finally:
        await client.close()


async def last_of(account: str, stream: str, subject: str) -> bytes | None:
    async with logged_in(account) as client:
        message = await client.jetstream().get_last_msg(stream, subject)
        return message.data


async def test_a_tenant_publishes_its_facts_and_gets_the_acknowledgement_of_the_region() -> None:
    payload = uuid4().hex.encode()
    async with logged_in("T_PETROPAVL") as petropavl:
        ack = await petropavl.jetstream().publish("sko.feed.petropavl.ticket", payload)
    assert ack.stream == "FEED"
    assert await last_of("REGION", "FEED", "sko.feed.petropavl.ticket") == payload


async def test_a_repeated_message_is_stored_once() -> None:
    headers = {"Nats-Msg-Id": str(uuid4())}
    async with logged_in("T_PETROPAVL") as petropavl:
        first = await petropavl.jetstream().publish("sko.feed.petropavl.ticket", b"once", headers=headers)
        second = await petropavl.jetstream().publish("sko.feed.petropavl.ticket", b"once", headers=headers)
    assert (first.seq, second.duplicate) == (second.seq, True)


@pytest.mark.parametrize(
    "subject",
    ["sko.feed.aiyrtau.ticket", "sko.live.handoff.103.aiyrtau.x", "sko.live.return.petropavl.103.x"],
)
async def test_a_tenant_cannot_speak_for_another(subject: str) -> None:
    border = Border()
    async with logged_in("T_PETROPAVL", border) as petropavl:
        with pytest.raises((TimeoutError, NoStreamResponseError, NoRespondersError)):
            await petropavl.jetstream().publish(subject, b"forged", timeout=0.5)
    assert any("permissions violation for publish" in complaint.lower() for complaint in border.complaints)


async def test_a_tenant_does_not_hear_what_others_say() -> None:
    heard: list[str] = []
    border = Border()

    async def listen(message: object) -> None:
        heard.append(str(message))

    async with logged_in("T_PETROPAVL", border) as petropavl, logged_in("T_AIYRTAU") as aiyrtau:
        await petropavl.subscribe("sko.>", cb=listen)
        await petropavl.flush()
        await aiyrtau.jetstream().publish("sko.feed.aiyrtau.ticket", b"of aiyrtau")
        await asyncio.sleep(0.2)
    assert heard == []
    assert any("subscription" in complaint.lower() for complaint in border.complaints)


async def test_a_tenant_reads_its_own_returns_and_acknowledges_them_across_the_border() -> None:
    payload = uuid4().hex.encode()
    async with logged_in("HUB") as hub, logged_in("T_PETROPAVL") as petropavl:
        await hub.jetstream().publish(f"sko.test.return.petropavl.103.{uuid4()}", payload)
        returns = petropavl.jetstream(prefix="hub.API")
        subscription = await returns.pull_subscribe_bind("petropavl-test", "RETURN")
        message = (await subscription.fetch(1, timeout=3))[0]
        await message.ack_sync(timeout=3)
    assert message.data == payload


async def test_a_tenant_cannot_read_the_returns_of_another() -> None:
    border = Border()
    async with logged_in("T_PETROPAVL", border) as petropavl:
        subscription = await petropavl.jetstream(prefix="hub.API").pull_subscribe_bind(
            "aiyrtau-test", "RETURN"
        )
        with pytest.raises(TimeoutError):
            await subscription.fetch(1, timeout=0.5)
    assert any("permissions violation for publish" in complaint.lower() for complaint in border.complaints)


async def test_a_handoff_of_a_tenant_reaches_the_hub_and_a_service_answers_as_itself_only() -> None:
    border = Border()
    async with logged_in("T_PETROPAVL") as petropavl, logged_in("S103", border) as ambulance:
        handed = await petropavl.jetstream().publish(f"sko.test.handoff.103.petropavl.{uuid4()}", b"{}")
        replied = await ambulance.jetstream().publish(f"sko.test.reply.103.petropavl.{uuid4()}", b"{}")
        with pytest.raises((TimeoutError, NoStreamResponseError)):
            await ambulance.jetstream().publish(f"sko.test.reply.101.petropavl.{uuid4()}", b"{}", timeout=0.5)
    assert (handed.stream, replied.stream) == ("HANDOFF", "REPLY")
    assert border.complaints


async def test_nobody_deletes_from_a_stream() -> None:
    async with logged_in("REGION") as region:
        info: StreamInfo = await region.jetstream().stream_info("FEED")
    assert info.config.deny_delete
    assert info.config.deny_purge
