"""The verbs of an emergency. One transaction each: state, chained event, audit and outbox together or not at all."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from chassis109.kernel import clock
from chassis109.kernel.errors import FieldError, Invalid, NotFound
from chassis109.kernel.ids import uuid7
from chassis109.kernel.text import Form
from chassis109.store.idempotency import RequestKey, once
from chassis109.store.unit import transaction
from dispatch109.contacts import service as contacts
from dispatch109.contacts.model import Contact
from dispatch109.emergencies import repository
from dispatch109.emergencies.model import (
    Alarm,
    AlreadyGiven,
    Handoff,
    Incident,
    NotGivenBack,
    StaleEmergency,
)
from dispatch109.emergencies.said import Facts, Said, checked
from dispatch109.emergencies.sweeps import together
from dispatch109.emergencies.writing import Writing, clocks_of, deadlines
from dispatch109.tickets import reading as ticket_reading
from dispatch109.tickets import repository as ticket_rows
from dispatch109.tickets import service as tickets
from dispatch109.tickets.model import ALMATY, Ticket
from hub112.contract import SERVICES, Event, State
from identity109.actor import Actor
from tenancy109 import directory

BATCH = 50
MOST_REASON = 1000


async def hand_off(said: Said, actor: Actor, key: RequestKey | None = None) -> Incident:
    """Give an emergency to its services, once for each Idempotency-Key. Raises Invalid with every field at once
    (type, priority, services, hazards, relation, address, point, phone, …), WrongState of the ticket."""
    ticket = await ticket_reading.known(said.ticket, actor) if said.ticket else None
    facts = await checked(said, actor, ticket)
    return await once(actor.here.id, key, lambda: _open(facts, ticket, actor, key), _incident)


async def amend(incident_id: UUID, version: int | None, said: Said, actor: Actor) -> Incident:
    """Correct what is known (not the applicant); every service that has it open is told at once, and a higher
    priority makes them answer sooner. Raises StaleEmergency, Invalid."""
    facts = await checked(said, actor)
    async with transaction(actor.tenant_id):
        writing = await Writing.of(await repository.locked(incident_id), actor)
        before = writing.incident
        if version not in (None, before.version):
            raise StaleEmergency(before)
        after = _known(before, facts)
        changed = [n for n in Incident.__dataclass_fields__ if getattr(before, n) != getattr(after, n)]
        if not changed:
            return before
        writing.incident = replace(after, version=before.version + 1)
        clocks = await clocks_of(writing.services, after.priority)
        for handoff in [h for h in writing.handoffs.values() if h.may(Event.UPDATE)]:
            sooner = deadlines(clocks[handoff.service], clock.now())
            changes = {n: min(getattr(handoff, n), sooner[n]) for n in ("seen_by", "decide_by", "expires_at")}
            due = changes if after.priority < handoff.priority else {}
            detail: dict[str, object] = {"fields": changed}
            writing.happen(handoff.id, Event.UPDATE, detail=detail, priority=after.priority, **due)
            writing.send(handoff.id, "update")
        await writing.done()
        return writing.incident


async def add_note(incident_id: UUID, text: str, actor: Actor) -> Incident:
    """Tell every service that has it open one thing more."""
    note = _text("text", text, most=4000)
    async with transaction(actor.tenant_id):
        writing = await Writing.of(await repository.locked(incident_id), actor)
        for handoff in list(writing.handoffs.values()):
            told = handoff.may(Event.UPDATE)
            writing.happen(handoff.id, Event.UPDATE if told else Event.NOTE, note=note)
            if told:
                writing.send(handoff.id, "update", note)
        await writing.done()
        return writing.incident


async def add_service(incident_id: UUID, service: str, actor: Actor) -> Handoff:
    """Give it to one more service; raises AlreadyGiven while that one has it open. What others declined is answered
    by it."""
    if service not in SERVICES:
        raise Invalid(FieldError("service", "choice", "Choose one of the listed values."))
    async with transaction(actor.tenant_id):
        writing = await Writing.of(await repository.locked(incident_id), actor)
        if any(h.open and h.service == service for h in writing.handoffs.values()):
            raise AlreadyGiven(service=service)
        _answer_declined(writing, f"→ {service}")
        writing.incident = replace(writing.incident, ended_at=None)
        clocks = await clocks_of([service], writing.incident.priority)
        given = writing.give(service, clocks[service])
        writing.happen(given.id, Event.CREATE)
        writing.send(given.id, "create")
        await writing.done()
        return writing.handoffs[given.id]


async def cancel(handoff_id: UUID, reason: str, actor: Actor) -> Handoff:
    """Take it back from a service: at once before it has accepted, else by asking it to confirm. Nobody cancels
    another's crew."""
    note = _text("reason", reason, most=MOST_REASON)
    async with transaction(actor.tenant_id):
        writing = await Writing.of(await repository.locked_of(handoff_id), actor)
        if writing.handoffs[handoff_id].may(Event.REQUEST_CANCEL):
            writing.happen(handoff_id, Event.REQUEST_CANCEL, note=note, cancel_requested=True)
        else:
            writing.happen(handoff_id, Event.CANCEL, note=note, alarm=None)
        writing.send(handoff_id, "cancel", note)
        await writing.done()
        return writing.handoffs[handoff_id]


async def reopen(handoff_id: UUID, reason: str, actor: Actor) -> Handoff:
    """Give it to the same service again within 24 hours of its end; raises TooLateToReopen."""
    note = _text("reason", reason, most=MOST_REASON)
    async with transaction(actor.tenant_id):
        writing = await Writing.of(await repository.locked_of(handoff_id), actor)
        before = writing.handoffs[handoff_id]
        before.require(Event.REOPEN)
        before.require_recent(clock.now())
        writing.incident = replace(writing.incident, ended_at=None)
        await _again(writing, before, Event.REOPEN, note)
        writing.send(handoff_id, "reopen", note)
        await writing.done()
        return writing.handoffs[handoff_id]


async def retry(handoff_id: UUID, actor: Actor) -> Handoff:
    """Send again what the hub could not take (state failed): as it is known now, with new clocks."""
    async with transaction(actor.tenant_id):
        writing = await Writing.of(await repository.locked_of(handoff_id), actor)
        await _again(writing, writing.handoffs[handoff_id], Event.RETRY, "", last_seq=0, reopened_by=None)
        writing.send(handoff_id, "create")
        await writing.done()
        return writing.handoffs[handoff_id]


async def phoned(handoff_id: UUID, said_to: str, actor: Actor) -> Handoff:
    """The operator has phoned the service himself: the alarm is answered. `said_to`: who spoke there, or what."""
    note = _text("said_to", said_to, most=MOST_REASON, required=False)
    async with transaction(actor.tenant_id):
        writing = await Writing.of(await repository.locked_of(handoff_id), actor)
        handoff, now = writing.handoffs[handoff_id], clock.now()
        alarm = handoff.alarm if handoff.open else None
        writing.happen(handoff_id, "phoned", note=note, phoned_at=now, phoned_by=actor.name, alarm=alarm)
        await writing.done()
        return writing.handoffs[handoff_id]


async def take_back(incident_id: UUID, actor: Actor) -> Incident:
    """No service took it: its ticket goes back to its utility service. Raises NotGivenBack."""
    async with transaction(actor.tenant_id):
        writing = await Writing.of(await repository.locked(incident_id), actor)
        incident, given = writing.incident, writing.handoffs.values()
        if incident.ticket_id is None or any(h.open or h.state is State.CLOSED for h in given):
            raise NotGivenBack
        _answer_declined(writing, "")
        writing.incident = replace(incident, ended_at=clock.now())
        await writing.done()
        await tickets.take_back(incident.ticket_id, incident.reference(actor.here.slug), actor)
        return writing.incident


async def note_published(tenant_id: int) -> int:
    """The hub's stream has acknowledged what these handoffs sent: they are in the hub; how many."""
    tenant = await directory.by_id(tenant_id)
    if tenant is None:
        return 0
    async with transaction(tenant_id):
        incidents = await repository.arrived(BATCH)
    return await together(incidents, Actor.system(tenant), _arrive)


async def _arrive(writings: Sequence[Writing]) -> int:
    arrived = await repository.in_hub([writing.incident.id for writing in writings])
    for writing in writings:
        for handoff_id in arrived & writing.handoffs.keys():
            writing.arrive(handoff_id)
    return len(arrived)


async def _open(facts: Facts, ticket: Ticket | None, actor: Actor, key: RequestKey | None) -> Incident:
    tenant, now = actor.here, clock.now()
    async with transaction(tenant.id):
        if ticket is not None:  # before the incident refers to it: two at once would wait for each other
            await ticket_rows.get(ticket.id)
        contact, new = await _applicant(facts, ticket, actor)
        blank = Incident(
            id=uuid7(), year=now.astimezone(ALMATY).year, number=0, mode=facts.mode, version=1, contact_id=contact.id,
            ticket_id=ticket.id if ticket else None, type="", priority="", text="", address="", landmark="",
            place=facts.place, victims=facts.victims, hazards=(), relation="", can_talk=None, point=None, opened_at=now,
            opened_by=actor.subject, opened_name=actor.name, ended_at=None,
        )  # fmt: skip
        incident = _known(blank, facts)
        sealed = contacts.seal(tenant.id, contact)
        number = await repository.insert(incident, sealed, new_contact=new, key=key)
        incident = replace(incident, number=number)
        if ticket is not None:
            await tickets.hand_off(ticket.id, incident.reference(tenant.slug), actor)
        writing = Writing(incident, contact, (), actor)
        clocks = await clocks_of(facts.services, facts.priority)
        given = [writing.give(service, clocks[service]) for service in facts.services]
        for handoff in given:
            writing.happen(handoff.id, Event.CREATE)
            writing.send(handoff.id, "create")
        await writing.done()
    return incident


async def _applicant(facts: Facts, ticket: Ticket | None, actor: Actor) -> tuple[Contact, bool]:
    """Who called, and whether he is new: the ticket's applicant unless another was named."""
    sealed = await ticket_rows.contact(ticket.contact_id) if ticket else None
    known = contacts.unseal(actor.here.id, sealed) if sealed else None
    said = facts.contact
    if known and (not (said.phone or said.name) or (said.phone, said.name) == (known.phone, known.name)):
        return known, False
    return said, True


def _known(incident: Incident, facts: Facts) -> Incident:
    """The incident with what is known of it now."""
    same = ("type", "priority", "text", "place", "victims", "hazards", "relation", "can_talk")
    where = facts.where
    return replace(
        incident, address=where.address, landmark=where.landmark, point=where.point,
        **{name: getattr(facts, name) for name in same},
    )  # fmt: skip


async def _again(writing: Writing, before: Handoff, event: Event, note: str, **more: int | None) -> None:
    """Begin a handoff anew, as if nothing had been heard of it, with new clocks. `more`: the hub that never knew it
    counts its messages from 1, and knows of no reopening."""
    clocks = await clocks_of([before.service], writing.incident.priority)
    names = (
        "hub_at", "receipt_at", "seen_at", "decided_at", "decided_by", "deferred_until", "unit_at", "ended_at",
        "reason_code", "reason", "forward_to", "external_id", "disposition", "fault", "alarm", "phoned_at", "phoned_by",
    )  # fmt: skip
    fresh: dict[str, Any] = {**dict.fromkeys(names), "late": False, "cancel_requested": False, **more}
    fresh |= {**deadlines(clocks[before.service], clock.now()), "priority": writing.incident.priority}
    writing.happen(before.id, event, note=note, **fresh)


def _answer_declined(writing: Writing, note: str) -> None:
    for handoff in [h for h in writing.handoffs.values() if h.alarm is Alarm.DECLINED]:
        writing.happen(handoff.id, Event.NOTE, note=note, alarm=None)


def _text(field: str, said: str, *, most: int, required: bool = True) -> str:
    form = Form()
    text = form.text(field, said, most=most, required=required)
    form.done()
    return text


async def _incident(incident_id: UUID) -> Incident:
    found = await repository.find(incident_id)
    if found is None:
        raise NotFound
    return found[0]
