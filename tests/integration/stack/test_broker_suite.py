"""The broker suite: what nobody may do, tried by real connections. Each attack is refused and can be seen."""

import asyncio
from uuid import uuid4

import pytest
from nats.errors import NoRespondersError, TimeoutError
from nats.js.errors import NoStreamResponseError, NotFoundError
from tests.integration.stack.brokers import Broker, Member, spoken

NOTHING_STORED = (TimeoutError, NoStreamResponseError, NoRespondersError)
OUTSIDE = ("T_PETROPAVL", "S103")
INSIDE = ("REGION", "NODE")

# What an outside account might ask of JetStream, by the owner's name and by the name its own places have.
CALLS = (
    "INFO", "STREAM.LIST", "STREAM.NAMES", "STREAM.INFO.HANDOFF", "STREAM.CREATE.MINE", "STREAM.UPDATE.RETURN",
    "STREAM.DELETE.RETURN", "STREAM.DELETE.DESK", "STREAM.PURGE.RETURN", "STREAM.PURGE.DESK", "STREAM.PURGE.HANDOFF",
    "STREAM.MSG.GET.RETURN", "STREAM.MSG.GET.DESK", "STREAM.MSG.DELETE.DESK", "DIRECT.GET.RETURN", "DIRECT.GET.DESK",
    "STREAM.SNAPSHOT.DESK", "STREAM.RESTORE.DESK", "CONSUMER.LIST.RETURN", "CONSUMER.NAMES.DESK",
    "CONSUMER.CREATE.HANDOFF", "CONSUMER.CREATE.RETURN.mine", "CONSUMER.CREATE.DESK.mine.sko.live.desk.>",
    "CONSUMER.DURABLE.CREATE.DESK.mine", "CONSUMER.DELETE.RETURN.aiyrtau-live", "CONSUMER.DELETE.DESK.101-live",
    "CONSUMER.DELETE.RETURN.petropavl-live", "CONSUMER.DELETE.DESK.103-live", "CONSUMER.PAUSE.DESK.103-live",
    "CONSUMER.RESET.DESK.103-live", "CONSUMER.INFO.RETURN.aiyrtau-live", "CONSUMER.INFO.DESK.101-live",
    "CONSUMER.MSG.NEXT.RETURN.aiyrtau-live", "CONSUMER.MSG.NEXT.DESK.101-live", "CONSUMER.MSG.NEXT.HANDOFF.live",
    "CONSUMER.MSG.NEXT.REPLY.live", "CONSUMER.MSG.NEXT.CROSS.live", "CONSUMER.MSG.NEXT.MANDATE.aiyrtau",
)  # fmt: skip
SYSTEM = (
    "$SYS.REQ.SERVER.PING", "$SYS.REQ.SERVER.PING.CONNZ", "$SYS.REQ.SERVER.PING.JSZ", "$SYS.REQ.SERVER.PING.ACCOUNTZ",
    "$SYS.REQ.ACCOUNT.HUB.CONNZ", "$SYS.REQ.ACCOUNT.HUB.SUBSZ", "$SYS.REQ.CLAIMS.LIST", "$SYS.REQ.SERVER.RELOAD",
)  # fmt: skip


async def ask_all(member: Member, subjects: list[str]) -> list[str]:
    """Send a request to each; the answers that came."""
    answers: list[str] = []

    async def note(message: object) -> None:
        answers.append(str(message))

    inbox = member.client.new_inbox()
    await member.client.subscribe(inbox, cb=note)
    for subject in subjects:
        await member.client.publish(subject, b"", reply=inbox)
    await member.client.flush()
    await asyncio.sleep(0.1)
    return answers


@pytest.mark.parametrize(
    ("account", "subject"),
    [
        ("T_PETROPAVL", "sko.feed.aiyrtau.ticket"),
        ("T_PETROPAVL", "sko.live.handoff.103.aiyrtau.x"),
        ("T_PETROPAVL", "sko.live.return.petropavl.103.x"),
        ("T_PETROPAVL", "sko.live.reply.103.petropavl.x"),
        ("T_PETROPAVL", "sko.mandate.aiyrtau"),
        ("T_PETROPAVL", "sko.alert.59"),
        ("T_PETROPAVL", "ui.petropavl.ticket"),
        ("S103", "sko.live.reply.101.petropavl.x"),
        ("S103", "sko.live.desk.103.petropavl.x"),
        ("S103", "sko.live.return.petropavl.103.x"),
        ("S103", "sko.live.handoff.103.petropavl.x"),
        ("S103", "sko.feed.petropavl.ticket"),
    ],
)
async def test_nobody_speaks_for_another(account: str, subject: str, broker: Broker) -> None:
    async with broker.member(account) as member:
        assert await ask_all(member, [subject]) == []
        assert await member.is_forbidden(f'for publish to "{subject}"')


@pytest.mark.parametrize("account", OUTSIDE)
@pytest.mark.parametrize(
    ("prefix", "known_as"),
    [
        ("$JS.API", "$JS.API"),
        ("$JS.hub.API", "$JS.API"),
        ("hub.API", "hub.API"),
        ("region.API", "region.API"),
    ],
)
async def test_nobody_outside_reads_others_or_makes_changes_purges_or_deletes(
    account: str, prefix: str, known_as: str, broker: Broker
) -> None:
    subjects = [f"{known_as}.{call}" for call in CALLS]
    async with broker.member(account) as member:
        answers = await ask_all(member, [f"{prefix}.{call}" for call in CALLS])
        assert await member.is_forbidden(*(f'for publish to "{subject}"' for subject in subjects))
    assert answers == []


@pytest.mark.parametrize("account", OUTSIDE)
@pytest.mark.parametrize("subject", [">", "sko.>", "hub.>", "$JS.>", "$SYS.>", "ui.>", "wake", "_INBOX_.>"])
async def test_nobody_outside_listens_to_others(account: str, subject: str, broker: Broker) -> None:
    async with broker.member(account) as member:
        await member.client.subscribe(subject)
        assert await member.is_forbidden(f'for subscription to "{subject}"')


FORGED = (
    "$JS.ACK.{stream}.{theirs}.{stream}.{own}.1.1.1",
    "$JS.ACK.{stream}.{theirs}.1.1.1.1.1",
    "$JS.ACK.{stream}.{theirs}.{stream}.{own}.1.1.1.1.1",
    "$JS.ACK.{stream}.{own}.{stream}.{theirs}.1.1.1",
    "$JS.ACK.{stream}.{own}.{stream}.{theirs}.1.1.1.1.1",
    "$JS.ACK.hub.x.{stream}.{theirs}.1.1.1.1.1",
)


@pytest.mark.parametrize("form", FORGED)
@pytest.mark.parametrize(
    ("account", "stream", "own", "theirs", "subject"),
    [
        ("T_PETROPAVL", "RETURN", "petropavl-test", "aiyrtau-test", "sko.test.return.aiyrtau.103"),
        ("S103", "DESK", "103-test", "101-test", "sko.test.desk.101.petropavl"),
    ],
)
async def test_an_acknowledgement_that_names_another_place_brings_nothing_of_it(  # noqa: PLR0917 - a table
    account: str, stream: str, own: str, theirs: str, subject: str, form: str, broker: Broker
) -> None:
    """An ack may ask for the next message; one written to fit two places at once must not."""
    heard: list[bytes] = []

    async def note(message: object) -> None:
        heard.append(getattr(message, "data", b""))

    async with broker.member("HUB") as hub, broker.member(account) as member:
        await hub.streams.publish(f"{subject}.{uuid4()}", b"of another")
        before = await hub.streams.consumer_info(stream, theirs)
        inbox = member.client.new_inbox()
        await member.client.subscribe(inbox, cb=note)
        await member.client.publish(form.format(stream=stream, own=own, theirs=theirs), b"+NXT", reply=inbox)
        await member.client.flush()
        await asyncio.sleep(0.1)
        after = await hub.streams.consumer_info(stream, theirs)
    assert b"of another" not in heard
    assert (after.delivered, after.ack_floor) == (before.delivered, before.ack_floor)


@pytest.mark.parametrize("account", OUTSIDE)
async def test_nobody_outside_reaches_the_system_account(account: str, broker: Broker) -> None:
    async with broker.member(account) as member:
        answers = await ask_all(member, list(SYSTEM))
        assert await member.is_forbidden(*(f'for publish to "{subject}"' for subject in SYSTEM))
    assert answers == []


@pytest.mark.parametrize("account", ["HUB", *INSIDE])
async def test_our_own_accounts_learn_from_the_system_nothing_but_themselves(
    account: str, broker: Broker
) -> None:
    async with broker.member(account) as member:
        events = await member.client.subscribe("$SYS.>")
        answers = await ask_all(member, list(SYSTEM))
        async with broker.member("S101"):
            with pytest.raises(TimeoutError):
                while "CONNECT" not in (await events.next_msg(timeout=0.3)).subject:
                    pass
    others = [name for name in broker.users if name != account]
    assert not [name for name in others if any(f'"{name}"' in answer for answer in answers)]


@pytest.mark.parametrize("account", [*OUTSIDE, *INSIDE])
async def test_what_desks_say_to_each_other_is_reachable_by_the_hub_only(
    account: str, broker: Broker
) -> None:
    subject = f"hub.test.103.petropavl.{uuid4()}"
    async with broker.member("HUB") as hub, broker.member(account) as member:
        before = (await hub.streams.stream_info("CROSS")).state.messages
        with pytest.raises(NOTHING_STORED):
            await member.streams.publish(subject, b"forged", timeout=0.3)
        ack = await hub.streams.publish(subject, b"from desk to desk")
        state = (await hub.streams.stream_info("CROSS")).state
    assert (ack.stream, state.messages) == ("CROSS", before + 1)


@pytest.mark.parametrize("account", [*OUTSIDE, *INSIDE])
async def test_a_relay_is_woken_by_its_own_account_only(account: str, broker: Broker) -> None:
    async with broker.member("HUB") as hub, broker.member(account) as member:
        wakes = await hub.client.subscribe("wake")
        await hub.client.flush()
        await member.client.publish("wake", b"")
        await member.client.flush()
        with pytest.raises(TimeoutError):
            await wakes.next_msg(timeout=0.2)


@pytest.mark.parametrize("account", INSIDE)
async def test_the_other_accounts_of_ours_do_not_reach_the_streams_of_the_hub(
    account: str, broker: Broker
) -> None:
    async with broker.member("HUB") as hub, broker.member(account) as member:
        before = (await hub.streams.stream_info("HANDOFF")).state.messages
        answers = await ask_all(
            member, ["$JS.API.STREAM.INFO.HANDOFF", "$JS.API.CONSUMER.MSG.NEXT.HANDOFF.test"]
        )
        with pytest.raises(NOTHING_STORED):
            await member.streams.publish("sko.live.handoff.103.petropavl.x", b"forged", timeout=0.3)
        after = (await hub.streams.stream_info("HANDOFF")).state.messages
    assert after == before
    assert not [answer for answer in answers if '"config"' in answer]


@pytest.mark.parametrize(
    ("user", "password"),
    [
        ("t_petropavl", "guess"),
        ("t_petropavl", ""),
        ("nobody", "guess"),
        ("hub", "secret-T_PETROPAVL"),
        (None, ""),
    ],
)
async def test_a_wrong_name_or_password_is_refused_and_logged(
    user: str | None, password: str, broker: Broker
) -> None:
    refused = f'authentication error - User "{user}"' if user else "authentication error"
    logged = broker.log.read_text().count(refused)
    async with spoken(broker.url, user, password) as talk:
        assert await talk.hear() == "-ERR 'Authorization Violation'"
        assert await talk.hear() == ""
    assert await broker.logged(refused, times=logged + 1)


async def test_a_message_of_a_megabyte_is_refused_and_logged(broker: Broker) -> None:
    subject = "sko.live.handoff.103.petropavl.large"
    async with spoken(broker.url, **broker.users["T_PETROPAVL"]) as talk:
        assert await talk.hear() == "PONG"
        await talk.say(f"PUB {subject} 1000000\r\n".encode() + b"x" * 1_000_000 + b"\r\n")
        assert await talk.hear() == "-ERR 'Maximum Payload Violation'"
    async with broker.member("HUB") as hub:
        with pytest.raises(NotFoundError):
            await hub.streams.get_last_msg("HANDOFF", subject)
    assert await broker.logged("maximum payload exceeded: 1000000 vs 262144")


async def test_a_refused_word_is_logged_with_who_said_it(broker: Broker) -> None:
    async with broker.member("S103") as ambulance:
        await ambulance.client.publish("sko.live.reply.102.petropavl.logged", b"forged")
        await ambulance.client.flush()
    line = await broker.logged("petropavl.logged")
    assert "user:s103" in line
    assert "Publish Violation" in line
