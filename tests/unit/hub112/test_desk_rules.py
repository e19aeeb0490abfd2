"""The rules of a handoff at its desk: what it allows, when somebody must look again, what a reopening forgets."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace as with_
from tests.hub_makers import incident

from chassis109.kernel import chain
from hub112.contract import CLOCKS, LADDER, MOVES, Clocks, Event, Location, Note, Point, Side, State, Text
from hub112.desks import model
from hub112.desks.arrival import desk_of
from hub112.desks.model import EXPIRING, RUNGS, Handoff, WrongState
from hub112.desks.reading import others
from hub112.intake.beginning import sufficient
from hub112.intake.service import united

START = datetime(2026, 11, 22, 17, 0, tzinfo=UTC)
INCIDENT = incident()
AT_A_DESK = [state for state in State if state not in {State.CREATED, State.FAILED}]


def handoff(**changes: Any) -> Handoff:
    """A handoff that stands in no database."""
    usual = Handoff(
        tenant_id=103, id=UUID(int=1), number=17, mode="live", sender="petropavl",
        incident_id="kz.sko.petropavl.2026.000001", parent_id=None, parent_desk=None, relation=None,
        state=State.DISPATCHED, version=1, priority="P0", incident=INCIDENT, operator="", callback_phone="",
        sent_at=START, arrived_at=START, expires_at=START + timedelta(seconds=900),
        **model.deadlines(CLOCKS["P0"], START), receipt_at=None, seen_at=None, decided_at=None, decided_by=None,
        deferred_until=None, unit_at=None, ended_at=None, late=False, cancel_requested=False, reason_code=None,
        reason=None, forward_to=None, external_id=None, disposition=None, ref_message_id=UUID(int=2), last_seq=1,
        last_reply_seq=0, return_seq=0, desk_seq=0, events=1, chain=chain.START, rung=0, due_at=None,
    )  # fmt: skip
    return replace(usual, **changes)


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


@pytest.mark.parametrize("event", Event)
def test_a_handoff_moves_as_the_contract_says_and_refuses_the_rest(event: Event) -> None:
    for state, side in product(State, Side):
        held = handoff(state=state)
        if (to := MOVES.get((state, event, side))) is not None:
            assert held.after(event, side) is to
        else:
            with pytest.raises(WrongState) as refused:
                held.after(event, side)
            assert refused.value.members()["state"] == state.value


def test_who_comes_too_late_is_told_who_decided_and_when() -> None:
    taken = handoff(state=State.ACCEPTED, version=4, decided_by="Серік", decided_at=START)

    assert WrongState(taken).members() == {
        "state": "accepted", "version": 4, "decided_by": "Серік", "decided_at": "2026-11-22T17:00:00+00:00",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "rung", "seconds"),
    [
        ({}, "receipt", 10),
        ({"receipt_at": START}, "seen", 20),
        ({"receipt_at": START, "seen_at": START}, "decide", 30),
        ({"rung": 1}, "seen", 20),
        ({"rung": 3}, "region", 60),
    ],
)
def test_the_next_rung_is_the_first_that_is_not_met(changes: dict[str, Any], rung: str, seconds: int) -> None:
    assert handoff(**changes).next_rung() == (rung, after(seconds))


def test_above_the_ladder_only_its_end_is_waited_for() -> None:
    climbed = handoff(rung=4)

    assert (climbed.next_rung(), climbed.next_due()) == (None, climbed.expires_at)


def test_a_handoff_that_expires_before_its_rung_is_due_then() -> None:
    assert handoff(rung=3, expires_at=after(40)).next_due() == after(40)


@pytest.mark.parametrize(
    "state", [State.CLOSED, State.DECLINED, State.CANCELLED, State.TRANSFERRED, State.EXPIRED]
)
def test_what_has_ended_or_expired_has_no_clock(state: State) -> None:
    assert handoff(state=state).next_due() is None


def test_an_answered_handoff_owes_a_crew_and_a_deferred_one_a_word_each_once() -> None:
    accepted = handoff(state=State.ACCEPTED, decided_at=START)
    deferred = handoff(state=State.DEFERRED, deferred_until=after(600), rung=4)

    assert accepted.next_rung() == ("unit", after(60))
    assert replace(accepted, unit_at=START).next_due() is None
    assert replace(accepted, rung=RUNGS.index("unit") + 1).next_due() is None
    assert deferred.next_rung() == ("deferral", after(600))
    assert replace(deferred, rung=RUNGS.index("deferral") + 1).next_due() is None
    assert replace(accepted, rung=RUNGS.index("deferral") + 1).next_rung() == ("unit", after(60))


@given(
    state=st.sampled_from(AT_A_DESK),
    rung=st.integers(0, len(RUNGS)),
    received=st.booleans(),
    seen=st.booleans(),
    crew=st.booleans(),
)
def test_climbing_always_comes_to_an_end(
    state: State, rung: int, received: bool, seen: bool, crew: bool
) -> None:
    held = handoff(
        state=state, rung=rung, receipt_at=START if received else None, seen_at=START if seen else None,
        decided_at=START, deferred_until=after(5), unit_at=START if crew else None,
    )  # fmt: skip
    climbed: list[str] = []
    while (due := held.next_rung()) is not None:
        held = replace(held, rung=RUNGS.index(due[0]) + 1)
        climbed.append(due[0])

    assert climbed == sorted(set(climbed), key=RUNGS.index)
    assert held.next_due() == (held.expires_at if state in EXPIRING else None)


@pytest.mark.parametrize("priority", CLOCKS)
def test_the_deadlines_of_every_priority_rise_with_the_ladder(priority: str) -> None:
    deadlines = model.deadlines(CLOCKS[priority], START)

    moments = [deadlines[f"{name}_by"] for name in LADDER]
    assert moments == sorted(moments)
    assert moments[0] > START


def test_no_deadline_moves_back_when_an_emergency_becomes_more_urgent() -> None:
    slow = handoff(**model.deadlines(CLOCKS["P3"], START))
    own = Clocks(hub=5, receipt=100, seen=110, decide=120, region=2000, unit=7200, expires=900)

    tightened = model.tightened(slow, own, after(10))

    assert tightened == {
        "receipt_by": after(60), "seen_by": after(120), "decide_by": after(130), "region_by": after(900),
        "unit_seconds": 3600,
    }  # fmt: skip


def test_a_reopening_forgets_every_answer_and_nothing_else() -> None:
    ended = handoff(
        state=State.CLOSED, receipt_at=START, seen_at=START, decided_at=START, decided_by="Серік", unit_at=START,
        deferred_until=START, ended_at=START, late=True, cancel_requested=True, reason_code="other", reason="x",
        forward_to=102, external_id="H-1", disposition="x", rung=6, version=9, return_seq=7, desk_seq=8,
    )  # fmt: skip

    assert model.reopened(ended) == handoff(state=State.CLOSED, version=9, return_seq=7, desk_seq=8)


@pytest.mark.parametrize(
    ("subject", "desk"),
    [
        ("sko.live.handoff.103.petropavl.x", 103),
        ("sko.test.reply.104.petropavl.x", 104),
        ("hub.live.112.petropavl.x", 112),
        ("sko.live.handoff.999.petropavl.x", 112),
        ("sko.live.handoff.999.101.103", 112),
    ],
)
def test_a_message_is_worked_at_the_desk_of_its_subject_or_at_the_duty_desk(subject: str, desk: int) -> None:
    assert desk_of(subject) == desk


NOWHERE = Location(text=Text(ru="  "))


@pytest.mark.parametrize(
    ("changes", "enough"),
    [
        ({}, True),
        ({"location": NOWHERE, "narrative": " "}, False),
        ({"location": NOWHERE}, True),
        ({"location": with_(NOWHERE, geo=Point(lat=54.9, lon=69.1)), "narrative": ""}, True),
        ({"location": Location(text=Text(kk="Интернационал 30")), "narrative": ""}, True),
    ],
)
def test_a_crew_can_be_sent_to_a_place_or_for_what_was_said(changes: dict[str, Any], enough: bool) -> None:
    assert sufficient(incident(**changes)) is enough


def test_the_notes_of_both_are_kept_once_each_in_the_order_of_time() -> None:
    early, late = (Note(at=f"2026-11-22T{h}:00:00+05:00", text=h) for h in ("10", "11"))
    same_moment = Note(at="2026-11-22T10:00:00+05:00", text="другое")
    before, now = incident(notes=[late, early]), incident(notes=[early, same_moment], narrative="новое")

    joined = united(before, now)

    assert joined.notes == [early, same_moment, late]
    assert joined.narrative == "новое"
    assert not united(incident(), incident()).notes


def test_how_far_the_others_are_is_the_last_line_of_each() -> None:
    def line(number: int, desk: int, of: int, state: str) -> model.LogLine:
        return model.LogLine(number, UUID(int=of), desk, START, "desk", "x", state, f"{desk}", "")

    log = [
        line(1, 103, 1, "dispatched"), line(2, 101, 2, "dispatched"), line(3, 101, 2, "accepted"),
        line(4, 112, 3, "dispatched"), line(5, 103, 1, "closed"),
    ]  # fmt: skip

    assert [(other.service, other.state) for other in others(log, 103)] == [
        ("101", "accepted"), ("112", "dispatched"),
    ]  # fmt: skip
