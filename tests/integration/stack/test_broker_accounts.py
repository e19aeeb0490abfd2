"""What each account is there for works: it speaks as itself, reads its own places, and is acknowledged."""

import os
from pathlib import Path
from uuid import uuid4

import pytest
from nats.errors import TimeoutError
from nats.js.errors import NoStreamResponseError
from tests.integration.stack.brokers import Broker, Member

from stack109.environment import Stack
from stack109.instance import remembered


async def last_of(broker: Broker, account: str, stream: str, subject: str) -> bytes | None:
    async with broker.member(account) as member:
        return (await member.streams.get_last_msg(stream, subject)).data


async def next_of(
    member: Member, stream: str, durable: str, owner: str = "hub", patience: float = 3
) -> bytes:
    """The next message of a durable consumer across the border, acknowledged there."""
    across = member.client.jetstream(prefix=f"{owner}.API")
    place = await across.pull_subscribe_bind(durable, stream)
    message = (await place.fetch(1, timeout=patience))[0]
    await message.ack_sync(timeout=3)
    return message.data


def test_the_running_broker_has_the_configuration_these_tests_prove() -> None:
    root = Path(__file__).parents[3]
    nats = Stack(remembered(root, os.environ["DISPATCH109_INSTANCE"])).nats
    assert nats.config.read_text() == nats.rendered()


async def test_a_tenant_publishes_its_facts_and_gets_the_acknowledgement_of_the_region(
    broker: Broker,
) -> None:
    payload = uuid4().hex.encode()
    async with broker.member("T_PETROPAVL") as petropavl:
        ack = await petropavl.streams.publish("sko.feed.petropavl.ticket", payload)
    assert ack.stream == "FEED"
    assert await last_of(broker, "REGION", "FEED", "sko.feed.petropavl.ticket") == payload


async def test_a_repeated_message_is_stored_once(broker: Broker) -> None:
    headers = {"Nats-Msg-Id": str(uuid4())}
    async with broker.member("T_PETROPAVL") as petropavl:
        first = await petropavl.streams.publish("sko.feed.petropavl.ticket", b"once", headers=headers)
        second = await petropavl.streams.publish("sko.feed.petropavl.ticket", b"once", headers=headers)
    assert (first.seq, second.duplicate) == (second.seq, True)


async def test_a_handoff_reaches_the_hub_and_a_reply_comes_from_the_service_itself(broker: Broker) -> None:
    async with broker.member("T_PETROPAVL") as petropavl, broker.member("S103") as ambulance:
        handed = await petropavl.streams.publish(f"sko.live.handoff.103.petropavl.{uuid4()}", b"{}")
        replied = await ambulance.streams.publish(f"sko.live.reply.103.petropavl.{uuid4()}", b"{}")
    assert (handed.stream, replied.stream) == ("HANDOFF", "REPLY")


@pytest.mark.parametrize("form", ["broker", "next_broker"])
async def test_what_the_hub_sends_is_read_and_acknowledged_across_the_border(
    form: str, request: pytest.FixtureRequest
) -> None:
    """Also with the form of acknowledgements that the next nats-server makes the usual one."""
    own: Broker = request.getfixturevalue(form)
    async with own.member("HUB") as hub, own.member("T_PETROPAVL") as petropavl, own.member("S103") as desk:
        await hub.streams.publish(f"sko.exercise.return.petropavl.103.{uuid4()}", b"returned")
        await hub.streams.publish(f"sko.exercise.desk.103.petropavl.{uuid4()}", b"handed")
        assert await next_of(petropavl, "RETURN", "petropavl-exercise") == b"returned"
        assert await next_of(desk, "DESK", "103-exercise") == b"handed"
        for stream, durable in (("RETURN", "petropavl-exercise"), ("DESK", "103-exercise")):
            info = await hub.streams.consumer_info(stream, durable)
            assert (info.num_pending, info.num_ack_pending) == (0, 0)


async def test_a_mandate_of_the_region_reaches_its_tenant(broker: Broker) -> None:
    async with broker.member("REGION") as region, broker.member("T_AIYRTAU") as aiyrtau:
        await region.streams.publish("sko.mandate.aiyrtau", b"mandate")
        assert await next_of(aiyrtau, "MANDATE", "aiyrtau", owner="region") == b"mandate"


async def test_an_alert_of_the_hub_is_heard_by_tenants_and_the_region(broker: Broker) -> None:
    async with (
        broker.member("HUB") as hub,
        broker.member("T_AIYRTAU") as aiyrtau,
        broker.member("REGION") as region,
    ):
        heard = [await member.client.subscribe("sko.alert.*") for member in (aiyrtau, region)]
        for member in (aiyrtau, region):
            await member.client.flush()
        await hub.streams.publish("sko.alert.59", b"flood")
        assert [(await one.next_msg(timeout=3)).data for one in heard] == [b"flood", b"flood"]


async def test_a_drill_never_reaches_a_live_reader(broker: Broker) -> None:
    async with broker.member("HUB") as hub, broker.member("S104") as gas:
        await hub.streams.publish(f"sko.exercise.desk.104.petropavl.{uuid4()}", b"drill")
        with pytest.raises(TimeoutError):
            await next_of(gas, "DESK", "104-live", patience=0.3)
        assert await next_of(gas, "DESK", "104-exercise") == b"drill"


async def test_a_mode_that_nobody_reads_is_not_acknowledged(broker: Broker) -> None:
    async with broker.member("T_PETROPAVL") as petropavl:
        with pytest.raises(NoStreamResponseError):
            await petropavl.streams.publish(f"sko.drill.handoff.103.petropavl.{uuid4()}", b"{}")


async def test_a_stream_refuses_to_lose_anything_even_to_its_owner(broker: Broker) -> None:
    async with broker.member("HUB") as hub:
        for stream in ("HANDOFF", "RETURN", "DESK", "REPLY", "CROSS"):
            config = (await hub.streams.stream_info(stream)).config
            assert (config.deny_delete, config.deny_purge, config.discard) == (True, True, "new")
            purged = await hub.client.request(f"$JS.API.STREAM.PURGE.{stream}", b"")
            assert b"not permitted" in purged.data


async def test_every_stream_has_room_of_its_own_and_all_but_the_facts_are_forgotten_after_a_month(
    broker: Broker,
) -> None:
    limits: dict[str, tuple[int, float]] = {}
    for account in ("HUB", "REGION"):
        async with broker.member(account) as member:
            for stream in await member.streams.streams_info():
                limits[str(stream.config.name)] = (stream.config.max_bytes or 0, stream.config.max_age or 0)
    assert all(room > 0 for room, _ in limits.values()), limits
    assert {name for name, (_, age) in limits.items() if age != 30 * 86_400} == {"FEED"}


async def test_what_the_broker_says_about_its_streams_is_kept(broker: Broker) -> None:
    async with broker.member("HUB") as hub:
        made = await hub.streams.get_last_msg("ADVISORY", "$JS.EVENT.ADVISORY.CONSUMER.CREATED.DESK.103-live")
    assert b"io.nats.jetstream.advisory.v1.consumer_action" in (made.data or b"")
