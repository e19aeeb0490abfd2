"""What 109 does with an emergency that it has handed off: correct, add, cancel, reopen, take back."""

import asyncio

import asyncpg
import pytest
from tests import emergencies as made
from tests import makers
from tests.emergencies import Hub, said

from chassis109.kernel.errors import Invalid
from dispatch109.emergencies import reading
from dispatch109.emergencies import service as emergencies
from dispatch109.emergencies.model import (
    AlreadyGiven,
    NotGivenBack,
    StaleEmergency,
    TooLateToReopen,
    WrongState,
)
from dispatch109.tickets import reading as ticket_reading
from dispatch109.tickets.model import State as TicketState
from hub112.contract import Reply, State
from identity109.actor import Actor


async def test_what_is_corrected_reaches_every_service_that_has_it_open(
    operator: Actor, superuser: asyncpg.Connection
) -> None:
    incident, first = await made.handed(operator, services=("103", "101"), priority="P2")
    gone = (await made.seen(incident, operator)).handoffs[1]
    await emergencies.cancel(gone.id, "қате", operator)
    amended = await emergencies.amend(incident.id, 1, said(priority="P0", text="Екі адам"), operator)

    assert (amended.version, amended.text) == (2, "Екі адам")
    *_, told = await made.sent(superuser, first)
    assert told.incident
    assert (told.kind, told.seq, told.incident.narrative) == ("update", 2, "Екі адам")
    assert [message.kind for message in await made.sent(superuser, gone)] == ["create", "cancel"]
    after = await made.now(first, operator)
    assert after.priority == "P0"
    assert after.decide_by < first.decide_by  # what has become more urgent is due sooner
    with pytest.raises(StaleEmergency) as stale:
        await emergencies.amend(incident.id, 1, said(text="басқа"), operator)
    assert stale.value.members() == {"version": 2}
    assert await emergencies.amend(incident.id, 2, said(priority="P0", text="Екі адам"), operator) == amended


async def test_a_note_travels_with_all_that_is_known(operator: Actor, superuser: asyncpg.Connection) -> None:
    incident, handoff = await made.handed(operator)
    await emergencies.add_note(incident.id, "Есік коды 14", operator)

    *_, told = await made.sent(superuser, handoff)
    assert told.incident
    assert [note.text for note in told.incident.notes or ()] == ["Есік коды 14"]
    assert (await made.seen(incident, operator)).steps[-1].note == "Есік коды 14"
    with pytest.raises(Invalid):
        await emergencies.add_note(incident.id, " ", operator)


async def test_one_more_service_is_given_it_unless_it_has_it(operator: Actor) -> None:
    incident, _ = await made.handed(operator)
    added = await emergencies.add_service(incident.id, "102", operator)

    assert (added.service, added.state) == ("102", State.CREATED)
    with pytest.raises(AlreadyGiven):
        await emergencies.add_service(incident.id, "102", operator)
    with pytest.raises(Invalid):
        await emergencies.add_service(incident.id, "911", operator)


async def test_before_acceptance_109_cancels_after_it_109_asks(
    operator: Actor, superuser: asyncpg.Connection
) -> None:
    at_once, waiting = await made.handed(operator)
    assert (await emergencies.cancel(waiting.id, "жаңылыс", operator)).state is State.CANCELLED
    assert (await made.seen(at_once, operator)).incident.ended_at is not None

    incident, handoff = await made.handed(operator)
    hub = Hub(operator.here)
    following = await hub.accepts(incident, handoff)
    asked = await emergencies.cancel(handoff.id, "жаңылыс", operator)
    assert (asked.state, asked.cancel_requested) == (State.ACCEPTED, True)
    assert [m.kind for m in await made.sent(superuser, handoff)] == ["create", "cancel"]
    await hub.returns(incident, handoff, "cancel", following)
    assert (await made.now(handoff, operator)).state is State.CANCELLED


async def test_what_has_ended_is_reopened_within_a_day(
    operator: Actor, superuser: asyncpg.Connection
) -> None:
    incident, handoff = await made.handed(operator)
    await emergencies.cancel(handoff.id, "жаңылыс", operator)
    again = await emergencies.reopen(handoff.id, "шынымен", operator)

    assert (again.state, again.hub_at, again.ended_at) == (State.DISPATCHED, None, None)
    assert (await made.seen(incident, operator)).incident.ended_at is None
    *_, told = await made.sent(superuser, handoff)
    assert told.incident
    assert (told.kind, told.seq, told.incident.status) == ("reopen", 3, "reopened")
    await emergencies.cancel(handoff.id, "жаңылыс", operator)
    await superuser.execute(
        "UPDATE dispatch.handoff SET ended_at = now() - interval '25 hours' WHERE id = $1", handoff.id
    )
    with pytest.raises(TooLateToReopen):
        await emergencies.reopen(handoff.id, "шынымен", operator)


async def test_what_all_declined_goes_back_to_the_utility_service(operator: Actor) -> None:
    ticket = await makers.opened(operator)
    incident = await emergencies.hand_off(said(ticket=ticket.reference), operator)
    with pytest.raises(NotGivenBack):
        await emergencies.take_back(incident.id, operator)
    (handoff,) = (await made.seen(incident, operator)).handoffs
    hub = Hub(operator.here)
    await hub.returns(incident, handoff, "receipt", 1)
    await hub.returns(
        incident, handoff, "decline", 2, reply=Reply(reason_code="wrong_service", reason="біздікі емес")
    )
    assert (await ticket_reading.ticket(ticket.reference, operator)).state is TicketState.HANDED_OFF
    assert incident.id in {line.incident.id for line in await reading.open_ones(operator)}
    await emergencies.take_back(incident.id, operator)
    assert incident.id not in {line.incident.id for line in await reading.open_ones(operator)}

    back = await ticket_reading.ticket(ticket.reference, operator)
    assert (back.state, back.service_code) == (TicketState.ASSIGNED, ticket.service_code)
    assert back.react_by is not None
    assert handoff.id not in {alert.handoff.id for alert in await reading.alarms(operator)}


async def test_a_bare_call_cannot_be_taken_back(operator: Actor) -> None:
    incident, handoff = await made.handed(operator)
    await emergencies.cancel(handoff.id, "жаңылыс", operator)

    with pytest.raises(NotGivenBack):
        await emergencies.take_back(incident.id, operator)


async def test_two_cancellations_at_once_are_one(operator: Actor) -> None:
    _, handoff = await made.handed(operator)
    results = await asyncio.gather(
        *(emergencies.cancel(handoff.id, "жаңылыс", operator) for _ in range(4)), return_exceptions=True
    )

    assert [isinstance(result, WrongState) for result in results].count(False) == 1


async def test_a_reopening_that_failed_is_tried_again_as_a_new_handoff(operator: Actor) -> None:
    incident, handoff = await made.handed(operator)
    await emergencies.cancel(handoff.id, "жаңылыс", operator)
    await emergencies.reopen(handoff.id, "шынымен", operator)
    hub = Hub(operator.here)
    await hub.returns(incident, handoff, "error", 1, error=made.fault("unknown_handoff", 33))
    assert (await made.now(handoff, operator)).state is State.FAILED
    again = await emergencies.retry(handoff.id, operator)
    await hub.returns(incident, again, "receipt", 1)

    assert (await made.now(handoff, operator)).state is State.RECEIVED
