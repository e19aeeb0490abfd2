"""Everything that the card of a ticket shows, read in one transaction."""

from dataclasses import dataclass
from uuid import UUID

from chassis109.store.unit import transaction
from dispatch109.callbacks import service as callbacks
from dispatch109.callbacks.model import Callback
from dispatch109.calls import service as calls
from dispatch109.calls.service import Said
from dispatch109.emergencies import reading as emergencies
from dispatch109.emergencies.reading import Line
from dispatch109.execution import service as execution
from dispatch109.execution.repository import Attachment
from dispatch109.referrals import reading as referrals
from dispatch109.referrals.model import Referral
from dispatch109.tickets import applicant, reading
from dispatch109.tickets.applicant import Applicant
from dispatch109.tickets.model import StaleVersion, Ticket
from dispatch109.tickets.repository import Assignment, Step
from identity109.actor import Actor


@dataclass(frozen=True, slots=True)
class Card:
    """A ticket with its story; the applicant as the actor may see him."""

    ticket: Ticket
    steps: list[Step]
    assignments: list[Assignment]
    photos: list[Attachment]
    callbacks: list[Callback]
    applicant: Applicant
    emergencies: list[Line]
    referrals: list[Referral]

    @property
    def callback(self) -> Callback | None:
        """The call that is owed now."""
        return next((callback for callback in self.callbacks if callback.ended_at is None), None)


async def read(written: str, actor: Actor) -> Card:
    """The card of a ticket by id or number; raises NotFound."""
    async with transaction(actor.tenant_id):
        ticket = await reading.ticket(written, actor)
        steps, assignments = await reading.story(ticket, actor)
        return Card(
            ticket, steps, assignments,
            await execution.photos(ticket.id, actor),
            await callbacks.of_ticket(ticket.id, actor),
            await applicant.of(ticket, actor),
            await emergencies.of_ticket(ticket.id, actor),
            await referrals.of_ticket(ticket, actor),
        )  # fmt: skip


async def correct(ticket_id: UUID, version: int, said: Said, was: Said | None, actor: Actor) -> Ticket:
    """Correct the record. Someone may have moved the ticket meanwhile (accepted it, say): that is no conflict as
    long as what the person saw written, `was`, still stands. Raises StaleVersion when it does not.
    """
    try:
        return await calls.correct(ticket_id, version, said, actor)
    except StaleVersion as stale:
        if written(stale.ticket) != was:
            raise
        return await calls.correct(ticket_id, stale.ticket.version, said, actor)


def written(ticket: Ticket) -> Said:
    """What stands on a ticket, as a person would have written it."""
    lon, lat = ticket.point or (None, None)
    return Said(
        category=ticket.category_code, text=ticket.text, address=ticket.address, landmark=ticket.landmark,
        lon=lon, lat=lat, priority=ticket.priority,
    )  # fmt: skip
