"""Who may see the applicant's name and phone, and the audited act of looking."""

from dataclasses import dataclass, replace
from uuid import UUID

from chassis109.kernel.errors import NotFound
from chassis109.kernel.text import Form
from chassis109.store import journal
from chassis109.store.unit import transaction
from dispatch109.contacts import service as contacts
from dispatch109.contacts.model import Contact, masked
from dispatch109.tickets import repository
from dispatch109.tickets.model import State, Ticket
from dispatch109.tickets.service import reaches
from identity109.actor import Actor
from identity109.permissions import Permission


@dataclass(frozen=True, slots=True)
class Applicant:
    """An applicant as the actor may see him."""

    name: str
    phone: str
    language: str
    masked: bool


async def of(ticket: Ticket, actor: Actor) -> Applicant:
    """Open for whoever has to phone him (the ticket is the actor's own, or a callback is due), else masked."""
    async with transaction(actor.tenant_id):
        contact = await _contact(ticket, actor)
    own = ticket.opened_by == actor.subject or ticket.state is State.CALLBACK_DUE
    return _shown(contact, plain=own and actor.may(Permission.CONTACT_OWN))


async def unmask(ticket_id: UUID, reason: str, actor: Actor) -> Applicant:
    """Look at the applicant for a reason, which is written into the audit before anything is shown."""
    form = Form()
    reason = form.text("reason", reason, most=300, required=True)
    form.done()
    async with transaction(actor.tenant_id):
        ticket = await repository.find(ticket_id)
        if ticket is None or not reaches(actor, ticket):
            raise NotFound
        entry = journal.AuditEntry("contact.unmask", "ticket", str(ticket.id), {"reason": reason})
        await journal.write(actor.subject, actor.kind, [entry])
        return _shown(await _contact(ticket, actor), plain=True)


async def _contact(ticket: Ticket, actor: Actor) -> Contact:
    sealed = await repository.contact(ticket.contact_id)
    if sealed is None:
        raise NotFound
    return contacts.unseal(actor.here.id, sealed)


def _shown(contact: Contact, *, plain: bool) -> Applicant:
    shown = Applicant(contact.name, contact.phone, contact.language, masked=not plain)
    return (
        shown
        if plain
        else replace(
            shown, name="***" if contact.name else "", phone=masked(contact.phone) if contact.phone else ""
        )
    )
