"""Reading emergencies: one with all that belongs to it, lists, alarms."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from chassis109.kernel.errors import NotFound
from chassis109.store.unit import transaction
from dispatch109.callbacks import service as callbacks
from dispatch109.callbacks.model import Callback
from dispatch109.contacts import service as contacts
from dispatch109.contacts.model import Contact, masked
from dispatch109.emergencies import repository
from dispatch109.emergencies.model import Handoff, Incident, Step, Unit, number_of
from dispatch109.tickets import repository as ticket_rows
from identity109.actor import Actor
from identity109.permissions import Permission

MOST_OPEN = 200


@dataclass(frozen=True, slots=True)
class Emergency:
    """An emergency on one page. `masked`: name and phone are hidden from this role. `phones`: of the services'
    duty desks, by service. `ticket`: the reference of its ticket, if any. `callbacks`: what the applicant was owed and
    said when there is no ticket, oldest first."""

    incident: Incident
    contact: Contact
    masked: bool
    handoffs: Sequence[Handoff]
    steps: Sequence[Step]
    units: Sequence[Unit]
    phones: dict[str, str]
    ticket: str | None
    callbacks: Sequence[Callback] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """An emergency in a list, with its handoffs in the order in which they were given."""

    incident: Incident
    handoffs: Sequence[Handoff]


@dataclass(frozen=True, slots=True)
class Alert:
    """A handoff that an operator must look at, and whom to phone (E.164, '' when the tenant knows none)."""

    incident: Incident
    handoff: Handoff
    phone: str


async def emergency(written: str, actor: Actor) -> Emergency:
    """By id, `2026.17` or `kz.sko.<tenant>.2026.17`; NotFound for a missing one and another tenant's."""
    number = number_of(written, actor.here.slug)
    async with transaction(actor.tenant_id):
        found = await repository.find(None if number else _id(written), number)
        if found is None:
            raise NotFound
        incident, sealed = found
        given = await repository.handoffs([incident.id])
        ids = [handoff.id for handoff in given]
        steps, units = await repository.steps(ids), await repository.units(ids)
        ticket = await ticket_rows.find(incident.ticket_id) if incident.ticket_id else None
        owed = await callbacks.of_incident(incident.id, actor)
    contact = contacts.unseal(actor.here.id, sealed)
    plain = _may_phone(incident, owed, actor)
    return Emergency(
        incident, contact if plain else _masked(contact), not plain, given, steps, units, actor.here.duty_phones,
        ticket.reference if ticket else None, owed,
    )  # fmt: skip


async def open_ones(actor: Actor, mode: str = "live") -> list[Line]:
    """Those that have not ended, newest first (at most 200)."""
    async with transaction(actor.tenant_id):
        return await _lines(await repository.listed(mode, MOST_OPEN, open_only=True))


async def page(
    after: tuple[datetime, UUID] | None, most: int, actor: Actor, mode: str = "live"
) -> list[Line]:
    """All after the keyset (opened_at, id), newest first."""
    async with transaction(actor.tenant_id):
        return await _lines(await repository.listed(mode, most, open_only=False, after=after))


async def alarms(actor: Actor, mode: str = "live") -> list[Alert]:
    """What is not answered yet, the oldest first."""
    async with transaction(actor.tenant_id):
        standing = await repository.alarmed(mode, MOST_OPEN)
    phones = actor.here.duty_phones
    return [
        Alert(incident, handoff, phones.get(handoff.service, ""))
        for incident, handoff in standing
        if not handoff.answered
    ]


async def of_ticket(ticket_id: UUID, actor: Actor) -> list[Line]:
    """The emergencies of a ticket that the actor has read, newest first."""
    async with transaction(actor.tenant_id):
        return await _lines(await repository.of_ticket(ticket_id))


async def _lines(incidents: Sequence[Incident]) -> list[Line]:
    by_incident: dict[UUID, list[Handoff]] = defaultdict(list)
    for handoff in await repository.handoffs([incident.id for incident in incidents]):
        by_incident[handoff.incident_id].append(handoff)
    return [Line(incident, by_incident[incident.id]) for incident in incidents]


def _id(written: str) -> UUID:
    try:
        return UUID(written)
    except ValueError as error:
        raise NotFound from error


def _may_phone(incident: Incident, owed: Sequence[Callback], actor: Actor) -> bool:
    """Whoever takes calls may phone the applicant while something is going on, and about what he took himself."""
    going_on = incident.ended_at is None or any(callback.ended_at is None for callback in owed)
    return actor.may(Permission.CONTACT_OWN) and (going_on or incident.opened_by == actor.subject)


def _masked(contact: Contact) -> Contact:
    name, phone = contact.name and "***", contact.phone and masked(contact.phone)
    return replace(contact, name=name, phone=phone)
