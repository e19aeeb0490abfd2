"""What a queue shows: its filter, its rows and its order. Pure."""

import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from dispatch109.tickets.model import OPEN, State, reference

PAGE = 50
VIEWS = ("open", "all")
SORTED_BY = {"open": "due_at", "waiting": "react_by", "all": "opened_at"}


@dataclass(frozen=True, slots=True)
class Filter:
    """What to show. `view` open: what is to be done, most urgent first; all: everything, newest first;
    waiting: what a service has yet to accept, by the time until which it must.
    """

    view: str = "open"
    states: tuple[State, ...] = ()
    service: str | None = None
    category: str | None = None
    overdue: bool = False
    unanswered: bool = False
    words: str = ""
    number: tuple[int | None, int] | None = None
    phone_index: bytes | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the queue."""

    id: UUID
    year: int
    number: int
    state: State
    version: int
    category_code: str
    service_code: str | None
    priority: int
    text: str
    address: str
    landmark: str
    language: str
    opened_at: datetime
    react_by: datetime | None
    due_at: datetime
    paused_at: datetime | None
    done_at: datetime | None
    unanswered: int
    reopened: int

    @property
    def reference(self) -> str:
        """The number as people say it."""
        return reference(self.year, self.number)

    def overdue(self, at: datetime) -> bool:
        """Whether the operational clock has run out."""
        return self.state in OPEN and (self.done_at or self.paused_at or at) > self.due_at


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ends: the sort key of its last row (due or opened time, and id)."""

    at: datetime
    id: UUID


_REFERENCE = re.compile(r"(?:109[-\s]?)?(\d{2})[-\s](\d{1,9})|№?\s*(\d{1,6})")


def read_number(words: str) -> tuple[int | None, int] | None:
    """`109-26-000123`, `26-123`, `№ 123` → (year or None, number); None when it is no ticket number."""
    found = _REFERENCE.fullmatch(words.strip())
    if found is None:
        return None
    return (2000 + int(found[1]), int(found[2])) if found[1] else (None, int(found[3]))
