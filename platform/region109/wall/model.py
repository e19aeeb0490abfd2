"""What the wall shows and how it judges it. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from uuid import UUID
from zoneinfo import ZoneInfo

from region109.contract import STALE_SECONDS
from region109.territories.model import Territory

ALMATY = ZoneInfo("Asia/Almaty")
ENDED = frozenset({"closed", "rejected", "cancelled", "referred"})
"""The states of a ticket in which it is no longer open."""
FEW = 5
"""With fewer open tickets a share says nothing: the territory is hatched."""
STEPS = (0.05, 0.10, 0.20, 0.35)
"""Where the colours of the shares change."""
DAYS = 30
"""Punctuality and reaction are judged over so many days, today included."""
HOURS = 24
ORDERS = ("overdue", "in_time", "silent", "open")
"""What territories are ranked by, the worst first."""


def share(part: int, whole: int) -> float | None:
    """A part of a whole between 0 and 1; None of nothing."""
    return min(part / whole, 1.0) if whole else None


def step(value: float | None) -> int:
    """The colour of a share: 0 … 4."""
    return sum(value >= edge for edge in STEPS) if value is not None else 0


@dataclass(frozen=True, slots=True)
class Group:
    """A group of categories: a column's name on the wall."""

    code: str
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Category:
    """A category of a territory."""

    territory: int
    code: str
    names: Mapping[str, str]
    group: Group


@dataclass(frozen=True, slots=True)
class Cell:
    """Open tickets of one kind in one territory."""

    open: int = 0
    overdue: int = 0

    def __add__(self, other: "Cell") -> "Cell":
        return Cell(self.open + other.open, self.overdue + other.overdue)

    @property
    def share(self) -> float | None:
        """Which part is overdue; None when it is too few to say."""
        return share(self.overdue, self.open) if self.open >= FEW else None


@dataclass(frozen=True, slots=True)
class Days:
    """Sums of daily figures."""

    registered: int = 0
    consulted: int = 0
    closed: int = 0
    on_time: int = 0
    did_not_react: int = 0

    def __add__(self, other: "Days") -> "Days":
        return Days(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class Line:
    """What is known of the line to a territory. `missing`: facts that it says it has sent and that are not here."""

    heard_at: datetime | None = None
    waiting: int = 0
    missing: int = 0
    refused: int = 0

    def stale(self, at: datetime) -> bool:
        """Whether nothing was heard of it for so long that its figures stand still."""
        return self.heard_at is None or at - self.heard_at > timedelta(seconds=STALE_SECONDS)


@dataclass(frozen=True)
class Standing:
    """Where a territory stands now. `month` are its last DAYS days."""

    territory: Territory
    groups: Mapping[str, Cell]
    today: Days
    month: Days
    line: Line

    @cached_property
    def cell(self) -> Cell:
        """All kinds together."""
        return sum(self.groups.values(), Cell())

    @property
    def in_time(self) -> float | None:
        """On time ÷ (closed + open overdue)."""
        return share(self.month.on_time, self.month.closed + self.cell.overdue)

    @property
    def silent(self) -> float | None:
        """The part of the registered tickets to which the responsible service did not react in time."""
        return share(self.month.did_not_react, self.month.registered)


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour of the flow, named by its beginning."""

    at: datetime
    registered: int = 0
    closed: int = 0


@dataclass(frozen=True, slots=True)
class News:
    """A fact of the event line: of a ticket, or of a handoff (then `category` is empty)."""

    at: datetime
    territory: int
    state: str
    category: str
    ticket: UUID | None


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """How long the emergency services took to decide, in the last 24 hours."""

    count: int = 0
    median_seconds: float | None = None


@dataclass(frozen=True)
class Board:
    """Everything on the wall at one moment."""

    at: datetime
    standings: tuple[Standing, ...]
    groups: tuple[Group, ...]
    hours: tuple[Hour, ...]
    news: tuple[News, ...] = ()
    acknowledged: Acknowledged = field(default_factory=Acknowledged)
    refused: int = 0
    """How many messages were refused in the last 24 hours."""

    @cached_property
    def whole(self) -> Standing:
        """The region as if it were one territory; its line is the one heard last."""
        heard = [one.line.heard_at for one in self.standings if one.line.heard_at]
        line = Line(
            max(heard, default=None),
            sum(one.line.waiting for one in self.standings),
            sum(one.line.missing for one in self.standings),
        )
        cells = {"": sum((one.cell for one in self.standings), Cell())}
        today = sum((one.today for one in self.standings), Days())
        month = sum((one.month for one in self.standings), Days())
        return Standing(Territory(0, "", "region", {}, active=True), cells, today, month, line)

    @property
    def stale(self) -> list[Standing]:
        """The territories that are silent, the longest first."""
        silent = [one for one in self.standings if one.line.stale(self.at)]
        return sorted(silent, key=lambda one: (one.line.heard_at is not None, one.line.heard_at or self.at))

    @property
    def consulted(self) -> float | None:
        """Which part of today's requests was settled on the first call."""
        today = self.whole.today
        return share(today.consulted, today.consulted + today.registered)

    def of(self, slug: str) -> Standing | None:
        """A territory's own figures."""
        return next((one for one in self.standings if one.territory.slug == slug), None)

    def ranked(self, order: str, *, reverse: bool = False) -> list[Standing]:
        """The territories by one of ORDERS, the worst first; those without a figure last."""

        def worth(one: Standing) -> float | None:
            figure: float | None = one.cell.share if order == "overdue" else None
            if order in {"in_time", "silent"}:
                figure = getattr(one, order)
            elif order == "open":
                figure = float(one.cell.open)
            return figure if figure is None or order == "in_time" else -figure

        def key(one: Standing) -> tuple[bool, float, float, str]:
            figure = worth(one)
            sign = -1 if reverse else 1
            return figure is None, sign * (figure or 0.0), -one.cell.overdue, one.territory.slug

        return sorted(self.standings, key=key)


def hours(at: datetime, counted: Mapping[datetime, tuple[int, int]]) -> tuple[Hour, ...]:
    """The last HOURS hours to `at`, those without any figure too."""
    moments = (at - timedelta(hours=back) for back in range(HOURS, 0, -1))
    return tuple(Hour(moment, *counted.get(moment, (0, 0))) for moment in moments)


def groups(categories: Iterable[Category]) -> tuple[Group, ...]:
    """Each group once, in the order of the registry."""
    found: dict[str, Group] = {}
    for one in categories:
        found.setdefault(one.group.code, one.group)
    return tuple(found.values())


_KIND_OF_PLACE = frozenset(
    {"район", "имени", "город", "district", "city", "ауданы", "аудан", "қаласы", "атындағы"}
)


def short(name: str) -> str:
    """The name of a territory without the words for what kind of place it is."""
    return " ".join(word for word in name.split() if word.lower() not in _KIND_OF_PLACE) or name


def in_two(text: str) -> tuple[str, str]:
    """A sentence in two lines of about the same length."""
    words = text.split()
    places = range(1, len(words) + 1)
    cut = min(places, key=lambda at: max(len(" ".join(words[:at])), len(" ".join(words[at:]))), default=0)
    return " ".join(words[:cut]), " ".join(words[cut:])
