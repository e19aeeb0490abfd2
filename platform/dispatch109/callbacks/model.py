"""The call that tells the applicant and asks whether it is true; the only way a ticket closes. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from chassis109.kernel.errors import Conflict
from dispatch109.contacts.model import Contact
from dispatch109.tickets.model import ALMATY, reference

ATTEMPTS = 3  # failed attempts at different hours after which a ticket may be closed without the applicant
DUE_WITHIN = timedelta(hours=24)


class Outcome(StrEnum):
    """How an attempt ended."""

    CONFIRMED = "confirmed"
    NOT_DONE = "not_done"
    UNREACHABLE = "unreachable"


class CallbackEnded(Conflict):
    """This callback has already ended: someone else reached the applicant."""


class SameHour(Conflict):
    """This hour was already tried; try again after {time}."""


class TooFewAttempts(Conflict):
    """Three failed attempts at different hours are needed; so far there are {count}."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to reach the applicant."""

    seq: int
    at: datetime
    outcome: Outcome
    note: str


@dataclass(frozen=True, slots=True)
class Callback:
    """An applicant is owed a call about a ticket, or about an emergency that is none. Times are UTC."""

    id: UUID
    ticket_id: UUID | None
    contact_id: UUID
    state: str
    version: int
    planned_at: datetime
    not_before: datetime
    due_at: datetime
    ended_at: datetime | None
    attempts: Sequence[Attempt]
    incident_id: UUID | None = None

    @property
    def hours_tried(self) -> frozenset[int]:
        """The hours of the day (Almaty) in which nobody answered."""
        return frozenset(
            a.at.astimezone(ALMATY).hour for a in self.attempts if a.outcome is Outcome.UNREACHABLE
        )

    def require_open(self) -> None:
        """Raise CallbackEnded once it has ended."""
        if self.ended_at is not None:
            raise CallbackEnded

    def require_new_hour(self, at: datetime) -> None:
        """Raise SameHour, which names a free hour, when nobody answered in this hour of any day: people keep hours."""
        free = at
        while free.astimezone(ALMATY).hour in self.hours_tried and free < at + timedelta(days=1):
            free = next_hour(free)
        if free != at:
            raise SameHour(time=free.astimezone(ALMATY).strftime("%H:%M"))

    @property
    def closable(self) -> bool:
        """Whether enough attempts at different hours have failed."""
        return len(self.hours_tried) >= ATTEMPTS


@dataclass(frozen=True, slots=True)
class About:
    """What the operator has to know of the ticket before phoning. `done_note`: what the service says it did.
    `emergency`: it is no ticket, and its category is its type. `by_emergency`: emergency services did the work.
    `origin_reference`: the number that the applicant was told, where another tenant registered it."""

    year: int
    number: int
    version: int
    category_code: str
    service_code: str | None
    text: str
    language: str
    address: str
    landmark: str
    opened_at: datetime
    done_at: datetime | None
    done_note: str
    emergency: bool = False
    by_emergency: bool = False
    origin_reference: str | None = None

    @property
    def reference(self) -> str:
        """The number as people say it."""
        return f"{self.year}.{self.number}" if self.emergency else reference(self.year, self.number)


@dataclass(frozen=True, slots=True)
class Owed:
    """A callback with its ticket and the applicant in the clear: for whoever has to phone."""

    callback: Callback
    about: About
    applicant: Contact


def next_hour(at: datetime) -> datetime:
    """The beginning of the hour after `at`."""
    return at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
