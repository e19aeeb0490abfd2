"""What the machine of a service says is the desk's own word; what it may not say is answered by its error."""

from uuid import uuid4

import asyncpg
import pytest
from msgspec.structs import replace as with_
from tests.hub_makers import (
    accepted,
    ago,
    answer,
    at_desk,
    crew,
    delivery,
    envelope,
    handed_over,
    heard,
    incident,
    next_of,
    outbox,
    reply,
    stands,
    subject_of,
    told,
)

from chassis109.bus.consumer import NotYet
from chassis109.kernel.ids import uuid7
from chassis109.store.unit import transaction
from hub112.contract import Envelope, Party, encode
from hub112.desks import reading
from hub112.desks import service as desks
from hub112.replies import handlers

pytestmark = pytest.mark.usefixtures("hub")


async def told_machine(superuser: asyncpg.Connection, about: Envelope) -> str:
    """The error that answered a machine's message."""
    return await told(superuser, about, "desk")


async def test_a_machine_works_a_handoff_from_receipt_to_close(superuser: asyncpg.Connection) -> None:
    first = await handed_over()
    await heard(answer(first, "receipt", 1))
    await heard(answer(first, "seen", 2))
    await heard(answer(first, "accept", 3, reply=reply(external_id="CAD-9")))
    await heard(answer(first, "unit", 4, units=[crew("assigned"), crew("departed", "A-8")]))
    await heard(answer(first, "note", 5, reply=reply(reason="Пробка на мосту")))
    await heard(answer(first, "close", 6, reply=reply(reason="Госпитализирован")))

    here = await stands(first)
    returned = [s.envelope for s in await outbox(superuser, first.handoff_id)]
    assert (here.state, here.external_id, here.decided_by) == ("closed", "CAD-9", "CAD 103")
    assert here.last_reply_seq == 6
    assert [said.kind for said in returned] == ["receipt", "seen", "accept", "unit", "unit", "note", "close"]
    assert [said.seq for said in returned] == list(range(1, 8))
    assert [s.envelope.kind for s in await outbox(superuser, first.handoff_id, "desk")] == ["create"]


async def test_a_machine_declines_defers_forwards_and_confirms(superuser: asyncpg.Connection) -> None:
    first = await handed_over()
    await heard(answer(first, "receipt", 1))
    await heard(answer(first, "defer", 2, reply=reply(eta_minutes=10)))
    to = Party(agency="kz.sko.102", service="102")
    await heard(answer(first, "transfer", 3, incident=incident(), reply=reply(forward_to=to, reason="Драка")))
    await heard(answer(first, "decline", 4, reply=reply(reason_code="wrong_service", forward_to=to)))
    assert (await stands(first)).state == "declined"

    second, _ = await accepted()
    await heard(next_of(second, "cancel", 2))
    await heard(answer(second, "cancel", 1))
    assert (await stands(second)).state == "cancelled"
    assert await told_machine(superuser, second) == ""


async def test_what_a_machine_says_too_early_waits(superuser: asyncpg.Connection) -> None:
    first = await handed_over()
    accept = answer(first, "accept", 2)
    with pytest.raises(NotYet):
        await heard(accept)
    await heard(answer(first, "receipt", 1))
    await heard(accept)
    assert (await stands(first)).state == "accepted"

    await heard(delivery(answer(first, "note", 5, reply=reply(reason="x")), at=ago(9)))
    steps = (await reading.card(first.handoff_id, at_desk())).steps
    assert [(s.event, s.detail) for s in steps[-2:]] == [("gap", {"first": 3, "last": 4}), ("note", {})]
    assert await told_machine(superuser, accept) == ""


async def test_a_repeated_reply_changes_nothing_and_a_stale_one_is_told(
    superuser: asyncpg.Connection,
) -> None:
    first = await handed_over()
    receipt = answer(first, "receipt", 1)
    assert await heard(receipt)
    assert not await heard(receipt)
    stale = answer(first, "seen", 1)
    await heard(stale)

    assert await told_machine(superuser, stale) == "wrong_sequence"
    assert (await stands(first)).state == "received"


@pytest.mark.parametrize(
    ("kind", "said", "error"),
    [
        ("accept", {}, "wrong_state"),
        ("close", {"reply": reply(reason="x")}, "wrong_state"),
        ("cancel", {}, "wrong_state"),
        ("unit", {"units": [crew()]}, "wrong_state"),
        ("decline", {"reply": reply(reason_code="other")}, "invalid_message"),
        ("defer", {"reply": reply(eta_minutes=0)}, "invalid_message"),
        ("defer", {}, "invalid_message"),
        ("close", {}, "invalid_message"),
        ("note", {}, "invalid_message"),
        ("transfer", {"incident": incident(), "reply": reply(reason="x")}, "invalid_message"),
        ("unit", {"units": [crew(), crew(unit_id=" ")]}, "invalid_message"),
        ("update", {}, "invalid_message"),
        ("test", {}, "invalid_message"),
    ],
)
async def test_what_a_desk_may_not_say_now_is_answered_and_the_next_good_message_passes(
    kind: str, said: dict[str, object], error: str, superuser: asyncpg.Connection
) -> None:
    first = await handed_over()
    bad = answer(first, kind, 1, **said)
    await heard(bad)
    await heard(answer(first, "receipt", 2))

    assert await told_machine(superuser, bad) == error
    assert (await stands(first)).state == "received"
    aside = await reading.put_aside(at_desk())
    assert bad.message_id in {message.message_id for message in aside}
    assert [s.envelope.seq for s in await outbox(superuser, first.handoff_id, "desk")] == [1, 2]


@pytest.mark.parametrize(
    "change",
    [
        {"sender": Party(agency="kz.sko.101", service="101")},
        {"recipient": Party(agency="kz.sko.aiyrtau.109", service="109")},
        {"handoff_id": uuid4()},
        {"mode": "test"},
    ],
)
async def test_a_machine_that_says_other_than_its_subject_is_refused(
    change: dict[str, object], superuser: asyncpg.Connection
) -> None:
    first = await handed_over()
    good = answer(first, "receipt", 1)
    await heard(delivery(with_(good, **change), subject_of(good)))

    assert await told_machine(superuser, good) == "sender_mismatch"
    assert (await stands(first)).state == "dispatched"


async def test_a_desk_cannot_answer_for_another_desk_nor_learn_that_it_has_the_handoff(
    superuser: asyncpg.Connection,
) -> None:
    theirs = await handed_over(service="101")
    mine = Party(agency="kz.sko.103", service="103")
    attack = answer(theirs, "receipt", 1, sender=mine)
    await heard(attack)
    nothing = answer(envelope(), "receipt", 1)
    await heard(nothing)

    assert (await stands(theirs)).state == "dispatched"
    errors = await superuser.fetch(
        "SELECT subject, payload FROM chassis.outbox WHERE tenant_id = 103 ORDER BY id DESC LIMIT 2"
    )
    texts = [row["payload"].decode().split('"error":')[1] for row in errors]
    assert texts[0] == texts[1]
    assert "unknown_handoff" in texts[0]
    assert all(row["subject"].startswith("sko.live.desk.103.") for row in errors)


async def test_an_error_of_a_machine_stands_in_the_history_and_is_not_answered(
    superuser: asyncpg.Connection,
) -> None:
    first = await handed_over()
    said = answer(first, "error", 1, ref_message_id=uuid7(), error={"code": 12, "text": "не понял"})
    await heard(delivery(encode(said), subject_of(said)))

    step = (await reading.card(first.handoff_id, at_desk())).steps[-1]
    assert (step.event, step.side, step.note) == ("error", "desk", "не понял")
    assert len(await outbox(superuser, first.handoff_id, "desk")) == 1
    assert await outbox(superuser, first.handoff_id) == []


async def test_a_person_and_a_machine_work_the_same_handoff(superuser: asyncpg.Connection) -> None:
    first = await handed_over()
    await heard(answer(first, "receipt", 1))
    await desks.see(first.handoff_id, at_desk())
    await heard(answer(first, "accept", 2, reply=reply(external_id="CAD-1")))

    heard_by_machine = [s.envelope.kind for s in await outbox(superuser, first.handoff_id, "desk")]
    assert heard_by_machine == ["create", "seen"]
    assert (await stands(first)).state == "accepted"


async def test_what_fails_again_and_again_is_told_as_a_technical_error(superuser: asyncpg.Connection) -> None:
    first = await handed_over()
    said = answer(first, "receipt", 1)
    async with transaction(103):
        await handlers.give_up(delivery(said), "RuntimeError")

    assert await told_machine(superuser, said) == "technical"
