"""The life of a ticket: every pair of states is allowed or refused as written here, and the two clocks."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from tests import makers
from tests.makers import NOON

from dispatch109.tickets.model import (
    ALMATY,
    MOVES,
    OPEN,
    StaleVersion,
    State,
    WrongState,
    reference,
    statutory_due,
)

# from: to, to … Whatever is not written is refused.
WRITTEN = """
registered:   assigned rejected cancelled referred handed_off
assigned:     assigned accepted returned rejected cancelled referred handed_off
accepted:     assigned in_progress paused returned cancelled referred handed_off
in_progress:  assigned done paused returned cancelled referred handed_off
paused:       assigned in_progress returned cancelled referred handed_off
returned:     assigned rejected cancelled referred handed_off
done:         callback_due
callback_due: closed reopened
reopened:     assigned rejected cancelled handed_off
closed:       reopened
rejected:     reopened
cancelled:    reopened
referred:
handed_off:   callback_due assigned
"""
ALLOWED = {
    (State(line.split(":")[0]), State(to))
    for line in WRITTEN.strip().splitlines()
    for to in line.split(":")[1].split()
}


@pytest.mark.parametrize(("present", "to"), list(product(State, State)))
def test_every_pair_of_states_is_allowed_or_refused_as_written(present: State, to: State) -> None:
    ticket = makers.ticket(state=present)

    if (present, to) in ALLOWED:
        ticket.require(to, ticket.version)
    else:
        with pytest.raises(WrongState) as refused:
            ticket.require(to, ticket.version)
        assert refused.value.members() == {"state": present.value, "version": ticket.version}


def test_only_a_callback_closes() -> None:
    assert [state for state, to in MOVES.items() if State.CLOSED in to] == [State.CALLBACK_DUE]
    assert MOVES[State.DONE] == {State.CALLBACK_DUE}


def test_every_state_has_its_line_and_can_be_reached() -> None:
    assert MOVES.keys() == set(State)
    assert frozenset().union(*MOVES.values()) | {State.REGISTERED} == set(State)
    assert set(State) - OPEN == {State.CLOSED, State.REJECTED, State.CANCELLED, State.REFERRED}


def test_a_wrong_state_is_said_before_an_old_version() -> None:
    with pytest.raises(WrongState):
        makers.ticket(state=State.CLOSED).require(State.ACCEPTED, 1)


def test_an_old_version_is_refused_with_what_stands_now() -> None:
    ticket = makers.ticket(version=7)

    with pytest.raises(StaleVersion) as refused:
        ticket.require(State.ACCEPTED, 6)

    stands = refused.value.members()
    assert (stands["version"], stands["text"], stands["point"]) == (
        7,
        "Нет воды",
        {"lon": 69.1401, "lat": 54.8701},
    )


def test_whoever_does_not_mind_the_version_is_not_asked_for_it() -> None:
    makers.ticket(version=7).require(State.ACCEPTED)


@pytest.mark.parametrize(
    ("registered", "due"),
    [
        ("2025-12-23 10:00", "2026-01-16"),  # 1, 2 and 7 January are holidays
        ("2026-12-24 10:00", "2027-01-19"),  # and 4 January 2027, because the 2nd is a Saturday
        ("2025-03-10 10:00", "2025-04-03"),  # Nauryz 21–23 March, 24 and 25 instead of the weekend
        ("2026-03-02 10:00", "2026-03-27"),  # 9 March instead of Sunday the 8th; Nauryz 23–25
        ("2025-10-13 10:00", "2025-11-04"),  # Republic Day on a Saturday: Monday 27 October is free
        ("2026-10-12 10:00", "2026-11-03"),  # Republic Day on a Sunday: Monday 26 October is free
        ("2026-07-13 10:00", "2026-08-03"),  # three weeks without a holiday
        ("2026-07-11 10:00", "2026-07-31"),  # registered on a Saturday: counted from Monday
    ],
)
def test_the_law_wants_an_answer_within_fifteen_working_days(registered: str, due: str) -> None:
    at = datetime.fromisoformat(registered).replace(tzinfo=ALMATY)

    assert statutory_due(at) == datetime.fromisoformat(f"{due} 18:30").replace(tzinfo=ALMATY)
    assert statutory_due(at).tzinfo is UTC


def test_the_day_of_registration_is_the_day_in_almaty() -> None:
    one_in_the_morning = datetime(2026, 7, 13, 20, 30, tzinfo=UTC)  # Tuesday the 14th there

    assert statutory_due(one_in_the_morning) == statutory_due(datetime(2026, 7, 14, 6, 0, tzinfo=UTC))


def test_the_operational_clock_stands_still_in_a_pause_and_stops_when_the_work_is_done() -> None:
    late = NOON + timedelta(hours=5)
    due = NOON + timedelta(hours=4)

    assert makers.ticket(due_at=due).overdue(late)
    assert not makers.ticket(due_at=due).overdue(due)
    assert not makers.ticket(due_at=due, state=State.PAUSED, paused_at=NOON).overdue(late)
    assert not makers.ticket(due_at=due, state=State.CALLBACK_DUE, done_at=NOON).overdue(late)
    assert makers.ticket(due_at=due, state=State.CALLBACK_DUE, done_at=late).overdue(late)
    assert not makers.ticket(due_at=due, state=State.CLOSED, closed_at=late).overdue(late)


def test_a_number_is_said_with_two_digits_of_the_year_and_six_of_the_count() -> None:
    assert reference(2026, 123) == "109-26-000123"
    assert reference(2101, 1_234_567) == "109-01-1234567"
