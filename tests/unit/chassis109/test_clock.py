"""The time is asked for in one place, and a test can hold it there; ids sort by it."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from chassis109.kernel import clock
from chassis109.kernel.ids import uuid7

THEN = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test makes the process believe ends with it."""
    monkeypatch.setattr(clock, "_seen", None)


def test_now_is_aware_and_in_utc() -> None:
    assert clock.now().tzinfo is UTC
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=1)


def test_a_frozen_clock_stands_and_goes_on_afterwards() -> None:
    with clock.frozen(THEN):
        assert clock.now() == THEN
        with clock.frozen(THEN + timedelta(hours=1)):
            assert clock.now() == THEN + timedelta(hours=1)
        assert clock.now() == THEN
    assert clock.now() > THEN


def test_a_clock_that_breaks_off_goes_on_too() -> None:
    try:
        with clock.frozen(THEN):
            raise LookupError
    except LookupError:
        pass
    assert clock.now() > THEN


async def test_a_frozen_clock_is_frozen_for_its_own_task_only() -> None:
    async def frozen() -> datetime:
        with clock.frozen(THEN):
            await asyncio.sleep(0)
            return clock.now()

    async def free() -> datetime:
        await asyncio.sleep(0)
        return clock.now()

    held, running = await asyncio.gather(frozen(), free())
    assert held == THEN
    assert running > THEN


def test_a_clock_that_is_an_hour_wrong_goes_by_the_one_it_is_shown_and_by_its_own_when_that_is_right() -> (
    None
):
    ours = clock.own()
    for wrong in (timedelta(hours=1), timedelta(hours=-1)):
        assert abs(clock.follow(ours + wrong, ours, ours) - wrong) < timedelta(seconds=1)
        assert abs(clock.now() - (ours + wrong)) < timedelta(seconds=30)
    ours = clock.own()
    assert clock.follow(ours, ours, ours) == timedelta()
    assert abs(clock.now() - clock.own()) < timedelta(seconds=1)


def test_a_clock_that_jumps_while_a_process_runs_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = clock.own()
    clock.follow(ours, ours, ours)

    monkeypatch.setattr(clock, "own", lambda: datetime.now(UTC) + timedelta(hours=1))

    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=1)


def test_a_slow_answer_is_no_wrong_clock() -> None:
    ours = clock.own()

    assert clock.follow(ours + timedelta(seconds=9), ours, ours + timedelta(seconds=20)) == timedelta()


def test_ids_sort_in_the_order_they_were_made_and_are_never_the_same() -> None:
    made = [uuid7() for _ in range(2000)]

    assert made == sorted(made)
    assert len(set(made)) == 2000
    assert {item.version for item in made} == {7}
