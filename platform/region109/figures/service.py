"""Reading figures: of a period as a report, or every day by itself for a file."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from chassis109.kernel import clock
from chassis109.store.unit import transaction
from region109.figures import model, repository
from region109.figures.asked import NOBODY, Asked, Known
from region109.figures.model import Counted, Ground, Key, Row, Sums
from region109.figures.repository import Limits
from region109.territories import service as territories

CHUNK_DAYS = 8
"""So many days are read at once for a file: about 5 000 rows."""


@dataclass(frozen=True)
class Report:
    """The figures of a period. `days` are those of the chart; `missing` the days whose end nobody wrote down."""

    asked: Asked
    ground: Ground
    rows: list[Row]
    total: Sums
    days: list[Row]
    missing: list[tuple[date, date]]

    @property
    def now(self) -> bool:
        """Whether the period ends today: what is overdue is counted at this moment."""
        return self.asked.last == self.ground.today


async def ground() -> Ground:
    """Territories, categories, and when each was heard."""
    places = {one.id: one for one in await territories.all_()}
    async with transaction(None):
        return Ground(clock.now(), places, await repository.categories(), await repository.heard())


def known(registry: Ground) -> Known:
    """What may be asked for."""
    return Known([one.slug for one in registry.territories.values()], registry.categories)


async def report(asked: Asked, registry: Ground) -> Report:
    """The figures of a period, grouped and sorted."""
    counted = await _counted(asked, registry)
    by_day = _by_day(asked, counted)
    rows = by_day if asked.by == "day" else _by_cell(asked, counted, registry)
    complete = asked.last == registry.today or asked.last in counted.ended
    overdue = sum(counted.overdue.values()) if complete else None
    total = replace(model.total((one.sums for one in by_day), known=False), overdue=overdue)
    missing = [one.day for one in by_day if one.day and one.sums.overdue is None]
    return Report(asked, registry, _sorted(rows, asked, registry), total, by_day, model.spans(missing))


async def each(asked: Asked, registry: Ground) -> AsyncIterator[list[Row]]:
    """Every day, territory and category by itself, in pieces; today's overdue are those of this moment."""
    limits, first = _limits(asked, registry), asked.first
    while first <= asked.last:
        last = min(first + timedelta(days=CHUNK_DAYS - 1), asked.last)
        async with transaction(None):
            found = await repository.each(first, last, limits)
            running = await repository.now(registry.at, limits) if last == registry.today else {}
        rows = {(day, key): sums for day, key, sums in found}
        if last == registry.today:
            rows |= _today(rows, running, registry.today)
        yield [Row(sums, day, *key) for (day, key), sums in sorted(rows.items())]
        first = last + timedelta(days=1)


def _today(
    rows: dict[tuple[date, Key], Sums], running: dict[Key, int], today: date
) -> dict[tuple[date, Key], Sums]:
    keys = {key for day, key in rows if day == today} | running.keys()
    return {
        (today, key): replace(rows.get((today, key), Sums()), overdue=running.get(key, 0)) for key in keys
    }


async def rows_of_each(asked: Asked, registry: Ground) -> int:
    """How many they are."""
    async with transaction(None):
        return await repository.count_each(asked.first, asked.last, _limits(asked, registry))


def _limits(asked: Asked, registry: Ground) -> Limits:
    category = "" if asked.category == NOBODY else asked.category or None
    return registry.number(asked.territory), category


async def _counted(asked: Asked, registry: Ground) -> Counted:
    limits, today = _limits(asked, registry), registry.today
    async with transaction(None):
        days = await repository.days(asked.first, asked.last, limits)
        found = {} if asked.by == "day" else await repository.cells(asked.first, asked.last, limits)
        ended = await repository.ends(asked.first, asked.last, limits)
        if asked.last == today:
            overdue, whole = await repository.now(registry.at, limits), frozenset(registry.territories)
            ended[today] = sum(overdue.values())
        else:
            overdue, whole = await repository.end(asked.last, limits)
    return Counted(days, found, overdue, ended, whole)


def _by_day(asked: Asked, counted: Counted) -> list[Row]:
    return [
        Row(replace(counted.days.get(day, Sums()), overdue=counted.ended.get(day)), day)
        for day in model.all_days(asked.first, asked.last)
    ]


def _by_cell(asked: Asked, counted: Counted, registry: Ground) -> list[Row]:
    found = model.cells(counted)
    if asked.by == "category":
        by_category = model.grouped(found, lambda key: key[1])
        return [Row(one, category=code) for code, one in by_category.items() if not one.nothing]
    if asked.by == "both":
        return [Row(one, None, *key) for key, one in found.items() if not one.nothing]
    sums = model.grouped(found, lambda key: key[0])
    wanted = registry.number(asked.territory)
    for place in registry.territories.values():
        if place.active and wanted in {None, place.id}:
            sums.setdefault(place.id, Sums(overdue=0 if place.id in counted.whole else None))
    return [Row(one, territory=number) for number, one in sums.items()]


def _sorted(rows: list[Row], asked: Asked, registry: Ground) -> list[Row]:
    """By a column; what has no figure in it stands last either way, equals in the order of the registry."""
    ordered = sorted(rows, key=_place(registry), reverse=asked.sort == "name" and asked.way == "down")
    if asked.sort == "name":
        return ordered

    def figure(row: Row) -> Any:  # noqa: ANN401 - a number
        return getattr(row.sums, asked.sort)

    having = [row for row in ordered if figure(row) is not None]
    having.sort(key=figure, reverse=asked.way == "down")
    return having + [row for row in ordered if figure(row) is None]


def _place(registry: Ground) -> Callable[[Row], tuple[date, int, int, str]]:
    def place(row: Row) -> tuple[date, int, int, str]:
        code = row.category or ""
        named = registry.categories.get(code)
        return row.day or date.min, row.territory or 0, named.position if named else 1 << 20, code

    return place
