"""What cannot take effect is put aside in sight, and its sender is told why by the catalogue."""

from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest
from msgspec.structs import replace as with_
from tests.hub_makers import (
    TENANT,
    accepted,
    at_desk,
    delivery,
    envelope,
    handed_over,
    heard,
    incident,
    next_of,
    outbox,
    put_aside,
    reply,
    stands,
    subject_of,
    told,
)

from chassis109.kernel import clock
from chassis109.kernel.ids import uuid7
from chassis109.store.unit import transaction
from hub112.contract import Envelope, Location, Party, Text, encode, stamp
from hub112.desks import reading
from hub112.desks import service as desks
from hub112.intake import handlers

pytestmark = pytest.mark.usefixtures("hub")


BLANK = incident(narrative="", location=Location(text=Text(ru=" ")))
ALIEN = Party(agency="kz.sko.aiyrtau.109", service="109")


def wrong() -> list[tuple[str, Envelope, str]]:
    """(error, message, subject if it is not the message's own)."""
    now = clock.now()
    good = envelope()
    here = subject_of(good)
    return [
        ("sender_mismatch", envelope(sender=ALIEN), ""),
        ("sender_mismatch", with_(good, mode="exercise"), here),
        ("sender_mismatch", with_(good, handoff_id=uuid4()), here),
        ("sender_mismatch", with_(good, recipient=Party(agency="kz.sko.101", service="101")), here),
        ("sender_mismatch", envelope(incident_id="kz.sko.aiyrtau.2026.000001"), ""),
        ("expired", envelope(sent_at=stamp(now), expires_at=stamp(now - timedelta(seconds=1))), ""),
        ("insufficient_data", envelope(incident=BLANK), ""),
        ("unknown_handoff", envelope("cancel"), ""),
        ("unknown_sender", envelope(tenant="nowhere"), ""),
    ]


@pytest.mark.parametrize("number", range(len(wrong())))
async def test_what_is_refused_is_put_aside_and_answered_by_its_error(
    number: int, superuser: asyncpg.Connection
) -> None:
    error, said, subject = wrong()[number]
    tenant = said.sender.agency.split(".")[2]
    subject = subject or subject_of(said).replace(
        f".{tenant}.", f".{TENANT if said.sender == ALIEN else tenant}."
    )
    await heard(delivery(said, subject))

    row = await superuser.fetchrow("SELECT subject, payload FROM chassis.outbox ORDER BY id DESC LIMIT 1")
    mode, _, service, sender, handoff = subject.split(".")[1:]
    assert row["subject"] == f"sko.{mode}.return.{sender}.{service}.{handoff}"
    assert f'"name":"{error}"' in row["payload"].decode()
    assert f'"refMessageId":"{said.message_id}"' in row["payload"].decode()
    assert await put_aside(superuser, said.message_id) == error


@pytest.mark.parametrize(
    ("payload", "error"),
    [
        (b"{", "unrecognised_format"),
        (b"\xff\xfe", "unrecognised_format"),
        (b'{"messageId":"%s","schema":"sko.handoff/9.9"}', "unsupported_version"),
        (b'{"messageId":"%s","schema":"sko.handoff/1.0","kind":"create"}', "invalid_message"),
        (encode(envelope(incident=incident(narrative="a"))).replace(b'"a"', b'"\\u0007"'), "invalid_message"),
    ],
)
async def test_even_a_message_that_does_not_parse_is_answered_by_its_id(
    payload: bytes, error: str, superuser: asyncpg.Connection
) -> None:
    named = uuid7()
    payload = payload.replace(b"%s", str(named).encode())
    handoff = uuid4()
    brought = delivery(payload, f"sko.live.handoff.103.{TENANT}.{handoff}")
    await heard(brought)

    (answer,) = await outbox(superuser, handoff)
    assert answer.envelope.error is not None
    assert answer.envelope.error.name == error
    if b"messageId" not in payload:
        assert answer.envelope.ref_message_id == brought.message_id
    elif str(named).encode() in payload:
        assert answer.envelope.ref_message_id == named
    assert await put_aside(superuser, brought.message_id) == error


async def test_what_is_meant_for_no_desk_is_answered_by_the_duty_desk(superuser: asyncpg.Connection) -> None:
    said = envelope()
    await heard(delivery(said, f"sko.live.handoff.999.{TENANT}.{said.handoff_id}"))
    assert await told(superuser, said) == "unroutable"

    lost = envelope()
    await heard(delivery(lost, f"sko.live.handoff.103.{TENANT}.not-an-id"))
    (answer,) = await outbox(superuser, UUID(int=0))
    assert answer.envelope.error is not None
    assert (answer.envelope.error.name, answer.envelope.ref_message_id) == ("unroutable", lost.message_id)


async def test_a_closed_desk_is_unroutable(superuser: asyncpg.Connection) -> None:
    from tenancy109 import directory  # noqa: PLC0415

    await superuser.execute("UPDATE tenancy.tenant SET active = false, version = version + 1 WHERE id = 104")
    directory.forget()
    said = envelope(service="104")
    await heard(said)
    await superuser.execute("UPDATE tenancy.tenant SET active = true, version = version + 1 WHERE id = 104")
    directory.forget()

    assert await told(superuser, said) == "unroutable"


async def test_a_109_that_was_closed_is_an_unknown_sender(superuser: asyncpg.Connection) -> None:
    await superuser.execute("UPDATE hub.agency SET active = false WHERE slug = 'esil'")
    said = envelope(tenant="esil")
    await heard(said)

    assert await told(superuser, said) == "unknown_sender"


async def test_a_second_create_of_a_handoff_is_refused(superuser: asyncpg.Connection) -> None:
    first = await handed_over()
    second = next_of(first, "create", 2, incident=incident(narrative="другое"))
    await heard(second)

    assert await told(superuser, second) == "case_exists"
    assert (await stands(first)).incident == first.incident


async def test_what_a_state_does_not_allow_is_refused_and_keeps_its_place(
    superuser: asyncpg.Connection,
) -> None:
    first, by = await accepted()
    await desks.close(first.handoff_id, by, "Помощь оказана")
    update = next_of(first, "update", 2)
    await heard(update)
    await heard(next_of(first, "note", 3, reply=reply(reason="дальше")))

    sent = await outbox(superuser, first.handoff_id)
    assert await told(superuser, update) == "wrong_state"
    assert [s.envelope.seq for s in sent] == list(range(1, len(sent) + 1))
    assert (await stands(first)).last_seq == 3


async def test_a_good_message_need_not_wait_for_a_bad_one_before_it(superuser: asyncpg.Connection) -> None:
    first = await handed_over()
    bad = next_of(first, "note", 2, reply=reply(reason="a"))
    await heard(delivery(encode(bad).replace(b'"a"', b'"\\u0001"'), subject_of(bad)))
    await heard(next_of(first, "note", 3, reply=reply(reason="хорошее")))

    assert await told(superuser, bad) == "invalid_message"
    assert (await reading.card(first.handoff_id, at_desk())).steps[-1].note == "хорошее"


async def test_a_109_does_not_speak_for_a_desk(superuser: asyncpg.Connection) -> None:
    first = await handed_over()
    for seq, kind in enumerate(("accept", "close", "unit"), 2):
        said = next_of(first, kind, seq, ref_message_id=uuid7(), units=[])
        await heard(said)
        assert await told(superuser, said) == "invalid_message"

    assert (await stands(first)).state == "dispatched"


async def test_an_error_answers_no_error(superuser: asyncpg.Connection) -> None:
    first = await handed_over()
    unknown = envelope("error", ref_message_id=uuid7())
    await heard(unknown)
    broken = encode(next_of(first, "error", 2)).replace(b'"seq":2', b'"seq":-2')
    await heard(delivery(broken, subject_of(first)))
    answered = next_of(first, "error", 2, ref_message_id=uuid7(), error={"code": 35, "text": "поздно"})
    await heard(delivery(encode(answered), subject_of(first)))

    assert await outbox(superuser, unknown.handoff_id) == []
    assert await outbox(superuser, first.handoff_id) == []
    step = (await reading.card(first.handoff_id, at_desk())).steps[-1]
    assert (step.event, step.note, step.detail) == ("error", "поздно", {"code": 35})


async def test_what_fails_again_and_again_is_told_as_a_technical_error(superuser: asyncpg.Connection) -> None:
    first = await handed_over()
    said = next_of(first, "note", 2, reply=reply(reason="x"))
    async with transaction(103):
        await handlers.give_up(delivery(said), "RuntimeError")

    (answer,) = await outbox(superuser, first.handoff_id)
    assert answer.envelope.error is not None
    assert (answer.envelope.error.name, answer.envelope.error.retryable) == ("technical", True)


async def test_a_desk_sees_what_was_put_aside() -> None:
    said = envelope(service="101", incident=BLANK)
    await heard(said)

    aside = await reading.put_aside(at_desk("101"))
    assert [(p.message_id, p.error) for p in aside] == [(said.message_id, "insufficient_data")]
    assert aside[0].size == len(encode(said))
