"""What tenants told, as it is shown: tickets, handoffs, what was ordered about them, what was refused. Pure."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from region109.wall.model import ENDED
from ui109.i18n import mark

REASONS = {
    "subject": mark("The subject is none of the feed"),
    "size": mark("Too large"),
    "json": mark("No valid JSON"),
    "schema": mark("Against the contract: a field is missing, wrong or unknown"),
    "sender": mark("In the name of another tenant"),
    "point": mark("The point is more exact than allowed, or nowhere"),
    "unknown-tenant": mark("Nobody of that name may speak here"),
    "unknown-category": mark("A category that the registry does not know"),
    "old-version": mark("Older than what is known"),
    "digest": mark("Differs from what was told before"),
    "unstorable": mark("Cannot be stored"),
    "unknown-mandate": mark("An answer to what was never ordered"),
    "unknown-alert": mark("An answer to a warning that was never sent there"),
    "wrong-state": mark("Not possible in that state"),
}
"""Why a message has no effect, in words."""
MODES = {"exercise": mark("Drill"), "test": mark("Test")}
PRIORITIES = {1: mark("At once"), 2: mark("Today"), 3: mark("Planned")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """The last that a tenant told of a ticket. Times are UTC, the point is rounded by the sender."""

    territory: int
    id: UUID
    reference: str
    version: int
    category: str
    service: str | None
    service_kind: str | None
    state: str
    priority: int
    opened_at: datetime
    updated_at: datetime
    react_by: datetime | None
    due_at: datetime
    statutory_due: datetime
    paused_at: datetime | None
    unanswered: int
    reopened: int
    done_at: datetime | None
    closed_at: datetime | None
    confirmed: bool | None
    origin: str | None
    origin_reference: str | None
    lon: float | None
    lat: float | None
    heard_at: datetime

    @property
    def open(self) -> bool:
        """Whether it is still to be done."""
        return self.state not in ENDED

    def overdue(self, at: datetime) -> bool:
        """Whether the operational clock has run out."""
        return self.open and (self.done_at or self.paused_at or at) > self.due_at

    def statutory_passed(self, at: datetime) -> bool:
        """Whether the clock of the law has run out; nothing stops it but the end."""
        return self.open and (self.done_at or at) > self.statutory_due

    def sorted_by(self, everything: bool) -> datetime:
        """What a list of everything, or of what is open, is sorted by."""
        return self.opened_at if everything else self.due_at

    @property
    def steps(self) -> list[tuple[datetime, str]]:
        """What the region knows of its course, in order: moments and message ids."""
        known = (
            (self.opened_at, mark("Registered")), (self.paused_at, mark("Paused")), (self.done_at, mark("Done")),
            (self.closed_at, mark("Closed")),
        )  # fmt: skip
        return sorted((at, what) for at, what in known if at is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """What is open at a service, and how much of it was never answered in time. `service` None: of nobody yet."""

    service: str | None
    open: int
    overdue: int
    silent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Open tickets of one point, in degrees."""

    lon: float
    lat: float
    open: int
    overdue: int

    @classmethod
    def of(cls, ticket: Ticket, at: datetime) -> "Spot":
        """Where one ticket is, which has a point."""
        return cls(lon=ticket.lon or 0.0, lat=ticket.lat or 0.0, open=1, overdue=int(ticket.overdue(at)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Mandate:
    """What was ordered about a ticket and what became of it."""

    id: UUID
    kind: str
    state: str
    reason: str
    deadline: datetime
    issued_at: datetime
    issued_name: str
    received_at: datetime | None
    answered_at: datetime | None
    answered_by: str | None
    answer: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Handoff:
    """Where a handoff to an emergency service stands."""

    id: UUID
    incident: str
    kind: str
    mode: str
    service: str
    state: str
    version: int
    priority: str
    sent_at: datetime
    hub_at: datetime | None
    receipt_at: datetime | None
    seen_at: datetime | None
    decided_at: datetime | None
    unit_at: datetime | None
    ended_at: datetime | None
    decide_by: datetime
    late: bool
    alarm: str | None

    @property
    def decided_seconds(self) -> float | None:
        """How long the service took to decide."""
        return (self.decided_at - self.sent_at).total_seconds() if self.decided_at else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A message without effect: where it stands in its stream and why; never what it said."""

    stream: str
    seq: int
    subject: str
    territory: int | None
    reason: str
    bytes: int
    said_at: datetime
    heard_at: datetime
