"""Every (state, event, side) is allowed or refused as handoff-112.md §2 says, written out here a second time."""

from itertools import product
from typing import get_args

import pytest

from hub112.contract import MOVES, UNDERWAY, UNIT_EVENTS, Event, Side, State, UnitStatus

# from (- is nothing, = stays as it is) | event | side | to
TABLE = """
-                                                        | create          | 109      | created
created                                                  | dispatch        | hub      | dispatched
dispatched                                               | receipt         | desk     | received
received                                                 | seen            | desk     | seen
received seen deferred expired                           | accept          | desk     | accepted
received seen                                            | defer           | desk     | deferred
received seen deferred                                   | decline         | desk     | declined
accepted units_assigned                                  | assign_unit     | desk     | units_assigned
accepted units_assigned en_route                         | depart          | desk     | en_route
accepted units_assigned en_route on_scene                | arrive          | desk     | on_scene
en_route on_scene closed                                 | assign_unit     | desk     | =
on_scene closed                                          | depart          | desk     | =
closed                                                   | arrive          | desk     | =
accepted units_assigned en_route on_scene                | close           | desk     | closed
created dispatched received seen deferred expired failed | cancel          | 109      | cancelled
accepted units_assigned en_route on_scene                | request_cancel  | 109      | =
accepted units_assigned en_route on_scene                | confirm_cancel  | desk     | cancelled
received seen deferred                                   | forward         | desk     | =
accepted units_assigned en_route on_scene                | forward         | desk     | =
dispatched received seen deferred expired                | transfer        | hub      | transferred
accepted units_assigned en_route on_scene                | transfer        | hub      | transferred
created dispatched received seen                         | expire          | 109 hub  | expired
created dispatched                                       | fail            | hub      | failed
failed                                                   | retry           | 109      | created
closed cancelled declined expired                        | reopen          | 109      | dispatched
created dispatched received seen deferred expired        | update          | 109      | =
accepted units_assigned en_route on_scene                | update          | 109      | =
created dispatched received seen deferred expired failed | note            | 109 hub desk | =
accepted units_assigned en_route on_scene                | note            | 109 hub desk | =
closed declined cancelled transferred                    | note            | 109 hub desk | =
"""


def written() -> dict[tuple[State | None, Event, Side], State]:
    """The table as moves; a move written twice would hide a contradiction."""
    moves: dict[tuple[State | None, Event, Side], State] = {}
    for line in TABLE.strip().splitlines():
        states, event, sides, to = (cell.strip() for cell in line.split("|"))
        for state, side in product(states.split(), sides.split()):
            move = (None if state == "-" else State(state), Event(event), Side(side))
            assert move not in moves, move
            moves[move] = State(state if to == "=" else to)
    return moves


WRITTEN = written()
EVERY = list(product((None, *State), Event, Side))


@pytest.mark.parametrize("event", Event)
def test_an_event_is_allowed_and_refused_as_written(event: Event) -> None:
    asked = [move for move in EVERY if move[1] is event]

    assert len(asked) == 16 * 3
    assert {move: MOVES.get(move) for move in asked} == {move: WRITTEN.get(move) for move in asked}


def test_a_hundred_and_thirty_three_moves_are_allowed_and_all_others_refused() -> None:
    assert len(EVERY) == 16 * 22 * 3
    assert len(MOVES) == len(WRITTEN) == 133
    assert MOVES.keys() <= set(EVERY)


def by(to: State, *states: State) -> set[tuple[Event, Side]]:
    """Which events of which side lead to a state from another one."""
    return {
        (event, side)
        for (state, event, side), reached in MOVES.items()
        if reached is to and state is not to and (not states or state in states)
    }


def test_only_the_desk_takes_responsibility_over() -> None:
    assert by(State.ACCEPTED) == {(Event.ACCEPT, Side.DESK)}


def test_nobody_cancels_the_crew_of_another() -> None:
    assert by(State.CANCELLED, *UNDERWAY) == {(Event.CONFIRM_CANCEL, Side.DESK)}


def test_a_handoff_ends_only_by_the_side_that_bears_responsibility() -> None:
    """109 until it is accepted, the service afterwards; the hub only once another service has taken over."""
    assert by(State.CLOSED) == {(Event.CLOSE, Side.DESK)}
    assert by(State.DECLINED) == {(Event.DECLINE, Side.DESK)}
    assert by(State.TRANSFERRED) == {(Event.TRANSFER, Side.HUB)}


def test_an_ended_handoff_can_only_be_reopened_or_written_to() -> None:
    for ended in (State.DECLINED, State.CANCELLED, State.CLOSED, State.TRANSFERRED):
        left = {to for (state, _, _), to in MOVES.items() if state is ended} - {ended}
        assert left <= {State.DISPATCHED}, ended


def test_a_status_that_leads_a_handoff_on_is_a_status_of_units() -> None:
    assert UNIT_EVENTS.keys() <= set(get_args(UnitStatus))
    assert set(UNIT_EVENTS.values()) == {Event.ASSIGN_UNIT, Event.DEPART, Event.ARRIVE}
