"""What crosses HTTP about figures. Days are calendar days in Almaty, shares between 0 and 1."""

from datetime import date, datetime
from typing import Self

import msgspec

from region109.figures.asked import Asked
from region109.figures.model import Ground, Row, Sums
from region109.figures.service import Report


class SumsOut(msgspec.Struct):
    """Figures. `overdue` is null where the end of the period was not written down; `punctual` is `on_time` ÷ `judged`,
    and `judged` is `closed` + `overdue`; `few`: too few to judge."""

    registered: int
    consulted: int
    closed: int
    on_time: int
    did_not_react: int
    reopened: int
    confirmed: int
    overdue: int | None
    judged: int | None
    punctual: float | None
    few: bool

    @classmethod
    def of(cls, one: Sums) -> Self:
        """From the sums."""
        return cls(**{name: getattr(one, name) for name in cls.__struct_fields__})


class RowOut(msgspec.Struct):
    """A line; what it is not grouped by is null. `category` is empty where none was named; `stale`: its territory is
    silent."""

    day: date | None
    territory: str | None
    category: str | None
    stale: bool
    figures: SumsOut

    @classmethod
    def of(cls, one: Row, ground: Ground) -> Self:
        """From the report."""
        place = ground.territories.get(one.territory or 0)
        stale = place is not None and ground.stale(place.id)
        return cls(one.day, place.slug if place else None, one.category, stale, SumsOut.of(one.sums))


class SpanOut(msgspec.Struct):
    """Days that follow each other, both included."""

    first: date
    last: date


class HeardOut(msgspec.Struct):
    """When a territory was heard last."""

    territory: str
    heard_at: datetime | None
    stale: bool


class FiguresOut(msgspec.Struct, rename={"first": "from", "last": "to"}):
    """Figures of a period. `now`: it ends today, so that overdue is counted at `at`; `missing`: days whose end was not
    written down."""

    first: date
    last: date
    by: str
    at: datetime
    now: bool
    items: list[RowOut]
    total: SumsOut
    missing: list[SpanOut]
    heard: list[HeardOut]

    @classmethod
    def of(cls, report: Report) -> Self:
        """From the report."""
        asked: Asked = report.asked
        ground = report.ground
        heard = [
            HeardOut(one.slug, ground.heard.get(one.id), ground.stale(one.id))
            for one in ground.territories.values() if one.active
        ]  # fmt: skip
        return cls(
            asked.first, asked.last, asked.by, ground.at, report.now, [RowOut.of(one, ground) for one in report.rows],
            SumsOut.of(report.total), [SpanOut(*one) for one in report.missing], heard,
        )  # fmt: skip
