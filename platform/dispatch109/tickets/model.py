"""The life of a ticket: its states, the one table of allowed moves, and its two clocks. Pure."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import cache
from uuid import UUID
from zoneinfo import ZoneInfo

import holidays

from chassis109.kernel.errors import Conflict

ALMATY = ZoneInfo("Asia/Almaty")
STATUTORY_WORKING_DAYS = 15  # АППК art. 76: an appeal is answered within 15 working days


class State(StrEnum):
    """Where a ticket stands (product.md §6)."""

    REGISTERED = "registered"
    ASSIGNED = "assigned"
    ACCEPTED = "accepted"
    IN_PROGRESS = "in_progress"
    PAUSED = "paused"
    RETURNED = "returned"
    DONE = "done"
    CALLBACK_DUE = "callback_due"
    REOPENED = "reopened"
    CLOSED = "closed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    REFERRED = "referred"
    HANDED_OFF = "handed_off"


S = State
MOVES: dict[State, frozenset[State]] = {
    S.REGISTERED: frozenset({S.ASSIGNED, S.REJECTED, S.CANCELLED, S.REFERRED, S.HANDED_OFF}),
    S.ASSIGNED: frozenset(
        {S.ASSIGNED, S.ACCEPTED, S.RETURNED, S.REJECTED, S.CANCELLED, S.REFERRED, S.HANDED_OFF}
    ),
    S.ACCEPTED: frozenset(
        {S.ASSIGNED, S.IN_PROGRESS, S.PAUSED, S.RETURNED, S.CANCELLED, S.REFERRED, S.HANDED_OFF}
    ),
    # Referred from here on only when the neighbour accepts what was offered before the work began.
    S.IN_PROGRESS: frozenset(
        {S.ASSIGNED, S.DONE, S.PAUSED, S.RETURNED, S.CANCELLED, S.REFERRED, S.HANDED_OFF}
    ),
    S.PAUSED: frozenset({S.ASSIGNED, S.IN_PROGRESS, S.RETURNED, S.CANCELLED, S.REFERRED, S.HANDED_OFF}),
    S.RETURNED: frozenset({S.ASSIGNED, S.REJECTED, S.CANCELLED, S.REFERRED, S.HANDED_OFF}),
    S.DONE: frozenset({S.CALLBACK_DUE}),
    # Only the callback leads on from here: the applicant says whether it is true.
    S.CALLBACK_DUE: frozenset({S.CLOSED, S.REOPENED}),
    S.REOPENED: frozenset({S.ASSIGNED, S.REJECTED, S.CANCELLED, S.HANDED_OFF}),
    S.CLOSED: frozenset({S.REOPENED}),
    S.REJECTED: frozenset({S.REOPENED}),
    S.CANCELLED: frozenset({S.REOPENED}),
    # It is done and closed where it went.
    S.REFERRED: frozenset(),
    S.HANDED_OFF: frozenset({S.CALLBACK_DUE, S.ASSIGNED}),
}
ENDED: frozenset[State] = frozenset({S.CLOSED, S.REJECTED, S.CANCELLED})
OPEN: frozenset[State] = frozenset(State) - ENDED - {S.REFERRED}


class WrongState(Conflict):
    """This is not possible now: the ticket is in the state “{state}”."""

    def __init__(self, ticket: "Ticket") -> None:
        self._ticket = ticket
        super().__init__(state=ticket.state)  # said in words at the edge

    def members(self) -> dict[str, object]:
        """The present state and version, so that the caller can decide again."""
        return {"state": self._ticket.state.value, "version": self._ticket.version}


class StaleVersion(Conflict):
    """Someone changed this ticket in the meantime: look at it again, then decide."""

    def __init__(self, ticket: "Ticket") -> None:
        self.ticket = ticket
        super().__init__()

    def members(self) -> dict[str, object]:
        """What stands now in the fields that a person may change."""
        t = self.ticket
        return {
            "state": t.state.value, "version": t.version, "category": t.category_code, "service": t.service_code,
            "text": t.text, "address": t.address, "landmark": t.landmark, "priority": t.priority,
            "point": {"lon": t.point[0], "lat": t.point[1]} if t.point else None,
            "updated_at": t.updated_at.isoformat(),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a ticket was registered, under which number, and its clocks: they go on. Fields of Ticket."""

    origin_slug: str
    origin_reference: str
    opened_at: datetime
    due_at: datetime
    statutory_due: datetime


@dataclass(frozen=True, slots=True)
class Ticket:
    """A registered request. Times are UTC; `point` is WGS 84 (longitude, latitude) in degrees."""

    id: UUID
    year: int
    number: int
    state: State
    version: int
    contact_id: UUID
    category_code: str
    service_code: str | None
    priority: int
    text: str
    address: str
    landmark: str
    language: str
    point: tuple[float, float] | None
    opened_at: datetime
    opened_by: UUID
    updated_at: datetime
    react_by: datetime | None
    due_at: datetime
    statutory_due: datetime
    paused_at: datetime | None
    unanswered: int
    reopened: int
    done_at: datetime | None
    closed_at: datetime | None
    confirmed: bool | None = None
    """Closed: whether the applicant said that it is done."""
    origin_slug: str | None = None
    """The tenant that registered it and referred it here; its number there is `origin_reference`."""
    origin_reference: str | None = None

    @property
    def reference(self) -> str:
        """`109-26-000123`, unique within the tenant."""
        return reference(self.year, self.number)

    def require(self, to: State, version: int | None = None) -> None:
        """Raise WrongState when `to` is no allowed move, StaleVersion when `version` is not the present one."""
        if to not in MOVES[self.state]:
            raise WrongState(self)
        self.require_version(version)

    def require_version(self, version: int | None) -> None:
        """Raise StaleVersion when the caller looked at another version (None: the caller does not mind)."""
        if version is not None and version != self.version:
            raise StaleVersion(self)

    def overdue(self, at: datetime) -> bool:
        """Whether the operational clock has run out; it stands still while the ticket is paused."""
        end = self.done_at or (self.paused_at or at)
        return self.state in OPEN and end > self.due_at


def reference(year: int, number: int) -> str:
    """The number as people say it."""
    return f"109-{year % 100:02d}-{number:06d}"


@cache
def _calendar(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("KZ", years=(year, year + 1)))


def add_working_days(start: datetime, days: int) -> datetime:
    """The end (18:30 in Almaty) of the `days`-th working day after `start`, on Kazakhstan's holiday calendar."""
    day = start.astimezone(ALMATY).date()
    left = days
    while left:
        day += timedelta(days=1)
        if day.weekday() < 5 and day not in _calendar(day.year):
            left -= 1
    return datetime(day.year, day.month, day.day, 18, 30, tzinfo=ALMATY).astimezone(UTC)


def statutory_due(registered_at: datetime) -> datetime:
    """When the law wants an answer to an appeal registered at `registered_at`."""
    return add_working_days(registered_at, STATUTORY_WORKING_DAYS)
