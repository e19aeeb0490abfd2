"""A ticket offered to another tenant: where that stands on either side, and why it may be refused. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from chassis109.kernel.errors import Conflict, FieldError, Invalid, Unavailable
from dispatch109.tickets import model as tickets
from dispatch109.tickets.model import State as TicketState
from dispatch109.tickets.model import Ticket, WrongState


class State(StrEnum):
    """Where a referral stands: sent (side out), offered (side in), then the same on both sides."""

    SENT = "sent"
    OFFERED = "offered"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    ENDED = "ended"
    WITHDRAWN = "withdrawn"


MOVES: dict[State, frozenset[State]] = {
    State.SENT: frozenset({State.ACCEPTED, State.REFUSED, State.WITHDRAWN}),
    State.OFFERED: frozenset({State.ACCEPTED, State.REFUSED, State.WITHDRAWN}),
    State.ACCEPTED: frozenset({State.ENDED}),
    State.REFUSED: frozenset(),
    State.ENDED: frozenset({State.ACCEPTED}),  # reopened there
    State.WITHDRAWN: frozenset(),
}

T = TicketState
OFFERED_FROM = frozenset({T.REGISTERED, T.ASSIGNED, T.ACCEPTED, T.RETURNED})
"""Before the work began."""
GIVEN_UP_FROM = frozenset(state for state, to in tickets.MOVES.items() if T.REFERRED in to)
"""When the neighbour accepts, the duties are his, whatever of this was reached meanwhile. A ticket that is done here,
ended or with the emergency services stays as it is: both sides then see that they crossed."""

ANSWER_WITHIN = timedelta(hours=1)
"""After that an offer is unanswered for too long, and both sides see it: the sender phones or takes it back."""

LOOP, UNREADABLE = "loop", "unreadable"
"""Why a referral is refused by itself."""


class ReferredToItself(Invalid):
    """A tenant cannot refer a ticket to itself."""

    def __init__(self) -> None:
        super().__init__(FieldError("to", "itself", "A tenant cannot refer a ticket to itself."))


class NoSuchTenant(Invalid):
    """There is no such tenant."""

    def __init__(self) -> None:
        super().__init__(FieldError("to", "choice", "There is no such tenant."))


class ReferredInACircle(Invalid):
    """This tenant has had the ticket already: it cannot go back there."""

    def __init__(self) -> None:
        rule = "This tenant has had the ticket already: it cannot go back there."
        super().__init__(FieldError("to", "circle", rule))


class StillUnanswered(Conflict):
    """The last referral of this ticket has not been answered yet."""


class AlreadyDecided(Conflict):
    """This referral has been decided already."""


class AlreadyWithdrawn(Conflict):
    """Those who offered it have taken it back."""


class NobodyToTell(Conflict):
    """Nobody has to be told about this referral now."""


class CannotBeOpened(Conflict):
    """What was sealed for us does not open any more: refuse the referral, so that it is sent again."""


class NoKeyYet(Unavailable):
    """The other tenant cannot receive sealed referrals yet; nothing was saved. Try again in a moment."""


@dataclass(frozen=True, slots=True)
class Referral:
    """One side's row. `reference` travels: the number under which the first of the chain registered it; `due_at` and
    `statutory_due` go on. `mandate_id`: the region ordered it."""

    id: UUID
    side: str
    other_slug: str
    ticket_id: UUID | None
    reference: str
    other_reference: str | None
    chain: list[str]
    category_code: str
    priority: int
    opened_at: datetime
    due_at: datetime
    statutory_due: datetime
    reason: str
    mandate_id: UUID | None
    state: State
    version: int
    answers: int
    sent_at: datetime
    sent_by: str
    key_id: str | None
    sealed: bytes | None
    decided_at: datetime | None = None
    decided_by: str | None = None
    decision: str | None = None
    ended_at: datetime | None = None
    ended_as: str | None = None
    confirmed: bool | None = None
    told_at: datetime | None = None
    told_by: str | None = None
    withdrawn_at: datetime | None = None
    withdrawn_by: str | None = None
    withdrawal: str | None = None
    passed_to: str | None = None
    passed_reference: str | None = None

    @property
    def waits(self) -> bool:
        """Whether it is not decided."""
        return self.state in (State.SENT, State.OFFERED)

    @property
    def answer_by(self) -> datetime:
        """Until when the other side should have answered."""
        return self.sent_at + ANSWER_WITHIN

    def late(self, at: datetime) -> bool:
        """Whether the answer should have come."""
        return self.waits and at > self.answer_by

    @property
    def crossed(self) -> bool:
        """Whether it was asked back too late: it had been taken over."""
        return self.withdrawn_at is not None and self.state in (State.ACCEPTED, State.ENDED)

    @property
    def to_tell(self) -> bool:
        """Whether the applicant must hear who is responsible now."""
        return self.side == "out" and self.state in (State.ACCEPTED, State.ENDED) and self.told_at is None

    def moved(self, to: State, **changes: Any) -> "Referral":  # noqa: ANN401 - fields of Referral
        """The same, one version on; raises AlreadyWithdrawn or AlreadyDecided when `to` is no allowed move."""
        if to not in MOVES[self.state]:
            raise AlreadyWithdrawn if self.state is State.WITHDRAWN else AlreadyDecided
        return replace(self, state=to, version=self.version + 1, **changes)


def require_target(to: str, here: str, chain: list[str], *, known: bool) -> None:
    """Raise when a ticket that went through `chain` may not be offered to `to`."""
    if to == here:
        raise ReferredToItself
    if not known:
        raise NoSuchTenant
    if to in chain:
        raise ReferredInACircle


def require_offerable(ticket: Ticket, version: int | None) -> None:
    """Raise WrongState once the work has begun, StaleVersion when somebody changed it."""
    if ticket.state not in OFFERED_FROM:
        raise WrongState(ticket)
    ticket.require_version(version)
