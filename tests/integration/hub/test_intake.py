"""What 109 says takes effect once and in order; what cannot is put aside and its sender told why."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from tests.hub_makers import (
    TENANT,
    accepted,
    ago,
    at_desk,
    delivery,
    envelope,
    handed_over,
    heard,
    incident,
    machine,
    next_of,
    outbox,
    put_aside,
    reply,
    stands,
    told,
)

from chassis109.bus.consumer import NotYet
from chassis109.kernel import clock
from chassis109.kernel.ids import uuid7
from hub112.contract import Note, stamp
from hub112.desks import reading
from hub112.desks import service as desks

pytestmark = pytest.mark.usefixtures("hub")


async def test_a_handoff_reaches_its_desk_with_everything_that_was_said() -> None:
    first = await handed_over()
    here = await stands(first)

    assert (here.state, here.sender, here.service, here.priority) == ("dispatched", TENANT, "103", "P0")
    assert here.incident == first.incident
    assert (here.operator, here.callback_phone) == ("u-17", "+77152109000")
    assert (here.decide_by - here.receipt_by).total_seconds() == 20
    assert here.due_at == here.receipt_by


async def test_the_clocks_run_from_when_the_stream_had_the_message() -> None:
    first = envelope(sent_at=stamp(ago(300)))
    at = ago(2)
    await heard(delivery(first, at=at))

    here = await stands(first)
    assert (here.receipt_by - at).total_seconds() == 10
    assert here.sent_at < at


async def test_a_desk_has_clocks_of_its_own_for_all_and_for_one_sender(superuser: asyncpg.Connection) -> None:
    add = "INSERT INTO hub.clock VALUES (102, $1, 'P1', $2, $3, $4, $5, 99)"
    await superuser.execute(add, "*", 11, 22, 33, 44)
    await superuser.execute(add, "aiyrtau", 5, 6, 7, 8)
    urgent = incident(priority="P1")
    city = await handed_over(service="102", incident=urgent)
    district = await handed_over(service="102", tenant="aiyrtau", incident=urgent)
    other = await handed_over(service="102")

    def seconds(h: object) -> list[float]:
        return [
            (getattr(h, f"{name}_by") - h.receipt_by).total_seconds()  # type: ignore[attr-defined]
            for name in ("seen", "decide", "region")
        ]

    assert seconds(await stands(city)) == [11, 22, 33]
    assert seconds(await stands(district)) == [1, 2, 3]
    assert seconds(await stands(other)) == [10, 20, 50]
    assert (await stands(city)).unit_seconds == 99


async def test_a_repeated_message_changes_nothing(superuser: asyncpg.Connection) -> None:
    first = envelope()
    assert await heard(first)
    assert not await heard(first)
    again = delivery(first, message_id=uuid7())  # the same message under another Nats-Msg-Id
    assert await heard(again)

    assert (await stands(first)).version == 1
    assert await outbox(superuser, first.handoff_id) == []


async def test_new_data_reach_the_desk_before_it_has_answered(superuser: asyncpg.Connection) -> None:
    one = Note(at=stamp(ago(60)), text="Код домофона 15")
    two = Note(at=stamp(ago(10)), text="Спускаются сами")
    first = await handed_over(incident=incident(notes=[one]))
    later = incident(narrative="Стало хуже", notes=[two])
    await heard(next_of(first, "update", 2, incident=later))

    here = await stands(first)
    await desks.receipt(first.handoff_id, machine())
    assert [s.envelope.seq for s in await outbox(superuser, first.handoff_id)] == [1]
    assert (here.state, here.version, here.last_seq) == ("dispatched", 2, 2)
    assert here.incident.narrative == "Стало хуже"
    assert here.incident.notes == [one, two]
    assert [s.envelope.kind for s in await outbox(superuser, first.handoff_id, "desk")] == [
        "create",
        "update",
    ]


async def test_of_notes_without_end_the_latest_stay() -> None:
    first = await handed_over()
    notes = [Note(at=stamp(ago(400 - n)), text=f"№{n}") for n in range(300)]
    for seq in (2, 3):
        await heard(next_of(first, "update", seq, incident=incident(notes=notes[150 * (seq - 2) :][:150])))

    assert (await stands(first)).incident.notes == notes[100:]


async def test_what_becomes_more_urgent_is_due_sooner() -> None:
    first = await handed_over(incident=incident(priority="P3"))
    slow = await stands(first)
    await heard(next_of(first, "update", 2, incident=incident(priority="P0")))
    fast = await stands(first)
    await heard(next_of(first, "update", 3, incident=incident(priority="P2")))
    after = await stands(first)

    assert fast.decide_by < slow.decide_by
    assert (after.priority, after.decide_by) == ("P2", fast.decide_by)


async def test_a_handoff_that_nobody_accepted_is_cancelled_at_once() -> None:
    first = await handed_over()
    await heard(next_of(first, "cancel", 2, reply=reply(reason="Нашёлся")))

    here = await stands(first)
    assert (here.state, here.due_at) == ("cancelled", None)
    assert (await reading.card(here.id, at_desk())).steps[-1].note == "Нашёлся"


async def test_a_reopened_handoff_asks_for_everything_again(superuser: asyncpg.Connection) -> None:
    first, by = await accepted()
    await desks.close(first.handoff_id, by, "Помощь оказана")
    again = next_of(first, "reopen", 2)
    await heard(again)

    here = await stands(first)
    assert (here.state, here.receipt_at, here.decided_by, here.ended_at) == ("dispatched", None, None, None)
    assert (here.ref_message_id, here.rung) == (again.message_id, 0)
    assert here.receipt_by > clock.now()
    await desks.see(first.handoff_id, by)
    assert (await outbox(superuser, first.handoff_id))[-1].envelope.ref_message_id == again.message_id


async def test_a_reopening_that_comes_right_behind_its_late_handoff_finds_it_expired(
    superuser: asyncpg.Connection,
) -> None:
    first = await handed_over(
        sent_at=stamp(ago(1000)), expires_at=stamp(ago(100))
    )  # the line was dead so long
    again = next_of(first, "reopen", 2)
    await heard(again)

    here = await stands(first)
    assert (here.state, here.ref_message_id) == ("dispatched", again.message_id)
    assert here.expires_at > clock.now()
    assert await told(superuser, again) == ""
    steps = (await reading.card(here.id, at_desk())).steps
    assert [(step.event, step.side) for step in steps] == [
        ("dispatch", "hub"), ("expire", "109"), ("reopen", "109"),
    ]  # fmt: skip


async def test_what_becomes_more_urgent_expires_when_109_says() -> None:
    first = await handed_over(incident=incident(priority="P2"), expires_at=stamp(ago(-3600)))
    soon = ago(-900)
    await heard(next_of(first, "update", 2, expires_at=stamp(soon)))

    assert abs((await stands(first)).expires_at - soon) < timedelta(seconds=1)


async def test_a_handoff_that_ended_more_than_a_day_ago_stays_ended(superuser: asyncpg.Connection) -> None:
    first, by = await accepted()
    with clock.frozen(datetime.now(UTC) - timedelta(hours=25)):
        await desks.close(first.handoff_id, by, "Помощь оказана")
    again = next_of(first, "reopen", 2)
    await heard(again)

    assert (await stands(first)).state == "closed"
    assert await told(superuser, again) == "wrong_state"


async def test_the_test_of_a_shift_is_answered_at_once_and_no_board_shows_it(
    superuser: asyncpg.Connection,
) -> None:
    trial = envelope("test")
    await heard(trial)

    answers = await outbox(superuser, trial.handoff_id)
    assert [(a.envelope.kind, a.envelope.ref_message_id) for a in answers] == [("receipt", trial.message_id)]
    assert await superuser.fetchval("SELECT count(*) FROM hub.handoff WHERE id = $1", trial.handoff_id) == 0


async def test_a_message_that_came_too_early_waits_for_those_before_it() -> None:
    first = await handed_over()
    third = next_of(first, "note", 3, reply=reply(reason="третье"))
    with pytest.raises(NotYet):
        await heard(third)
    await heard(next_of(first, "note", 2, reply=reply(reason="второе")))
    await heard(third)

    notes = [s.note for s in (await reading.card(first.handoff_id, at_desk())).steps if s.event == "note"]
    assert notes == ["второе", "третье"]


async def test_after_five_seconds_a_message_is_taken_and_the_gap_named() -> None:
    first = await handed_over()
    await heard(delivery(next_of(first, "update", 4), at=ago(9)))

    steps = (await reading.card(first.handoff_id, at_desk())).steps
    assert [(s.event, s.detail) for s in steps[1:]] == [("gap", {"first": 2, "last": 3}), ("update", {})]
    assert (await stands(first)).last_seq == 4


async def test_a_message_before_its_create_waits_for_it_and_then_is_unknown(
    superuser: asyncpg.Connection,
) -> None:
    first = envelope()
    second = next_of(first, "cancel", 2)
    with pytest.raises(NotYet):
        await heard(second)
    await heard(delivery(second, at=ago(9)))

    assert await told(superuser, second) == "unknown_handoff"


async def test_behind_its_time_a_message_is_told_so_and_changes_nothing(
    superuser: asyncpg.Connection,
) -> None:
    first = await handed_over()
    await heard(next_of(first, "note", 2, reply=reply(reason="раз")))
    stale = next_of(first, "cancel", 2)
    await heard(stale)

    assert await told(superuser, stale) == "wrong_sequence"
    assert (await stands(first)).state == "dispatched"
    assert await put_aside(superuser, stale.message_id) == "wrong_sequence"
