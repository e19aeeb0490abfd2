"""What crosses HTTP about the region's mandates."""

from datetime import datetime
from uuid import UUID

import msgspec

from dispatch109.mandates.model import Mandate, State
from region109.contract import MandateKind


class MandateOut(msgspec.Struct):
    """An order of the region. `answer`: the report, or the code of why it was refused."""

    id: UUID
    kind: MandateKind
    ticket: UUID | None
    reference: str | None
    to: str | None
    reason: str
    deadline: datetime
    state: State
    version: int
    issued_at: datetime
    issued_by: str
    received_at: datetime
    seen_at: datetime | None
    answered_at: datetime | None
    answered_by: str | None
    answer: str | None

    @classmethod
    def of(cls, m: Mandate) -> "MandateOut":
        """From the domain."""
        return cls(
            m.id, m.kind, m.ticket_id, m.reference, m.to_slug, m.reason, m.deadline, m.state, m.version, m.issued_at,
            m.issued_name, m.received_at, m.seen_at, m.answered_at, m.answered_by, m.answer,
        )  # fmt: skip


class MandatesOut(msgspec.Struct):
    """A page of orders; `next` is the cursor of the following page."""

    items: list[MandateOut]
    next: str | None


class AnswerIn(msgspec.Struct, forbid_unknown_fields=True):
    """The head's report; the region reads it, so it names no applicant."""

    text: str


class AnswerForm(msgspec.Struct):
    """The form of the same."""

    text: str = ""
