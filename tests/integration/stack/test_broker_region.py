"""The border between tenants and the region: what crosses it, and every way to lie or to listen there, refused."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from nats.js.api import DiscardPolicy, StreamConfig
from nats.js.errors import APIError
from tests.integration.stack.brokers import Broker, Member, running

ROOM = 64 * 1024
SAID = (
    "sko.feed.{}.ticket",
    "sko.pulse.{}",
    "sko.answer.{}",
    "sko.referral.aiyrtau.{}",
    "sko.referral.petropavl.{}",
)
STREAMS = ("FEED", "PULSE", "MANDATE", "ANSWER", "REFERRAL")
# What an account may ask JetStream for, were it not its own: places of others, of the region, and whole streams.
CALLS = (
    *(f"STREAM.{verb}.{stream}" for stream in STREAMS
      for verb in ("INFO", "MSG.GET", "MSG.DELETE", "PURGE", "DELETE", "UPDATE", "SNAPSHOT")),
    *(f"DIRECT.GET.{stream}" for stream in STREAMS),
    *(f"CONSUMER.{verb}.{stream}" for stream in STREAMS for verb in ("CREATE", "LIST", "NAMES")),
    *(f"CONSUMER.DURABLE.CREATE.{stream}.mine" for stream in STREAMS),
    *(f"CONSUMER.{verb}.{stream}.{place}" for verb in ("MSG.NEXT", "INFO", "DELETE", "PAUSE", "RESET")
      for stream, place in (
          ("FEED", "region"), ("PULSE", "region"), ("ANSWER", "region"),
          ("MANDATE", "aiyrtau"), ("REFERRAL", "aiyrtau"))),
    *(f"CONSUMER.{verb}.{stream}.petropavl" for verb in ("DELETE", "PAUSE", "RESET")
      for stream in ("MANDATE", "REFERRAL")),
)  # fmt: skip


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A broker of this module: what is left in its streams disturbs no other test."""
    yield from running(tmp_path_factory.mktemp("border"))


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[Broker]:
    """A broker of one test, which changes its streams."""
    yield from running(tmp_path)


@asynccontextmanager
async def eavesdropper(member: Member) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Collects whatever answers requests that are sent with its inbox."""
    heard: list[bytes] = []

    async def note(message: object) -> None:
        heard.append(getattr(message, "data", b""))

    inbox = member.client.new_inbox()
    subscription = await member.client.subscribe(inbox, cb=note)
    yield inbox, heard
    await subscription.unsubscribe()


async def messages_of(broker: Broker, stream: str) -> int:
    async with broker.member("REGION") as region:
        return (await region.streams.stream_info(stream)).state.messages


async def next_of(member: Member, stream: str, durable: str, api: str = "$JS.API") -> bytes:
    place = await member.client.jetstream(prefix=api).pull_subscribe_bind(durable, stream)
    message = (await place.fetch(1, timeout=3))[0]
    await message.ack_sync(timeout=3)
    return message.data


@pytest.mark.parametrize("subject", SAID)
async def test_a_tenant_says_what_it_has_to_say_and_is_acknowledged(subject: str, broker: Broker) -> None:
    async with broker.member("T_PETROPAVL") as petropavl:
        ack = await petropavl.streams.publish(subject.format("petropavl"), b"{}")
    assert ack.stream == subject.split(".")[1].upper()


@pytest.mark.parametrize("account", ["T_PETROPAVL", "S103", "HUB", "NODE"])
@pytest.mark.parametrize("subject", [*SAID, "sko.mandate.{}"])
async def test_nobody_speaks_as_a_tenant_but_the_tenant(account: str, subject: str, broker: Broker) -> None:
    stream = subject.split(".")[1].upper()
    before = await messages_of(broker, stream)
    async with broker.member(account) as member, eavesdropper(member) as (inbox, heard):
        await member.client.publish(subject.format("aiyrtau"), b"forged", reply=inbox)
        await member.client.flush()
        await asyncio.sleep(0.1)
        if account not in {"HUB", "NODE"}:
            assert await member.is_forbidden(f'for publish to "{subject.format("aiyrtau")}"')
    assert not [answer for answer in heard if b'"seq"' in answer]
    assert await messages_of(broker, stream) == before


@pytest.mark.parametrize(
    "subject",
    ["sko.mandate.petropavl", "sko.referral.petropavl", "sko.referral.aiyrtau.petropavl.aiyrtau",
     "sko.feed.petropavl", "sko.feed.petropavl.ticket.more", "sko.pulse.petropavl.more", "sko.answer.petropavl.more"],
)  # fmt: skip
async def test_a_tenant_orders_nothing_and_invents_no_subject(subject: str, broker: Broker) -> None:
    async with broker.member("T_PETROPAVL") as petropavl:
        await petropavl.client.publish(subject, b"forged")
        assert await petropavl.is_forbidden(f'for publish to "{subject}"')


@pytest.mark.parametrize(
    "subject",
    [
        "sko.referral.>",
        "sko.referral.petropavl.*",
        "sko.mandate.*",
        "sko.feed.>",
        "sko.pulse.*",
        "sko.answer.*",
    ],
)
@pytest.mark.parametrize("account", ["T_PETROPAVL", "S103"])
async def test_nobody_listens_at_the_border(account: str, subject: str, broker: Broker) -> None:
    async with broker.member(account) as member:
        await member.client.subscribe(subject)
        assert await member.is_forbidden(f'for subscription to "{subject}"')


async def test_a_referral_is_read_by_the_tenant_it_is_for_and_carries_the_name_of_its_sender(
    broker: Broker,
) -> None:
    payload = uuid4().hex.encode()
    async with broker.member("T_PETROPAVL") as petropavl, broker.member("T_AIYRTAU") as aiyrtau:
        await petropavl.streams.publish("sko.referral.aiyrtau.petropavl", payload)
        while await next_of(aiyrtau, "REFERRAL", "aiyrtau", "region.API") != payload:
            pass
    async with broker.member("REGION") as region:
        place = await region.streams.consumer_info("REFERRAL", "aiyrtau")
    assert (place.num_pending, place.num_ack_pending) == (0, 0)


@pytest.mark.parametrize("prefix", ["$JS.API", "region.API"])
async def test_a_tenant_reaches_no_place_but_its_own_two(prefix: str, broker: Broker) -> None:
    async with broker.member("T_AIYRTAU") as aiyrtau:
        await aiyrtau.streams.publish("sko.referral.aiyrtau.aiyrtau", b"of another")
    async with broker.member("T_PETROPAVL") as petropavl, eavesdropper(petropavl) as (inbox, heard):
        for call in CALLS:
            await petropavl.client.publish(f"{prefix}.{call}", b"", reply=inbox)
        await petropavl.client.flush()
        assert await petropavl.is_forbidden(*(f'for publish to "{prefix}.{call}"' for call in CALLS))
    assert heard == []


@pytest.mark.parametrize(
    "form",
    ["$JS.ACK.{s}.aiyrtau.{s}.petropavl.1.1.1", "$JS.ACK.{s}.aiyrtau.1.1.1.1.1",
     "$JS.ACK.{s}.petropavl.{s}.aiyrtau.1.1.1", "$JS.ACK.{s}.aiyrtau.{s}.petropavl.1.1.1.1.1",
     "$JS.ACK.{s}.petropavl.{s}.aiyrtau.1.1.1.1.1",
     "$JS.ACK.x.y.{s}.aiyrtau.1.1.1.1.1"],
)  # fmt: skip
@pytest.mark.parametrize("stream", ["REFERRAL", "MANDATE"])
async def test_an_acknowledgement_that_names_another_tenants_place_brings_nothing_of_it(
    stream: str, form: str, broker: Broker
) -> None:
    async with broker.member("REGION") as region, broker.member("T_PETROPAVL") as petropavl:
        subject = "sko.mandate.aiyrtau" if stream == "MANDATE" else "sko.referral.aiyrtau.petropavl"
        await region.streams.publish(subject, b"of another")
        before = await region.streams.consumer_info(stream, "aiyrtau")
        async with eavesdropper(petropavl) as (inbox, heard):
            await petropavl.client.publish(form.format(s=stream), b"+NXT", reply=inbox)
            await petropavl.client.flush()
            await asyncio.sleep(0.1)
        after = await region.streams.consumer_info(stream, "aiyrtau")
    assert b"of another" not in heard
    assert (after.delivered, after.ack_floor) == (before.delivered, before.ack_floor)


async def test_of_pulses_only_the_last_of_each_tenant_is_kept(broker: Broker) -> None:
    async with broker.member("T_PETROPAVL") as petropavl, broker.member("T_AIYRTAU") as aiyrtau:
        for number in range(5):
            await petropavl.streams.publish("sko.pulse.petropavl", b"%d" % number)
            await aiyrtau.streams.publish("sko.pulse.aiyrtau", b"%d" % number)
    async with broker.member("REGION") as region:
        assert (await region.streams.get_last_msg("PULSE", "sko.pulse.petropavl")).data == b"4"
        assert (await region.streams.stream_info("PULSE")).state.messages == 2
        place = await region.streams.pull_subscribe_bind("region", "PULSE")
        assert sorted(m.data for m in await place.fetch(10, timeout=0.5)) == [b"4", b"4"]


async def test_a_full_feed_forgets_the_oldest_and_stops_no_tenant(own_broker: Broker) -> None:
    async with own_broker.member("REGION") as region, own_broker.member("T_PETROPAVL") as petropavl:
        await _narrowed(region, "FEED")
        for number in range(200):
            await petropavl.streams.publish("sko.feed.petropavl.ticket", b"%04d" % number + b"x" * 1000)
        kept = (await region.streams.stream_info("FEED")).state
        assert (kept.last_seq, kept.first_seq > 1) == (200, True)


async def test_what_must_not_be_lost_is_refused_when_its_stream_is_full_and_the_others_go_on(
    own_broker: Broker,
) -> None:
    async with own_broker.member("REGION") as region, own_broker.member("T_PETROPAVL") as petropavl:
        await _narrowed(region, "REFERRAL")
        with pytest.raises(APIError, match="maximum bytes exceeded"):
            for _ in range(200):
                await petropavl.streams.publish("sko.referral.aiyrtau.petropavl", b"x" * 1000)
        assert (await region.streams.stream_info("REFERRAL")).state.first_seq == 1
        assert (await petropavl.streams.publish("sko.answer.petropavl", b"{}")).stream == "ANSWER"


async def test_a_stream_of_an_earlier_deployment_is_brought_up_to_date_and_loses_nothing(
    own_broker: Broker,
) -> None:
    async with own_broker.member("REGION") as region:
        new = (await region.streams.stream_info("FEED")).config
        await region.streams.delete_stream("FEED")
        await region.streams.add_stream(
            StreamConfig(
                name="FEED", subjects=new.subjects, discard=DiscardPolicy.NEW, deny_delete=True, deny_purge=True,
                duplicate_window=86_400.0, max_bytes=new.max_bytes,
            )
        )  # fmt: skip
        await region.streams.publish("sko.feed.petropavl.ticket", b"said before")
        own_broker.make_streams()
        own_broker.make_streams()
        info = await region.streams.stream_info("FEED")
        assert (info.config.discard, info.config.deny_purge, info.state.messages) == ("old", True, 1)
        assert await next_of(region, "FEED", "region") == b"said before"


async def test_the_region_may_hold_batches_of_facts_and_nobody_takes_them_from_a_stream(
    broker: Broker,
) -> None:
    async with broker.member("REGION") as region:
        place = (await region.streams.consumer_info("FEED", "region")).config
        assert (place.max_ack_pending, place.max_deliver) == (5_000, -1)
        for stream in STREAMS:
            config = (await region.streams.stream_info(stream)).config
            assert (config.deny_delete, config.deny_purge, config.storage) == (True, True, "file")


async def _narrowed(region: Member, stream: str) -> None:
    config = (await region.streams.stream_info(stream)).config
    await region.streams.update_stream(config.evolve(max_bytes=ROOM))
