"""Which figures are asked for, as it stands in an address: read, checked, and written again."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal, Protocol, get_args
from urllib.parse import urlencode

from chassis109.kernel.text import Form

Period = Literal["today", "yesterday", "week", "month", "free"]
By = Literal["territory", "category", "day", "both"]
Sort = Literal[
    "name", "registered", "consulted", "closed", "on_time", "punctual", "overdue", "did_not_react", "reopened",
    "confirmed",
]  # fmt: skip
Way = Literal["up", "down"]
PERIODS: tuple[Period, ...] = get_args(Period)
BYS: tuple[By, ...] = get_args(By)
SORTS: tuple[Sort, ...] = get_args(Sort)
FIRST = date(2024, 1, 1)
"""Before it nobody had a number."""
MOST_DAYS = 1_100
"""Three years; what is longer is asked for in parts."""
NOBODY = "-"
"""Stands in an address for calls that named no category."""
_BACK: dict[str, tuple[int, int]] = {"today": (0, 0), "yesterday": (1, 1), "week": (6, 0), "month": (29, 0)}


class Query(Protocol):
    """What an address carries after its question mark."""

    def getall(self, key: str, default: Sequence[str], /) -> Sequence[str]:
        """Every value of a name."""


@dataclass(frozen=True, slots=True)
class Known:
    """What may be asked for: slugs of territories, codes of categories."""

    territories: Collection[str]
    categories: Collection[str]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the person chose; `first` and `last` are days in Almaty, both included. Empty means all."""

    first: date
    last: date
    period: Period = "free"
    by: By = "territory"
    territory: str = ""
    category: str = ""
    sort: Sort = "name"
    way: Way = "up"

    @property
    def days(self) -> int:
        """How many."""
        return (self.last - self.first).days + 1

    def query(self, **more: object) -> str:
        """The address's part after the question mark, without what goes without saying."""
        free = self.period == "free"
        given: dict[str, object] = {
            "period": "" if free else self.period, "from": self.first if free else "", "to": self.last if free else "",
            "by": self.by if self.by != "territory" else "", "territory": self.territory, "category": self.category,
            "sort": self.sort if self.sort != "name" else "", "way": "down" if self.way == "down" else "", **more,
        }  # fmt: skip
        return urlencode([(name, str(value)) for name, value in given.items() if value])

    def sorted_by(self, sort: Sort) -> str:
        """The address of the same sorted by a column: figures fall first, a second time the other way round."""
        way: Way = "up" if sort == "name" else "down"
        if sort == self.sort:
            way = "down" if self.way == "up" else "up"
        return replace(self, sort=sort, way=way).query()


def days_of(period: str, today: date) -> tuple[date, date]:
    """First and last day of a period that is not free."""
    first, last = _BACK[period]
    return today - timedelta(days=first), today - timedelta(days=last)


def typed(query: Query) -> dict[str, str]:
    """The last value of each name, as it was written."""
    names = ("period", "from", "to", "by", "territory", "category", "sort", "way")
    return {name: (query.getall(name, []) or [""])[-1] for name in names}


def read(said: dict[str, str], known: Known, today: date) -> Asked:
    """What an address asks for. Dates that are not those of its period make it a free one. Raises Invalid."""
    form = Form()
    free = bool(said["from"] or said["to"])
    period = form.choice("period", said["period"] or ("free" if free else "week"), set(PERIODS))
    if period in _BACK:
        first, last = days_of(period, today)
        if free and (said["from"], said["to"]) != (first.isoformat(), last.isoformat()):
            period = "free"
    if period not in _BACK:
        first, last = _free(form, said, today)
    asked = Asked(
        first, last, period or "free",  # type: ignore[arg-type]  # checked above and below
        form.choice("by", said["by"] or "territory", set(BYS)),  # type: ignore[arg-type]
        form.choice("territory", said["territory"], {"", *known.territories}),
        form.choice("category", said["category"], {"", NOBODY, *known.categories}),
        form.choice("sort", said["sort"] or "name", set(SORTS)),  # type: ignore[arg-type]
        form.choice("way", said["way"] or "up", {"up", "down"}),  # type: ignore[arg-type]
    )  # fmt: skip
    form.done()
    return asked


def _free(form: Form, said: dict[str, str], today: date) -> tuple[date, date]:
    first, last = _day(form, "from", said["from"], today), _day(form, "to", said["to"], today)
    if first is None or last is None:
        return today, today
    if last < first:
        form.refuse("to", "order", "The last day is before the first one.")
    elif (last - first).days >= MOST_DAYS:
        form.refuse("from", "length", "At most {most} days at once, these are {days}.",
                    most=MOST_DAYS, days=(last - first).days + 1)  # fmt: skip
    return first, last


def _day(form: Form, field: str, value: str, today: date) -> date | None:
    if not value:
        form.refuse(field, "required", "Fill in this field.")
        return None
    try:
        day = date.fromisoformat(value)
    except ValueError:
        form.refuse(field, "date", "A day looks like 2026-11-24.")
        return None
    if day > today:
        form.refuse(field, "future", "That day has not come yet.")
    elif day < FIRST:
        form.refuse(field, "past", "There are no figures before {day}.", day=FIRST.strftime("%d.%m.%Y"))
    else:
        return day
    return None
