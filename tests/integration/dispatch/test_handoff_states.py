"""The table of the contract through the verbs of 109: every (state, event, side) happens or is refused as written."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import asyncpg
import pytest
from tests import emergencies as made
from tests.emergencies import Hub

from dispatch109.emergencies import service as emergencies
from dispatch109.emergencies import watchdog
from dispatch109.emergencies.model import Handoff, Incident, WrongState
from hub112.contract import MOVES, OPEN, Event, Party, Reply, Side, State
from identity109.actor import Actor

E, S = Event, State
FIRE = Party(agency="kz.sko.101", service="101")
Act = Callable[[Incident, Handoff, Actor], Awaitable[object]]


def by_message(kind: str, **more: object) -> Act:
    async def act(incident: Incident, handoff: Handoff, actor: Actor) -> object:
        return await Hub(actor.here).returns(incident, handoff, kind, 1, **more)

    return act


async def amended(incident: Incident, handoff: Handoff, actor: Actor) -> object:
    return await emergencies.amend(incident.id, None, made.said(text=f"енді {handoff.id}"), actor)


ACTS: dict[tuple[Event, Side], Act] = {
    (E.CANCEL, Side.DISPATCH): lambda _, h, a: emergencies.cancel(h.id, "қате", a),
    (E.REQUEST_CANCEL, Side.DISPATCH): lambda _, h, a: emergencies.cancel(h.id, "қате", a),
    (E.RETRY, Side.DISPATCH): lambda _, h, a: emergencies.retry(h.id, a),
    (E.REOPEN, Side.DISPATCH): lambda _, h, a: emergencies.reopen(h.id, "қайта", a),
    (E.UPDATE, Side.DISPATCH): amended,
    (E.NOTE, Side.DISPATCH): lambda i, _, a: emergencies.add_note(i.id, "тағы", a),
    (E.EXPIRE, Side.DISPATCH): lambda _, h, a: watchdog.sweep(a.here.id),
    (E.DISPATCH, Side.HUB): lambda _, h, a: emergencies.note_published(a.here.id),
    (E.TRANSFER, Side.HUB): by_message("transfer", reply=Reply(forward_to=FIRE), incident=made.told()),
    (E.EXPIRE, Side.HUB): by_message("note", reply=Reply(reason="expired")),
    (E.FAIL, Side.HUB): by_message("error", error=made.fault("technical")),
    (E.NOTE, Side.HUB): by_message("note", reply=Reply(reason="rung:decide")),
    (E.RECEIPT, Side.DESK): by_message("receipt"),
    (E.SEEN, Side.DESK): by_message("seen"),
    (E.ACCEPT, Side.DESK): by_message("accept", reply=Reply(decided_by="Дәулет")),
    (E.DEFER, Side.DESK): by_message("defer", reply=Reply(eta_minutes=5)),
    (E.DECLINE, Side.DESK): by_message("decline", reply=Reply(reason_code="no_resources")),
    (E.ASSIGN_UNIT, Side.DESK): by_message("unit", units=[made.unit("assigned")]),
    (E.DEPART, Side.DESK): by_message("unit", units=[made.unit("departed")]),
    (E.ARRIVE, Side.DESK): by_message("unit", units=[made.unit("on_scene")]),
    (E.CLOSE, Side.DESK): by_message("close", reply=Reply(reason="көмек көрсетілді")),
    (E.CONFIRM_CANCEL, Side.DESK): by_message("cancel"),
    (E.FORWARD, Side.DESK): by_message("note", reply=Reply(forward_to=FIRE)),
    (E.NOTE, Side.DESK): by_message("note", reply=Reply(reason="қоңырау шалдым", decided_by="Дәулет")),
}  # fmt: skip
# What 109's verbs decide by themselves: which cancellation it is, that nobody is told what cannot be told, that what is
# in the hub already need not be noted, which clocks run.
NEVER_REFUSED = {
    (E.UPDATE, Side.DISPATCH), (E.EXPIRE, Side.DISPATCH), (E.DISPATCH, Side.HUB), (E.EXPIRE, Side.HUB),
    (E.FAIL, Side.HUB), (E.FORWARD, Side.DESK),
}  # fmt: skip
CASES = [(state, event, side) for state in State for event, side in ACTS]


async def in_state(superuser: asyncpg.Connection, incident: UUID, handoff: UUID, state: State) -> None:
    """As it would stand, with nothing left to send; its end lies an hour back, its expiry a minute."""
    in_hub = state not in (S.CREATED, S.FAILED)
    await superuser.execute("UPDATE chassis.outbox SET published_at = now() WHERE published_at IS NULL")
    await superuser.execute(
        """UPDATE dispatch.handoff SET state = $2, hub_at = CASE WHEN $3 THEN now() END,
               expires_at = now() - interval '1 minute', due_at = now() - interval '1 minute',
               deferred_until = now() + interval '1 hour', decided_at = now(),
               ended_at = CASE WHEN $4 THEN now() - interval '1 hour' END WHERE id = $1""",
        handoff, state.value, in_hub, state not in OPEN,
    )  # fmt: skip
    await superuser.execute(
        "UPDATE dispatch.incident SET ended_at = CASE WHEN $2 THEN now() END WHERE id = $1",
        incident,
        state not in OPEN,
    )


def expected(state: State, event: Event, side: Side) -> State | None:
    """Where the table leads; None: refused. A message of the hub proves that the handoff is there."""
    proven = (
        S.DISPATCHED if state is S.CREATED and side is not Side.DISPATCH and event is not E.FAIL else state
    )
    if event in (E.CANCEL, E.REQUEST_CANCEL):
        return MOVES.get((state, E.CANCEL, side)) or MOVES.get((state, E.REQUEST_CANCEL, side))
    if event is E.DISPATCH:
        return MOVES.get((state, event, side), state)
    found = MOVES.get((proven, event, side))
    return proven if found is None and (event, side) in NEVER_REFUSED else found


def test_every_move_of_the_table_is_tried() -> None:
    tried = {(event, side) for event, side in ACTS} | {(E.CREATE, Side.DISPATCH)}

    assert {(event, side) for _, event, side in MOVES} == tried


@pytest.mark.parametrize(("state", "event", "side"), CASES, ids=str)
async def test_the_table_is_what_happens(
    state: State, event: Event, side: Side, operator: Actor, superuser: asyncpg.Connection
) -> None:
    incident, handoff = await made.handed(operator)
    await in_state(superuser, incident.id, handoff.id, state)
    aside = len(await made.put_aside(superuser, operator.here))
    want = expected(state, event, side)

    try:
        await ACTS[(event, side)](incident, handoff, operator)
        refused = False
    except WrongState:
        refused = True

    after = await made.now(handoff, operator)
    refused = refused or len(await made.put_aside(superuser, operator.here)) > aside
    assert refused == (want is None), (after.state, want)
    assert after.state == (
        want or (S.DISPATCHED if state is S.CREATED and side is not Side.DISPATCH else state)
    )
    if side is not Side.DISPATCH and refused:
        assert (await made.seen(incident, operator)).steps[-1].detail["refused"]
