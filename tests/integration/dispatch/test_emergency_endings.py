"""How an emergency ends: the applicant is owed a call, the ticket goes on, or the responsibility comes back."""

from dataclasses import replace
from typing import Any

import asyncpg
import pytest
from tests import emergencies as made
from tests import makers
from tests.emergencies import Hub

from chassis109.kernel.ids import uuid7
from dispatch109.callbacks import service as callbacks
from dispatch109.callbacks.model import Outcome
from dispatch109.emergencies import board, reading
from dispatch109.emergencies import service as emergencies
from dispatch109.emergencies.model import Alarm, Handoff, Incident
from dispatch109.tickets import reading as ticket_reading
from dispatch109.tickets.model import State as TicketState
from hub112.contract import Party, Reply
from identity109.actor import Actor
from tenancy109.model import Tenant


@pytest.fixture
def hub(tenant: Tenant) -> Hub:
    return Hub(tenant)


async def declined(hub: Hub, incident: Incident, handoff: Handoff, **reply: Any) -> None:
    await hub.returns(incident, handoff, "receipt", 1)
    said = Reply(reason_code="wrong_service", reason="біздікі емес", decided_by="Дәулет", **reply)
    await hub.returns(incident, handoff, "decline", 2, reply=said)


async def test_a_decline_gives_the_responsibility_back_with_its_reason(
    operator: Actor, hub: Hub, superuser: asyncpg.Connection
) -> None:
    incident, handoff = await made.handed(operator)
    await declined(hub, incident, handoff, forward_to=Party(agency="kz.sko.104", service="104"))

    (alert,) = [a for a in await reading.alarms(operator) if a.handoff.id == handoff.id]
    assert (alert.handoff.alarm, alert.handoff.reason_code, alert.handoff.reason) == (
        Alarm.DECLINED, "wrong_service", "біздікі емес",
    )  # fmt: skip
    assert alert.handoff.proposed == "104"
    assert alert.phone == operator.here.duty_phones["103"]
    added = await emergencies.add_service(incident.id, "104", operator)  # one click
    assert added.id not in {a.handoff.id for a in await reading.alarms(operator)}
    assert handoff.id not in {a.handoff.id for a in await reading.alarms(operator)}
    assert (await made.seen(incident, operator)).incident.ended_at is None


async def test_an_emergency_that_was_a_ticket_ends_with_a_call(operator: Actor, hub: Hub) -> None:
    ticket = await makers.opened(operator)
    incident = await emergencies.hand_off(
        made.said(ticket=ticket.reference, services=("103", "101")), operator
    )
    first, second = (await made.seen(incident, operator)).handoffs
    following = await hub.accepts(incident, first)
    await hub.returns(incident, first, "close", following, reply=Reply(reason="көмек көрсетілді"))
    assert (await ticket_reading.ticket(ticket.reference, operator)).state is TicketState.HANDED_OFF
    await emergencies.cancel(second.id, "керек емес", operator)

    assert (await ticket_reading.ticket(ticket.reference, operator)).state is TicketState.CALLBACK_DUE
    (owed,) = [o for o in await callbacks.board(None, 1000, operator) if o.callback.ticket_id == ticket.id]
    assert (owed.about.by_emergency, owed.about.done_note) == (True, "көмек көрсетілді")
    await callbacks.record(owed.callback.id, Outcome.CONFIRMED, "", operator)
    assert (await ticket_reading.ticket(ticket.reference, operator)).state is TicketState.CLOSED


async def test_a_bare_call_ends_with_a_call_too_and_the_senior_sees_what_is_not_done(
    operator: Actor, hub: Hub
) -> None:
    incident, handoff = await made.handed(operator)
    following = await hub.accepts(incident, handoff)
    await hub.returns(incident, handoff, "close", following, reply=Reply(reason="көмек көрсетілді"))

    (owed,) = [
        o for o in await callbacks.board(None, 1000, operator) if o.callback.incident_id == incident.id
    ]
    assert (owed.about.reference, owed.about.emergency) == (incident.number_said, True)
    assert (owed.applicant.phone, owed.about.category_code) == ("+77051234567", incident.type)
    await callbacks.record(owed.callback.id, Outcome.NOT_DONE, "Газ иісі қайта шықты", operator)
    (told,) = (await made.seen(incident, operator)).callbacks
    assert (told.state, told.attempts[0].note) == ("not_done", "Газ иісі қайта шықты")
    assert incident.id in {line.incident.id for line in await reading.open_ones(operator)}
    again = await emergencies.reopen(handoff.id, "Газ иісі қайта шықты", operator)
    following = await hub.accepts(incident, again, first=following + 1)
    await hub.returns(incident, again, "close", following)
    assert [c.state for c in (await made.seen(incident, operator)).callbacks] == ["not_done", "due"]


async def test_a_call_that_is_due_already_is_owed_once(operator: Actor, hub: Hub) -> None:
    incident, handoff = await made.handed(operator)
    following = await hub.accepts(incident, handoff)
    await hub.returns(incident, handoff, "close", following)
    again = await emergencies.reopen(handoff.id, "тағы", operator)
    await hub.returns(incident, again, "receipt", following + 1)
    await hub.returns(incident, again, "accept", following + 2)
    await hub.returns(incident, again, "close", following + 3)

    assert [c.state for c in (await made.seen(incident, operator)).callbacks] == ["due"]


async def test_nobody_is_owed_a_call_after_a_drill_or_when_nobody_came(operator: Actor, hub: Hub) -> None:
    drill, handoff = await made.handed(operator, mode="exercise")
    following = await hub.accepts(drill, handoff)
    await hub.returns(drill, handoff, "close", following)
    incident, gone = await made.handed(operator)
    await declined(hub, incident, gone)
    assert (await made.seen(incident, operator)).incident.ended_at is None  # the operator has to act
    await emergencies.phoned(gone.id, "Дәулет", operator)

    for ended in (drill, incident):
        found = await made.seen(ended, operator)
        assert found.incident.ended_at is not None
        assert found.callbacks == []


async def test_what_was_passed_on_and_then_cancelled_is_the_operators_again(
    operator: Actor, hub: Hub
) -> None:
    ticket = await makers.opened(operator)
    incident = await emergencies.hand_off(made.said(ticket=ticket.reference), operator)
    (parent,) = (await made.seen(incident, operator)).handoffs
    await hub.returns(incident, parent, "receipt", 1)
    child = replace(parent, id=uuid7(), service="101")
    more = {"parent_handoff_id": parent.id, "incident": made.told()}
    await hub.returns(incident, child, "transfer", 1, **more)
    following = await hub.accepts(incident, child, first=2)
    await hub.returns(incident, parent, "transfer", 2, incident=made.told())
    assert not (await board.card(str(incident.id), operator))["may_take_back"]

    await emergencies.cancel(child.id, "жаңылыс", operator)
    await hub.returns(incident, child, "cancel", following)
    assert (await board.card(str(incident.id), operator))["may_take_back"]
    await emergencies.take_back(incident.id, operator)
    assert (await ticket_reading.ticket(ticket.reference, operator)).state is TicketState.ASSIGNED
