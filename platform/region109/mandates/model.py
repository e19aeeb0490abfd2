"""An order of the region and what becomes of it. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from region109.contract import MandateKind

State = Literal["sent", "received", "executed", "refused"]
RANK: dict[str, int] = {"sent": 0, "received": 1, "executed": 2, "refused": 2}
"""An answer moves a mandate up, never down: a late “received” changes nothing."""
HOURS = (1, 4, 24, 72)
"""Deadlines that the form offers."""
LONGEST = timedelta(days=30)
MOST_REASON = 2000


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody of the command centre wants ordered, as typed. A report may be about no ticket; `to` is named in a
    referral only. Times are UTC."""

    territory: str
    kind: str
    ticket: UUID | None
    to: str
    reason: str
    deadline: datetime | None


@dataclass(frozen=True, slots=True)
class Mandate:
    """An order, with the slugs of the territory and of where the ticket shall go."""

    id: UUID
    territory: str
    kind: MandateKind
    ticket_id: UUID | None
    reference: str | None
    to: str | None
    reason: str
    deadline: datetime
    state: State
    version: int
    issued_at: datetime
    issued_by: UUID
    issued_name: str
    received_at: datetime | None = None
    answered_at: datetime | None = None
    answered_by: str | None = None
    answer: str | None = None

    @property
    def open(self) -> bool:
        """Whether the answer is still owed."""
        return RANK[self.state] < RANK["executed"]

    def late(self, now: datetime) -> bool:
        """Whether the answer is overdue."""
        return self.open and now > self.deadline
