"""What the region ordered this tenant, and why an order may be refused. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from chassis109.kernel.errors import Conflict
from region109 import contract
from region109.contract import MandateKind

State = Literal["received", "executed", "refused"]


class NotCarriedOut(Conflict):
    """The order cannot be carried out: {why}."""

    def __init__(self, why: str) -> None:
        self.why = why  # a word of ours, which the region says in its own language
        super().__init__(why=why)


class AlreadyAnswered(Conflict):
    """This has been answered already."""


@dataclass(frozen=True, slots=True)
class Mandate:
    """An order of the region. `ticket_id` is as the region said it: it may be no ticket of this tenant."""

    id: UUID
    kind: MandateKind
    ticket_id: UUID | None
    reference: str | None
    to_slug: str | None
    reason: str
    deadline: datetime
    state: State
    version: int
    issued_at: datetime
    issued_by: UUID
    issued_name: str
    received_at: datetime
    seen_at: datetime | None = None
    seen_by: str | None = None
    answered_at: datetime | None = None
    answered_by: str | None = None
    answer: str | None = None

    @classmethod
    def of(cls, order: contract.Mandate, at: datetime) -> "Mandate":
        """As it arrives."""
        return cls(
            id=order.id, kind=order.kind, ticket_id=order.ticket, reference=order.reference, to_slug=order.to,
            reason=order.reason, deadline=order.deadline, state="received", version=1, issued_at=order.issued_at,
            issued_by=order.issued_by, issued_name=order.issued_name, received_at=at,
        )  # fmt: skip

    @property
    def waits(self) -> bool:
        """Whether the head owes an answer."""
        return self.state == "received"

    def late(self, now: datetime) -> bool:
        """Whether the answer is overdue."""
        return self.waits and now > self.deadline
