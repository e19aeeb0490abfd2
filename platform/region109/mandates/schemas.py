"""What crosses HTTP about mandates."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from region109.contract import MandateKind
from region109.mandates.model import Mandate, State, Wish


class MandateIn(msgspec.Struct, forbid_unknown_fields=True):
    """An order. `ticket`: may be left out of a report; `to`: in a referral only; `reason` names no applicant."""

    territory: str
    kind: str
    reason: str
    deadline: Annotated[datetime, msgspec.Meta(tz=True)]
    ticket: UUID | None = None
    to: str = ""

    def wish(self) -> Wish:
        """As the verb wants it."""
        return Wish(self.territory, self.kind, self.ticket, self.to, self.reason, self.deadline)


class MandateForm(msgspec.Struct):
    """The form of the same; `hours` from now."""

    territory: str = ""
    kind: str = ""
    ticket: str = ""
    to: str = ""
    reason: str = ""
    hours: str = ""


class MandateOut(msgspec.Struct):
    """An order and what became of it. `answer`: the report, or the code of why it was refused."""

    id: UUID
    territory: str
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
    received_at: datetime | None
    answered_at: datetime | None
    answered_by: str | None
    answer: str | None

    @classmethod
    def of(cls, m: Mandate) -> "MandateOut":
        """From the domain."""
        return cls(
            m.id, m.territory, m.kind, m.ticket_id, m.reference, m.to, m.reason, m.deadline, m.state, m.version,
            m.issued_at, m.issued_name, m.received_at, m.answered_at, m.answered_by, m.answer,
        )  # fmt: skip


class MandatesOut(msgspec.Struct):
    """`waiting`: all that is not answered, the nearest deadline first; `items`: a page of what is."""

    waiting: list[MandateOut]
    items: list[MandateOut]
    next: str | None
