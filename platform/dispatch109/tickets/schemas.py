"""What crosses HTTP about tickets. Times are RFC 3339 UTC; points WGS 84 degrees."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from dispatch109.tickets.model import Ticket
from dispatch109.tickets.repository import Assignment, Step

Version = Annotated[
    int, msgspec.Meta(ge=1, le=2**31 - 1, description="the version you looked at; another one answers 409")
]


class Point(msgspec.Struct, forbid_unknown_fields=True):
    """A place on the map, WGS 84 degrees."""

    lon: Annotated[float, msgspec.Meta(ge=-180, le=180)]
    lat: Annotated[float, msgspec.Meta(ge=-90, le=90)]


class TicketOut(msgspec.Struct):
    """A ticket as its tenant sees it; the applicant stands in `/applicant`."""

    id: UUID
    reference: str
    state: str
    version: int
    category: str
    service: str | None
    priority: int
    text: str
    address: str
    landmark: str
    language: str
    point: Point | None
    opened_at: datetime
    updated_at: datetime
    react_by: datetime | None
    due_at: datetime
    statutory_due: datetime
    paused_at: datetime | None
    done_at: datetime | None
    closed_at: datetime | None
    unanswered: Annotated[
        int, msgspec.Meta(description="how often a responsible service did not react in time")
    ]
    reopened: int
    origin_slug: Annotated[str | None, msgspec.Meta(description="the tenant that referred it here")] = None
    origin_reference: Annotated[str | None, msgspec.Meta(description="its number there")] = None

    @classmethod
    def of(cls, ticket: Ticket) -> "TicketOut":
        """From the domain."""
        own = {name: getattr(ticket, name) for name in cls.__struct_fields__ if hasattr(ticket, name)}
        own |= {"state": ticket.state.value, "category": ticket.category_code, "service": ticket.service_code}
        own["point"] = Point(*ticket.point) if ticket.point else None
        return cls(**own)


class StepOut(msgspec.Struct):
    """One line of the timeline: who did what, when."""

    seq: int
    at: datetime
    actor: str
    verb: str
    from_state: str | None
    to_state: str
    note: str
    detail: dict[str, object]

    @classmethod
    def of(cls, step: Step) -> "StepOut":
        """From the domain."""
        return cls(
            step.seq,
            step.at,
            step.actor_name,
            step.verb,
            step.from_state,
            step.to_state,
            step.note,
            step.detail,
        )


class AssignmentOut(msgspec.Struct):
    """Who was responsible, from when, and whether he reacted (`unanswered_at`: did not react in time)."""

    service: str
    assigned_at: datetime
    react_by: datetime
    accepted_at: datetime | None
    unanswered_at: datetime | None
    ended_at: datetime | None
    end_reason: str | None

    @classmethod
    def of(cls, a: Assignment) -> "AssignmentOut":
        """From the domain."""
        return cls(
            a.service_code,
            a.assigned_at,
            a.react_by,
            a.accepted_at,
            a.unanswered_at,
            a.ended_at,
            a.end_reason,
        )


class HistoryOut(msgspec.Struct):
    """The whole story of a ticket."""

    steps: list[StepOut]
    assignments: list[AssignmentOut]


class ApplicantOut(msgspec.Struct):
    """Who asked. `masked`: name and phone are hidden from this role; ask with a reason to see them."""

    name: str
    phone: str
    language: str
    masked: bool


class VersionIn(msgspec.Struct, forbid_unknown_fields=True):
    """The version of the ticket that the decision was made on."""

    version: Version


class ReasonIn(msgspec.Struct, forbid_unknown_fields=True):
    """A decision that needs a reason."""

    version: Version
    reason: str


class AssignIn(msgspec.Struct, forbid_unknown_fields=True):
    """Make another service responsible."""

    version: Version
    service: str
    note: str = ""


class UnmaskIn(msgspec.Struct, forbid_unknown_fields=True):
    """Why the applicant's phone is needed; it is written into the audit."""

    reason: str
