"""What the operator's bar and the alarm strip say of a handoff, state by state."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from tests.makers import NOON

from dispatch109.emergencies import bar
from dispatch109.emergencies.model import Alarm, Handoff, Unit
from hub112.contract import CLOCKS, State


def handoff(state: State = State.CREATED, **changes: Any) -> Handoff:
    """To the ambulance, P0, sent at noon."""
    clocks = CLOCKS["P0"]
    usual: dict[str, Any] = {
        "id": uuid4(), "incident_id": uuid4(), "service": "103", "parent_id": None, "relation": None, "state": state,
        "version": 1, "priority": "P0", "message_id": uuid4(), "sent_seq": 1, "last_seq": 0, "events": 1, "chain": b"",
        "created_at": NOON, "sent_at": NOON, "expires_at": after(clocks.expires), "hub_by": after(clocks.hub),
        "receipt_by": after(clocks.receipt), "seen_by": after(clocks.seen), "decide_by": after(clocks.decide),
        "unit_seconds": clocks.unit,
    }  # fmt: skip
    return Handoff(**{**usual, **changes})


def after(seconds: float) -> Any:
    return NOON + timedelta(seconds=seconds)


def shown(given: Handoff, *units: Unit) -> dict[str, str]:
    return {stage.name: stage.state for stage in bar.stages(given, units)}


def test_a_new_handoff_is_saved_and_waits_for_the_hub() -> None:
    stages = bar.stages(handoff())

    assert [stage.name for stage in stages] == [
        "saved", "in_hub", "received", "seen", "accepted", "units", "on_scene", "closed",
    ]  # fmt: skip
    assert [stage.state for stage in stages] == ["done", "running", *["ahead"] * 6]
    assert stages[0].at == NOON
    assert stages[1].due == after(CLOCKS["P0"].hub)


@pytest.mark.parametrize(
    ("state", "done"),
    [
        (State.DISPATCHED, 2), (State.RECEIVED, 3), (State.SEEN, 4), (State.ACCEPTED, 5), (State.UNITS_ASSIGNED, 6),
        (State.EN_ROUTE, 6), (State.ON_SCENE, 7), (State.CLOSED, 8),
    ],
)  # fmt: skip
def test_the_bar_fills_step_by_step(state: State, done: int) -> None:
    states = list(shown(handoff(state)).values())

    assert states[:done] == ["done"] * done
    assert states[done : done + 1] == ["running"] * (done < 8)


@pytest.mark.parametrize(
    "state", [State.DECLINED, State.CANCELLED, State.TRANSFERRED, State.EXPIRED, State.FAILED]
)
def test_what_ended_otherwise_stands_where_it_had_come_to(state: State) -> None:
    ended = handoff(state, hub_at=after(1), receipt_at=after(2))

    assert shown(ended)["received"] == "done"
    assert shown(ended)["seen"] == "ended"
    assert "running" not in shown(ended).values()


def test_a_cancelled_crew_had_been_accepted() -> None:
    ended = handoff(
        State.CANCELLED, hub_at=after(1), receipt_at=after(2), seen_at=after(3), decided_at=after(9)
    )

    assert shown(ended)["accepted"] == "done"


def test_who_asked_for_time_has_until_then() -> None:
    deferred = handoff(State.DEFERRED, hub_at=after(1), receipt_at=after(2), deferred_until=after(300))

    running = next(stage for stage in bar.stages(deferred) if stage.state == "running")

    assert (running.name, running.due) == ("accepted", after(300))


def test_an_accepted_handoff_waits_for_its_crew_from_the_acceptance_on() -> None:
    running = next(
        s for s in bar.stages(handoff(State.ACCEPTED, decided_at=after(20))) if s.state == "running"
    )

    assert (running.name, running.due) == ("units", after(20 + CLOCKS["P0"].unit))


def test_the_first_crew_that_arrived_says_when() -> None:
    given = handoff(State.ON_SCENE)
    crews = [
        Unit(given.id, name, name, "als", "on_scene", after(seconds))
        for name, seconds in (("2", 90), ("1", 60))
    ]

    assert next(s for s in bar.stages(given, crews) if s.name == "on_scene").at == after(60)


def test_every_clock_that_runs_is_prepared_in_the_page() -> None:
    prepared = bar.warned(handoff(State.RECEIVED, hub_at=after(1), receipt_at=after(2)))

    assert [one.kind for one in prepared] == [Alarm.NOT_SEEN, Alarm.NOT_DECIDED, Alarm.EXPIRED]
    assert [one.level for one in prepared] == ["watch", "phone", "phone"]
    assert not any(one.stands for one in prepared)


def test_an_alarm_that_stands_comes_first() -> None:
    late = handoff(State.CREATED, alarm=Alarm.NO_HUB, alarm_at=after(5))

    first, *more = bar.warned(late)

    assert (first.kind, first.stands, first.level) == (Alarm.NO_HUB, True, "phone")
    assert Alarm.NO_HUB not in [one.kind for one in more]


def test_who_has_phoned_is_left_in_peace() -> None:
    answered = handoff(
        State.CREATED, alarm=Alarm.NO_HUB, alarm_at=after(5), phoned_at=after(9), phoned_by="Әлия"
    )

    assert bar.warned(answered) == []


def test_109_takes_back_at_once_before_the_acceptance_and_asks_afterwards() -> None:
    assert "cancel" in bar.deeds(handoff(State.SEEN), NOON)
    assert "request_cancel" in bar.deeds(handoff(State.EN_ROUTE), NOON)
    assert bar.deeds(handoff(State.EN_ROUTE, cancel_requested=True), NOON) == frozenset()


def test_what_ended_can_be_reopened_for_a_day() -> None:
    ended = handoff(State.CLOSED, ended_at=NOON)

    assert "reopen" in bar.deeds(ended, NOON + timedelta(hours=23))
    assert "reopen" not in bar.deeds(ended, NOON + timedelta(hours=25))


def test_a_declining_service_that_names_another_offers_it() -> None:
    assert "forward" in bar.deeds(handoff(State.DECLINED, forward_to="102", ended_at=NOON), NOON)
    assert "forward" not in bar.deeds(handoff(State.DECLINED, ended_at=NOON), NOON)


def test_every_state_event_and_alarm_has_its_words() -> None:
    assert set(bar.ALARMS) == {alarm.value for alarm in Alarm}
    assert set(bar.SERVICES) == {"101", "102", "103", "104", "112"}
