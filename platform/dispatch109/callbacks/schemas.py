"""What crosses HTTP about callbacks."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from dispatch109.callbacks.model import Callback, Outcome


class AttemptOut(msgspec.Struct):
    """One try to reach the applicant."""

    seq: int
    at: datetime
    outcome: Outcome
    note: str


class CallbackOut(msgspec.Struct):
    """An applicant is owed a call. `closable`: three attempts at different hours have failed."""

    id: UUID
    ticket: UUID | None
    state: str
    version: int
    planned_at: datetime
    not_before: Annotated[datetime, msgspec.Meta(description="after a failed attempt: the next hour")]
    due_at: datetime
    ended_at: datetime | None
    closable: bool
    attempts: list[AttemptOut]
    incident: Annotated[UUID | None, msgspec.Meta(description="an emergency without a ticket")] = None

    @classmethod
    def of(cls, c: Callback) -> "CallbackOut":
        """From the domain."""
        attempts = [AttemptOut(a.seq, a.at, a.outcome, a.note) for a in c.attempts]
        return cls(
            c.id,
            c.ticket_id,
            c.state,
            c.version,
            c.planned_at,
            c.not_before,
            c.due_at,
            c.ended_at,
            c.closable,
            attempts,
            c.incident_id,
        )


class CallbacksOut(msgspec.Struct):
    """A page of callbacks; `next` is the cursor of the following page."""

    items: list[CallbackOut]
    next: str | None


class AttemptIn(msgspec.Struct, forbid_unknown_fields=True):
    """How the attempt ended. `not_done` needs a note: it is the reason the service will read."""

    outcome: Outcome
    note: str = ""


class CloseIn(msgspec.Struct, forbid_unknown_fields=True):
    """Why the ticket is closed without the applicant."""

    note: str = ""


class AttemptForm(msgspec.Struct):
    """The form of an attempt: a button names the outcome."""

    outcome: Outcome
    note: str = ""


class CloseForm(msgspec.Struct):
    """The form that closes without the applicant."""

    note: str = ""
