"""Intake: a phone contact becomes a ticket or is recorded as a consultation; never is it lost."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis109.bus.announce import announce
from chassis109.kernel import clock
from chassis109.kernel.ids import uuid7
from chassis109.kernel.text import Form
from chassis109.store import journal
from chassis109.store.idempotency import RequestKey, claim, once
from chassis109.store.unit import after_commit, transaction
from dispatch109.calls import messages, repository
from dispatch109.calls.model import CallLine, place_patterns
from dispatch109.catalogue import service as catalogues
from dispatch109.contacts import service as contacts
from dispatch109.contacts.model import read_contact, read_phone
from dispatch109.tickets import reading
from dispatch109.tickets import repository as ticket_rows
from dispatch109.tickets import service as tickets
from dispatch109.tickets.model import ALMATY, Ticket
from dispatch109.tickets.place import MOST_ADDRESS, Named, read_place, read_point
from dispatch109.tickets.service import Request
from identity109.actor import Actor

NEAR_METRES = 300
NEAR_MOST = 8
EARLIER_MOST = 8


@dataclass(frozen=True, slots=True)
class Said:
    """What the operator wrote down, as typed. `lon`, `lat`: WGS 84 degrees or None."""

    phone: str = ""
    applicant: str = ""
    language: str = "kk"
    category: str = ""
    text: str = ""
    address: str = ""
    landmark: str = ""
    lon: float | None = None
    lat: float | None = None
    priority: int | None = None


async def register(said: Said, actor: Actor, key: RequestKey | None = None) -> Ticket:
    """Open a ticket for the caller, once for each Idempotency-Key.

    Raises Invalid with every field that must be corrected.
    """
    form = Form()
    contact = read_contact(form, said.phone, said.applicant, said.language)
    request = await _request(form, said, actor)
    form.done()
    return await once(
        actor.here.id,
        key,
        lambda: tickets.open_(request, contact, actor, key),
        lambda ticket_id: reading.ticket(str(ticket_id), actor),
    )


async def consult(said: Said, actor: Actor, key: RequestKey | None = None) -> UUID:
    """Record a call that was answered on the spot; phone and name only if given. The call's id."""
    form = Form()
    contact = read_contact(form, said.phone, said.applicant, said.language, phone_required=False)
    note = form.text("text", said.text, most=4000)
    catalogue = await catalogues.of(actor.here)
    known = {category.code for category in catalogue.categories}
    category = form.choice("category", said.category, known) if said.category else None
    form.done()
    call_id, tenant = uuid7(), actor.here

    async def record() -> UUID:
        async with transaction(tenant.id):
            await claim(key, call_id)
            sealed = contacts.seal(tenant.id, contact)
            now = clock.now()
            await repository.insert_consultation(call_id, sealed, actor.subject, now, category, note)
            # Last, because the next consultation of the day waits for this row.
            day = now.astimezone(ALMATY).date()
            told = messages.told(
                tenant.slug, day, category or "", await repository.count_consultation(day, category)
            )
            entry = journal.AuditEntry("call.consult", "call", str(call_id), {"category": category})
            await journal.write(actor.subject, actor.kind, [entry], [told])
            after_commit(lambda: announce(tenant.slug, "call", str(call_id), 1))
        return call_id

    return await once(tenant.id, key, record, _same)


async def _same(call_id: UUID) -> UUID:
    return call_id


async def correct(ticket_id: UUID, version: int | None, said: Said, actor: Actor) -> Ticket:
    """Correct what was written down on a ticket (not the applicant)."""
    form = Form()
    request = await _request(form, said, actor)
    form.done()
    return await tickets.amend(ticket_id, version, request, actor)


async def earlier(typed: str, actor: Actor) -> list[Ticket]:
    """Earlier tickets of a phone as typed so far; empty until it is a whole number."""
    phone = read_phone(Form(), "phone", typed)
    index = contacts.phone_index(actor.here.id, phone)
    if index is None:
        return []
    async with transaction(actor.tenant_id):
        return await ticket_rows.of_phone(index, EARLIER_MOST)


async def near(lon: float, lat: float, actor: Actor) -> list[tuple[Ticket, float]]:
    """Open tickets that the actor may see within 300 m of a point, with their distance in metres, nearest first."""
    form = Form()
    point = read_point(form, lon, lat)
    form.done()
    if point is None:
        return []
    async with transaction(actor.tenant_id):
        return await ticket_rows.near(*point, NEAR_METRES, actor.service, NEAR_MOST)


async def at_address(typed: str, actor: Actor) -> list[Ticket]:
    """Open tickets at an address as typed so far, newest first; empty while nothing is named."""
    patterns = place_patterns(typed[:MOST_ADDRESS])
    if not patterns:
        return []
    async with transaction(actor.tenant_id):
        return await ticket_rows.at_address(patterns, NEAR_MOST)


async def _request(form: Form, said: Said, actor: Actor) -> Request:
    tenant = actor.here
    catalogue = await catalogues.of(tenant)
    code = form.choice("category", said.category, {category.code for category in catalogue.categories})
    place = await read_place(form, Named(said.address, said.landmark, said.lon, said.lat), actor)
    text = form.text("text", said.text, most=4000, required=True)
    category = catalogue.category(code)
    priority = said.priority if said.priority is not None else (category.priority if category else 3)
    if not 1 <= priority <= 3:
        form.refuse("priority", "range", "The priority is a number from 1 to 3.")
    return Request(code, text, place.address, place.landmark, place.point, priority)


async def log(after: tuple[datetime, UUID] | None, outcome: str, most: int, actor: Actor) -> list[CallLine]:
    """Every call of the tenant, the latest first: what was asked and how it ended, never who called."""
    async with transaction(actor.tenant_id):
        return await repository.page(after, outcome, most)
