"""Sums of daily figures and what may be said of them. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta
from math import floor
from typing import TypeVar
from zoneinfo import ZoneInfo

from region109.contract import STALE_SECONDS
from region109.territories.model import Territory

ALMATY = ZoneInfo("Asia/Almaty")
FEW = 10
"""Below so many in the denominator one ticket moves the share by more than ten points: it is marked."""
Names = Mapping[str, str]
Key = tuple[int, str]
"""Territory and category."""
K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class Sums:
    """Figures of some days. `overdue`: open and overdue at their end; None where nobody wrote it down."""

    registered: int = 0
    consulted: int = 0
    closed: int = 0
    on_time: int = 0
    did_not_react: int = 0
    reopened: int = 0
    confirmed: int = 0
    overdue: int | None = 0

    def __add__(self, other: "Sums") -> "Sums":
        counts = (getattr(self, name) + getattr(other, name) for name in COUNTS)
        unknown = self.overdue is None or other.overdue is None
        overdue = None if unknown else (self.overdue or 0) + (other.overdue or 0)
        return replace(Sums(*counts), overdue=overdue)

    @property
    def judged(self) -> int | None:
        """What punctuality is a part of: closed + open overdue."""
        return None if self.overdue is None else self.closed + self.overdue

    @property
    def punctual(self) -> float | None:
        """On time ÷ (closed + open overdue); None of nothing, and where the second is not known."""
        return self.on_time / self.judged if self.judged else None

    @property
    def percent(self) -> float | None:
        """The same in percent, never rounded up: 100 means all."""
        return None if self.punctual is None else floor(self.on_time * 1000 / (self.judged or 1)) / 10

    @property
    def few(self) -> bool:
        """Whether the share is of too few to say much."""
        return self.judged is not None and 0 < self.judged < FEW

    @property
    def nothing(self) -> bool:
        """Whether there is nothing to show."""
        return not (self.overdue or any(getattr(self, name) for name in COUNTS))


COUNTS: tuple[str, ...] = tuple(one.name for one in fields(Sums))[:-1]


@dataclass(frozen=True, slots=True)
class Row:
    """A line: what it is of, and its figures. What it is not grouped by is None."""

    sums: Sums
    day: date | None = None
    territory: int | None = None
    category: str | None = None


@dataclass(frozen=True, slots=True)
class Category:
    """A category by what it is called, wherever it stands; `position` is the registry's order."""

    code: str
    names: Names
    group: Names
    position: int


@dataclass(frozen=True)
class Ground:
    """The registry as figures need it, and when each territory was last heard."""

    at: datetime
    territories: Mapping[int, Territory]
    categories: Mapping[str, Category]
    heard: Mapping[int, datetime]

    @property
    def today(self) -> date:
        """The day in Almaty."""
        return self.at.astimezone(ALMATY).date()

    def number(self, slug: str) -> int | None:
        """A territory's number."""
        return next((one.id for one in self.territories.values() if one.slug == slug), None)

    def stale(self, territory: int) -> bool:
        """Whether it is silent: its figures are those of the moment at which it was heard last."""
        heard = self.heard.get(territory)
        return heard is None or self.at - heard > timedelta(seconds=STALE_SECONDS)

    @property
    def silent(self) -> list[Territory]:
        """The working territories that are silent."""
        return [one for one in self.territories.values() if one.active and self.stale(one.id)]


@dataclass(frozen=True)
class Counted:
    """What the tables hold of a period: sums by day and by cell, and what was open and overdue at its end. `ended`:
    the days whose end was written down; `whole`: the territories for which the end of the period is known."""

    days: Mapping[date, Sums]
    cells: Mapping[Key, Sums]
    overdue: Mapping[Key, int]
    ended: Mapping[date, int]
    whole: frozenset[int]


def cells(counted: Counted) -> dict[Key, Sums]:
    """Every territory and category of a period with what was overdue at its end."""
    found: dict[Key, Sums] = {}
    for key in {*counted.cells, *counted.overdue}:
        known = key[0] in counted.whole
        found[key] = replace(
            counted.cells.get(key, Sums()), overdue=counted.overdue.get(key, 0) if known else None
        )
    return found


def grouped(found: Mapping[Key, Sums], key: Callable[[Key], K]) -> dict[K, Sums]:
    """The cells added up by a part of their key."""
    sums: dict[K, Sums] = {}
    for cell, one in found.items():
        sums[key(cell)] = sums.get(key(cell), Sums()) + one
    return sums


def total(rows: Iterable[Sums], *, known: bool) -> Sums:
    """All of them together; `known`: whether what was overdue at the end is."""
    whole = sum((replace(one, overdue=one.overdue or 0) for one in rows), Sums())
    return whole if known else replace(whole, overdue=None)


def all_days(first: date, last: date) -> list[date]:
    """Every day of a period."""
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def spans(days: Iterable[date]) -> list[tuple[date, date]]:
    """Days that follow each other as first and last day."""
    found: list[tuple[date, date]] = []
    for day in sorted(days):
        if found and day - found[-1][1] == timedelta(days=1):
            found[-1] = found[-1][0], day
        else:
            found.append((day, day))
    return found
