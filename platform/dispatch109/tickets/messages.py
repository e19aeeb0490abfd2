"""What a ticket says on the bus: facts without personal data (no name, phone, text or address)."""

from chassis109.kernel.messages import OutboxMessage
from dispatch109.tickets.model import Ticket
from region109 import contract
from region109.contract import POINT_DECIMALS, ReferralAnswer, TicketFact
from tenancy109.model import Catalogue

_SAME = (
    "id", "reference", "version", "state", "priority", "opened_at", "updated_at", "react_by", "due_at",
    "statutory_due", "paused_at", "unanswered", "reopened", "done_at", "closed_at", "confirmed", "origin_reference",
)  # fmt: skip


def fact(tenant: str, catalogue: Catalogue, ticket: Ticket) -> TicketFact:
    """What the region learns of `ticket` of the tenant with this slug and catalogue."""
    service = catalogue.service_ever(ticket.service_code) if ticket.service_code else None
    lon_lat = ticket.point
    return TicketFact(
        tenant=tenant,
        category=ticket.category_code,
        service=ticket.service_code,
        service_kind=service.kind if service else None,
        point=(round(lon_lat[0], POINT_DECIMALS), round(lon_lat[1], POINT_DECIMALS)) if lon_lat else None,
        origin=ticket.origin_slug,
        **{name: getattr(ticket, name) for name in _SAME},
    )


def subject(tenant: str) -> str:
    """Where facts about tickets of the tenant with this slug go."""
    return contract.feed(tenant, "ticket")


def across(answer: ReferralAnswer) -> OutboxMessage:
    """What became of a referral, for the tenant that sent it. Answers to one referral leave in their order."""
    subject = contract.referral(answer.sender, answer.receiver)
    return OutboxMessage(subject, f"referral:{answer.id}", contract.encode(answer))
