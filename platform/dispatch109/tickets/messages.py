"""What a ticket says on the bus: facts without personal data (no name, phone, text or address)."""

from datetime import datetime
from uuid import UUID

import msgspec

from dispatch109.tickets.model import Ticket

# About 110 m: the house, not the flat.
POINT_DECIMALS = 3


class TicketFact(msgspec.Struct, frozen=True, tag="ticket/1"):
    """The state of a ticket at one version; subject `sko.feed.<tenant>.ticket`."""

    tenant: str
    id: UUID
    reference: str
    version: int
    category: str
    service: str | None
    state: str
    priority: int
    opened_at: datetime
    updated_at: datetime
    react_by: datetime | None
    due_at: datetime
    statutory_due: datetime
    unanswered: int
    reopened: int
    done_at: datetime | None
    closed_at: datetime | None
    point: tuple[float, float] | None

    @classmethod
    def of(cls, tenant: str, ticket: Ticket) -> "TicketFact":
        """The fact about `ticket` of the tenant with this slug."""
        lon_lat = ticket.point
        same = {name: getattr(ticket, name) for name in cls.__struct_fields__ if name in _SAME}
        return cls(
            tenant=tenant,
            category=ticket.category_code,
            service=ticket.service_code,
            point=(round(lon_lat[0], POINT_DECIMALS), round(lon_lat[1], POINT_DECIMALS)) if lon_lat else None,
            **same,
        )


_SAME = frozenset(
    [
        *("id", "reference", "version", "state", "priority", "opened_at", "updated_at", "react_by", "due_at"),
        *("statutory_due", "unanswered", "reopened", "done_at", "closed_at"),
    ]
)


def subject(tenant: str) -> str:
    """Where facts about tickets of the tenant with this slug go."""
    return f"sko.feed.{tenant}.ticket"
