"""Each error of the catalogue reaches the sender of the message that is wrong, and the next good one passes.

Over real accounts, the real broker and the running hub. `technical` is our own fault and cannot be provoked from
outside; the tests of the consumer show it.
"""

import asyncio
import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from nats.aio.client import Client
from tests.integration.handoff.parties import MODE, Broker, Talk, send, talk

from hub112.contract import FaultCode

Said = dict[str, Any]
Spoil = Callable[[Said], Said]
FRAME: Said = {
    "schema": "sko.handoff/1.0", "mode": MODE, "recipient": {"agency": "kz.sko.103", "service": "103"},
    "sender": {"agency": "kz.sko.petropavl.109", "service": "109", "callback": "+77152109000"},
}  # fmt: skip
INCIDENT: Said = {
    "type": "medical.cardiac", "priority": "P2", "status": "active", "createdAt": "2026-11-22T08:00:00+05:00",
    "location": {"text": {"kk": "Абай көшесі 5"}},
}  # fmt: skip
CREATE: Said = {"kind": "create", "seq": 1, "incident": INCIDENT}


def put(**changes: Any) -> Spoil:
    """Other values in the message."""
    return lambda said: said | changes


def narrative(text: str) -> Spoil:
    return lambda said: said | {"incident": INCIDENT | {"narrative": text}}


BOTH: dict[str, tuple[Spoil, FaultCode]] = {
    "another version": (put(schema="sko.handoff/2.0"), FaultCode.UNSUPPORTED_VERSION),
    "a field nobody knows": (put(colour="red"), FaultCode.INVALID_MESSAGE),
    "larger than the contract": (put(traceparent="x" * 258_000), FaultCode.INVALID_MESSAGE),
    "control characters": (put(traceparent="a\x00b"), FaultCode.INVALID_MESSAGE),
    "another's name": (put(sender={"agency": "kz.sko.102"}), FaultCode.SENDER_MISMATCH),
    "another's recipient": (put(recipient={"agency": "kz.sko.101"}), FaultCode.SENDER_MISMATCH),
    "another mode": (put(mode="live"), FaultCode.SENDER_MISMATCH),
    "another handoff": (put(handoffId=str(uuid4())), FaultCode.SENDER_MISMATCH),
}
FROM_109: dict[str, tuple[Spoil, FaultCode]] = {
    **BOTH,
    "a day that is none": (put(expiresAt="2026-02-30T08:00:00+05:00"), FaultCode.INVALID_MESSAGE),
    "a bell in the text": (narrative("сигнал\x07"), FaultCode.INVALID_MESSAGE),
    "sent after its end": (put(expiresAt="2026-01-01T00:00:00+05:00"), FaultCode.EXPIRED),
    "nowhere and nothing": (
        put(incident=INCIDENT | {"location": {"text": {"ru": " "}}}), FaultCode.INSUFFICIENT_DATA,
    ),
    "of nothing that is here": (put(kind="update"), FaultCode.UNKNOWN_HANDOFF),
}  # fmt: skip


async def raw(client: Client, subject: str, payload: bytes) -> str:
    """Send bytes; the id under which they go."""
    message_id = str(uuid4())
    await client.jetstream().publish(subject, payload, timeout=10, headers={"Nats-Msg-Id": message_id})
    return message_id


async def next_error(broker: Broker, subject: str, about: str) -> FaultCode:
    """The error that comes back about a message."""
    answer = await broker.next(subject)
    assert answer["kind"] == "error", answer
    assert answer["refMessageId"] == about
    return FaultCode(answer["error"]["code"])


async def arrived(broker: Broker) -> Talk:
    """A good handoff passes: it reaches the machine of the desk."""
    about = talk(FRAME, 0)
    said = about.said("109", CREATE)
    await send(broker.dispatch, about.subject("handoff"), said)
    assert (await broker.next(about.subject("desk")))["kind"] == "create"
    return about


async def answered(broker: Broker, about: Talk, kind: str, seq: int, **more: Any) -> None:
    """A good answer of the desk passes: it reaches 109."""
    await send(broker.desk, about.subject("reply"), about.said("103", {"kind": kind, "seq": seq, **more}))
    assert (await broker.next(about.subject("return")))["kind"] == kind


@pytest.mark.parametrize("wrong", FROM_109)
async def test_a_109_hears_what_is_wrong_with_its_handoff(wrong: str, broker: Broker) -> None:
    spoil, code = FROM_109[wrong]
    about = talk(FRAME, 0)
    said = spoil(about.said("109", CREATE))
    await send(broker.dispatch, about.subject("handoff"), said)

    assert await next_error(broker, about.subject("return"), said["messageId"]) is code
    await arrived(broker)


@pytest.mark.parametrize("wrong", BOTH)
async def test_a_desk_hears_what_is_wrong_with_its_answer_and_goes_on(wrong: str, broker: Broker) -> None:
    spoil, code = BOTH[wrong]
    about = await arrived(broker)
    said = spoil(about.said("103", {"kind": "receipt", "seq": 1}))
    await send(broker.desk, about.subject("reply"), said)

    assert await next_error(broker, about.subject("desk"), said["messageId"]) is code
    await answered(broker, about, "receipt", 1 if code is FaultCode.SENDER_MISMATCH else 2)


async def test_bytes_that_are_no_message_are_answered_by_the_id_they_came_with(broker: Broker) -> None:
    about = await arrived(broker)
    for client, subject, back in (
        (broker.dispatch, "handoff", "return"), (broker.desk, "reply", "desk"),
    ):  # fmt: skip
        for payload in (b"{", b"\xff\xfe\x00", b"[]", b"", b"[" * 50_000):
            given = await raw(client, about.subject(subject), payload)
            code = await next_error(broker, about.subject(back), given)
            assert code is FaultCode.UNRECOGNISED_FORMAT, payload[:10]

    await answered(broker, about, "receipt", 1)


async def test_the_id_inside_a_broken_message_is_the_one_that_is_answered(broker: Broker) -> None:
    about = await arrived(broker)
    said = about.said("103", {"kind": "receipt", "seq": 1})
    said = {"messageId": said.pop("messageId"), **said}
    await raw(broker.desk, about.subject("reply"), json.dumps(said).encode()[:120])

    code = await next_error(broker, about.subject("desk"), said["messageId"])
    assert code is FaultCode.UNRECOGNISED_FORMAT


async def test_a_stale_number_changes_nothing_for_either_side(broker: Broker) -> None:
    about = await arrived(broker)
    await answered(broker, about, "receipt", 1)

    stale = about.said("103", {"kind": "seen", "seq": 1})
    await send(broker.desk, about.subject("reply"), stale)
    code = await next_error(broker, about.subject("desk"), stale["messageId"])
    assert code is FaultCode.WRONG_SEQUENCE

    stale = about.said("109", {"kind": "update", "seq": 1, "incident": INCIDENT})
    await send(broker.dispatch, about.subject("handoff"), stale)
    code = await next_error(broker, about.subject("return"), stale["messageId"])
    assert code is FaultCode.WRONG_SEQUENCE
    await answered(broker, about, "seen", 2)


async def test_a_repeated_message_is_worked_once_and_answered_by_nobody(broker: Broker) -> None:
    about = await arrived(broker)
    said = about.said("103", {"kind": "receipt", "seq": 1})
    for header in (said["messageId"], str(uuid4())):  # as a retry, and as a stream that forgot the first
        headers = {"Nats-Msg-Id": header}
        payload = json.dumps(said).encode()
        await broker.desk.jetstream().publish(about.subject("reply"), payload, headers=headers)
    assert (await broker.next(about.subject("return")))["kind"] == "receipt"

    await answered(broker, about, "seen", 2)


async def test_a_handoff_that_is_there_already_is_not_made_again(broker: Broker) -> None:
    about = await arrived(broker)
    again = about.said("109", CREATE)
    await send(broker.dispatch, about.subject("handoff"), again)

    code = await next_error(broker, about.subject("return"), again["messageId"])
    assert code is FaultCode.CASE_EXISTS
    await answered(broker, about, "receipt", 1)


async def test_what_is_not_possible_now_is_said_so(broker: Broker) -> None:
    about = await arrived(broker)
    early = about.said("103", {"kind": "close", "seq": 1, "reply": {"reason": "дайын"}})
    await send(broker.desk, about.subject("reply"), early)
    code = await next_error(broker, about.subject("desk"), early["messageId"])
    assert code is FaultCode.WRONG_STATE

    early = about.said("109", {"kind": "reopen", "seq": 2, "incident": INCIDENT})
    await send(broker.dispatch, about.subject("handoff"), early)
    code = await next_error(broker, about.subject("return"), early["messageId"])
    assert code is FaultCode.WRONG_STATE
    await answered(broker, about, "receipt", 2)


async def test_a_service_that_does_not_exist_is_unroutable(broker: Broker) -> None:
    about = talk(FRAME, 0)
    said = about.said("109", CREATE)
    await send(broker.dispatch, about.subject("handoff").replace(".103.", ".105."), said)

    back = about.subject("return").replace(".103.", ".112.")
    assert await next_error(broker, back, said["messageId"]) is FaultCode.UNROUTABLE
    await arrived(broker)


async def test_a_109_that_is_not_connected_hears_that(broker: Broker, environment: dict[str, str]) -> None:
    superuser = await asyncpg.connect(environment["POSTGRES_DSN"].rpartition("/")[0] + "/hub")
    set_active = "UPDATE hub.agency SET active = $1 WHERE slug = 'petropavl'"
    about = talk(FRAME, 0)
    said = about.said("109", CREATE)
    try:
        await superuser.execute(set_active, False)
        await send(broker.dispatch, about.subject("handoff"), said)
        code = await next_error(broker, about.subject("return"), said["messageId"])
    finally:
        await superuser.execute(set_active, True)
        await superuser.close()

    assert code is FaultCode.UNKNOWN_SENDER
    await arrived(broker)


async def test_an_error_never_answers_an_error(broker: Broker) -> None:
    about = await arrived(broker)
    wrong = about.said(
        "103", {"kind": "error", "seq": 1, "error": {"code": 10, "text": "?"}, "colour": "red"}
    )
    await send(broker.desk, about.subject("reply"), wrong)
    await raw(broker.desk, about.subject("reply"), b'{"kind": "error", ')
    await asyncio.sleep(1)

    heard = [broker.heard.get_nowait() for _ in range(broker.heard.qsize())]
    assert [message.data for message in heard if b'"error"' in message.data] == []
    await answered(broker, about, "receipt", 1)
