"""Reading referrals: the list of both sides, and who asked, as far as the person's duty goes."""

from dataclasses import dataclass
from uuid import UUID

import msgspec

from chassis109.kernel import clock
from chassis109.kernel.errors import NotFound
from chassis109.store.unit import transaction
from dispatch109.contacts import service as contacts
from dispatch109.contacts.model import masked
from dispatch109.referrals import repository, service
from dispatch109.referrals.model import ANSWER_WITHIN, Referral, State
from dispatch109.referrals.repository import Row
from dispatch109.referrals.sealing import Content
from dispatch109.tickets.model import Ticket
from identity109.actor import Actor, spoken
from identity109.permissions import Permission as P

Place = tuple[int, int, UUID]


@dataclass(frozen=True, slots=True)
class Line:
    """A referral as the actor may see it. `content`: the sealed part of what is offered here, or of an applicant who
    must be told only name, phone and language; `masked` unless the actor decides or phones. `unreadable`: refuse it."""

    referral: Referral
    place: Place
    number: str | None
    ticket_state: str | None
    content: Content | None
    masked: bool
    unreadable: bool


async def page(
    after: Place | None, most: int, actor: Actor, *, side: str = "", waiting: bool = False
) -> list[Line]:
    """Referrals after the keyset: what waits for us first, the urgent before, then the applicants to tell, then what
    was sent and is unanswered, then all others, the latest first."""
    async with transaction(actor.tenant_id):
        rows = await repository.page(side, after, most, waiting=waiting)
    return [_line(row, actor) for row in rows]


async def one(referral_id: UUID, actor: Actor) -> Line:
    """One referral; raises NotFound."""
    async with transaction(actor.tenant_id):
        row = await repository.row(referral_id)
    if row is None:
        raise NotFound
    return _line(row, actor)


async def of_ticket(ticket: Ticket, actor: Actor) -> list[Referral]:
    """The referrals of a ticket that the actor has read, oldest first."""
    async with transaction(actor.tenant_id):
        return await repository.of_ticket(ticket.id)


async def waiting(actor: Actor) -> tuple[int, int]:
    """How many wait for somebody here, and how many are unanswered for too long, on either side."""
    async with transaction(actor.tenant_id):
        return await repository.waiting(clock.now() - ANSWER_WITHIN)


def _line(row: Row, actor: Actor) -> Line:
    referral, content, plain = row.referral, None, False
    if referral.side == "in" and referral.state is State.OFFERED:
        content, plain = service.unsealed(referral, actor), actor.may(P.REFERRAL_DECIDE)
    elif row.contact is not None:
        content, plain = _person(row, actor), actor.may(P.REFERRAL_SEND)
    return Line(
        referral, (row.rank, row.order, referral.id), row.number, row.ticket_state,
        content if content is None or plain else _masked(content),
        masked=not plain, unreadable=referral.state is State.OFFERED and content is None,
    )  # fmt: skip


def _person(row: Row, actor: Actor) -> Content | None:
    if row.contact is None:
        return None
    person = contacts.unseal(actor.here.id, row.contact)
    return Content(
        name=person.name,
        phone=person.phone,
        language=spoken(person.language),
        text="",
        address="",
        landmark="",
    )


def _masked(content: Content) -> Content:
    name, phone = "***" if content.name else "", masked(content.phone) if content.phone else ""
    return msgspec.structs.replace(content, name=name, phone=phone)
