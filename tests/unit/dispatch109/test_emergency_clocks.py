"""109's own clocks over a handoff: what raises which alarm, what ends it, when to look again."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, get_args

import pytest
from tests.makers import NOON

from chassis109.kernel.chain import START
from chassis109.kernel.ids import uuid7
from dispatch109.emergencies.clocks import next_due, standing
from dispatch109.emergencies.model import Alarm, Handoff, number_of
from dispatch109.emergencies.writing import deadlines
from hub112.contract import CLOCKS, State
from region109.contract import HandoffAlarm

A, S = Alarm, State


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def handoff(state: State = S.CREATED, **changes: Any) -> Handoff:
    """A handoff of the highest priority that was sent at noon."""
    usual = Handoff(
        id=uuid7(), incident_id=uuid7(), service="103", parent_id=None, relation=None, state=state, version=1,
        priority="P0", message_id=uuid7(), sent_seq=1, last_seq=0, events=1, chain=START, created_at=NOON,
        **deadlines(CLOCKS["P0"], NOON),
    )  # fmt: skip
    return replace(usual, **changes)


def heard(came_to: State, **changes: Any) -> Handoff:
    """One that came to this state in its first two seconds."""
    order = [S.DISPATCHED, S.RECEIVED, S.SEEN, S.ACCEPTED]
    stamps = ["hub_at", "receipt_at", "seen_at", "decided_at"][: order.index(came_to) + 1]
    return handoff(**{"state": came_to, **dict.fromkeys(stamps, after(2)), **changes})


@pytest.mark.parametrize(
    ("given", "seconds", "alarm"),
    [
        (handoff(), 4, None),
        (handoff(), 5, A.NO_HUB),
        (handoff(), 31, A.NO_HUB),  # the cause nearest to us stands, as long as it says to phone
        (heard(S.DISPATCHED), 9, None),
        (heard(S.DISPATCHED), 10, A.NO_RECEIPT),
        (heard(S.DISPATCHED), 40, A.NO_RECEIPT),
        (heard(S.RECEIVED), 19, None),
        (heard(S.RECEIVED), 20, A.NOT_SEEN),
        (heard(S.RECEIVED), 30, A.NOT_DECIDED),  # from here on somebody must phone
        (heard(S.SEEN), 29, None),
        (heard(S.SEEN), 30, A.NOT_DECIDED),
        (heard(S.ACCEPTED), 61, None),
        (heard(S.ACCEPTED), 62, A.NO_UNIT),
        (heard(S.ACCEPTED, unit_at=after(20)), 3600, None),
        (heard(S.ACCEPTED, state=S.UNITS_ASSIGNED, unit_at=after(20)), 3600, None),
        (heard(S.SEEN, state=S.DEFERRED, deferred_until=after(600)), 599, None),
        (heard(S.SEEN, state=S.DEFERRED, deferred_until=after(600)), 600, A.DEFERRAL_OVER),
        (handoff(S.EXPIRED), 1000, A.EXPIRED),
        (handoff(S.FAILED), 1, A.FAILED),
        # A cancellation that the hub refused: no clock that passes afterwards may hide it before it is answered.
        (heard(S.ACCEPTED, alarm=A.FAILED, alarm_at=after(70)), 90, A.FAILED),
        (heard(S.ACCEPTED, alarm=A.FAILED, alarm_at=after(70), phoned_at=after(80)), 90, A.NO_UNIT),
        (handoff(S.CANCELLED), 3600, None),
        (handoff(S.DECLINED, alarm=A.DECLINED), 3600, A.DECLINED),
        (handoff(S.DECLINED), 3600, None),
    ],
)  # fmt: skip
def test_an_alarm_stands_while_what_it_waits_for_has_not_happened(
    given: Handoff, seconds: int, alarm: Alarm | None
) -> None:
    assert standing(given, after(seconds)) == alarm


def test_the_sweep_looks_at_every_clock_in_turn_and_then_no_more() -> None:
    looks, at = [], NOON
    while due := next_due(handoff(), at):
        looks.append((due - NOON).total_seconds())
        at = due

    assert looks == [5, 10, 20, 30, 900]


def test_what_was_accepted_waits_for_its_first_crew_only() -> None:
    assert next_due(heard(S.ACCEPTED), after(2)) == after(62)
    assert next_due(heard(S.ACCEPTED, unit_at=after(3)), after(4)) is None


def test_a_reopened_handoff_must_reach_the_hub_again() -> None:
    again = handoff(S.DISPATCHED, sent_at=NOON, hub_at=None)

    assert next_due(again, NOON) == after(5)
    assert standing(again, after(6)) == A.NO_HUB


def test_one_call_answers_every_alarm_of_a_service_that_has_not_decided() -> None:
    phoned = handoff(alarm=A.NO_HUB, alarm_at=after(5), phoned_at=after(8))

    assert phoned.answered
    assert replace(phoned, alarm=A.NOT_DECIDED, alarm_at=after(30)).answered
    assert not replace(phoned, alarm=A.EXPIRED, alarm_at=after(900)).answered
    assert not replace(phoned, alarm=A.DECLINED, alarm_at=after(40)).answered


def test_the_bar_of_what_was_declined_stays_where_it_had_come_to() -> None:
    assert heard(S.SEEN, state=S.DECLINED).stage == 3
    assert heard(S.ACCEPTED).stage == 4
    assert handoff().stage == 0


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("2026.17", (2026, 17)), ("kz.sko.petropavl.2026.17", (2026, 17)), ("kz.sko.aiyrtau.2026.17", None),
        ("2026", None), ("109-26-000017", None), ("2026.٠", None), ("2026.17 ", None), ("", None),
    ],
)  # fmt: skip
def test_a_number_is_read_as_people_and_as_services_write_it(
    written: str, number: tuple[int, int] | None
) -> None:
    assert number_of(written, "petropavl") == number


def test_the_region_knows_every_alarm_and_nothing_else() -> None:
    assert set(get_args(HandoffAlarm)) == set(Alarm)
