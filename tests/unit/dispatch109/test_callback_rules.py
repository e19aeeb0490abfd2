"""When an applicant counts as not reached: three attempts in three different hours of the day."""

from datetime import timedelta

import pytest
from tests.makers import NOON

from chassis109.kernel.ids import uuid7
from dispatch109.callbacks.model import Attempt, Callback, CallbackEnded, Outcome, SameHour, next_hour


def callback(*hours: float, outcome: Outcome = Outcome.UNREACHABLE, ended: bool = False) -> Callback:
    """A callback with an attempt at each of `hours` after noon in Almaty."""
    attempts = [Attempt(n, NOON + timedelta(hours=hour), outcome, "") for n, hour in enumerate(hours, 1)]
    return Callback(
        id=uuid7(), ticket_id=uuid7(), contact_id=uuid7(), state="due", version=1, planned_at=NOON, not_before=NOON,
        due_at=NOON, ended_at=NOON if ended else None, attempts=attempts,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("hours", "closable"),
    [
        ((), False),
        ((0, 1), False),
        ((0, 1, 2), True),
        ((0, 0.5, 1), False),  # two in one hour
        ((0, 24, 48), False),  # the same hour of three days: he is at work then
        ((0, 25, 50), True),
        ((0, 1, 2, 3), True),
    ],
)
def test_three_hours_of_the_day_must_have_been_tried(hours: tuple[float, ...], closable: bool) -> None:
    assert callback(*hours).closable is closable


def test_only_attempts_without_an_answer_count() -> None:
    assert not callback(0, 1, 2, outcome=Outcome.NOT_DONE).closable


def test_an_hour_is_an_hour_in_almaty() -> None:
    assert callback(0).hours_tried == {12}


def test_the_refusal_says_from_when_on_it_makes_sense() -> None:
    with pytest.raises(SameHour) as refused:
        callback(0).require_new_hour(NOON + timedelta(minutes=59))
    assert refused.value.params == {"time": "13:00"}

    callback(0).require_new_hour(NOON + timedelta(minutes=60))


def test_the_refusal_does_not_send_into_an_hour_that_was_tried_as_well() -> None:
    with pytest.raises(SameHour) as refused:
        callback(0, -23).require_new_hour(NOON + timedelta(days=1))
    assert refused.value.params == {"time": "14:00"}


def test_what_has_ended_is_not_open() -> None:
    callback().require_open()
    with pytest.raises(CallbackEnded):
        callback(ended=True).require_open()


def test_the_next_hour_begins_at_its_beginning() -> None:
    assert next_hour(NOON) == NOON + timedelta(hours=1)
    assert next_hour(NOON + timedelta(minutes=59, seconds=59)) == NOON + timedelta(hours=1)
