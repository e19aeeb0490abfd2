"""SQL of the figures. A page reads sums by day and by cell, what stood at the ends of days, and names; nothing of it
grows with the number of tickets, but what is overdue now comes from the index of open ones."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import asyncpg
import msgspec

from chassis109.store import unit
from region109.figures.model import COUNTS, Category, Key, Sums

_SUMS = ", ".join(f"sum({name})::int AS {name}" for name in COUNTS)
# A person's limits: the territory's number or null, the category's code or null ('' is a category: none was named).
_LIMITS = "($3::smallint IS NULL OR territory = $3) AND ($4::text IS NULL OR category = $4)"
_DAILY = f"SELECT {{0}}, {_SUMS} FROM region.daily WHERE day BETWEEN $1 AND $2 AND {_LIMITS} GROUP BY {{0}}"
# The end of a day has a row of every territory, also where nothing was overdue.
_ENDS = """
SELECT day, coalesce(sum(open_overdue) FILTER (WHERE $4::text IS NULL OR category = $4), 0)::int AS overdue
FROM region.overdue WHERE day BETWEEN $1 AND $2 AND ($3::smallint IS NULL OR territory = $3) GROUP BY day
"""
_END = """
SELECT territory, category, open_overdue AS overdue, category = '' AS whole FROM region.overdue
WHERE day = $1 AND ($2::smallint IS NULL OR territory = $2) AND ($3::text IS NULL OR category IN ($3, ''))
"""
_NOW = """
SELECT territory, category, count(*)::int AS overdue FROM region.ticket
WHERE state NOT IN ('closed', 'rejected', 'cancelled', 'referred') AND coalesce(done_at, paused_at, $1) > due_at
    AND ($2::smallint IS NULL OR territory = $2) AND ($3::text IS NULL OR category = $3)
GROUP BY territory, category
"""
_TOLD = " OR ".join(f"{name} <> 0" for name in COUNTS)
_EACH = f"""
FROM (SELECT * FROM region.daily WHERE day BETWEEN $1 AND $2 AND {_LIMITS} AND ({_TOLD})) d
FULL JOIN (SELECT * FROM region.overdue WHERE day BETWEEN $1 AND $2 AND {_LIMITS} AND open_overdue > 0) o
    USING (day, territory, category)
"""
_ROWS = f"""
SELECT day, territory, category, {", ".join(f"coalesce({name}, 0) AS {name}" for name in COUNTS)},
    coalesce(open_overdue, 0) AS overdue,
    EXISTS (SELECT FROM region.overdue e WHERE (e.day, e.territory, e.category) = (x.day, x.territory, '')) AS ended
FROM (SELECT * {_EACH}) x ORDER BY day, territory, category
"""

Limits = tuple[int | None, str | None]


async def cells(first: date, last: date, limits: Limits) -> dict[Key, Sums]:
    """Sums of a period by territory and category."""
    rows = await unit.fetch(_DAILY.format("territory, category"), first, last, *limits)
    return {(row["territory"], row["category"]): _sums(row) for row in rows}


async def days(first: date, last: date, limits: Limits) -> dict[date, Sums]:
    """Sums by day; days without any figure are left out."""
    rows = await unit.fetch(_DAILY.format("day"), first, last, *limits)
    return {row["day"]: _sums(row) for row in rows}


async def ends(first: date, last: date, limits: Limits) -> dict[date, int]:
    """What was open and overdue at the end of each day; days whose end nobody wrote down are left out."""
    return {row["day"]: row["overdue"] for row in await unit.fetch(_ENDS, first, last, *limits)}


async def end(day: date, limits: Limits) -> tuple[dict[Key, int], frozenset[int]]:
    """The same of one day by cell, and the territories that were there."""
    rows = await unit.fetch(_END, day, *limits)
    overdue = {(row["territory"], row["category"]): row["overdue"] for row in rows if row["overdue"]}
    return overdue, frozenset(row["territory"] for row in rows if row["whole"])


async def now(at: datetime, limits: Limits) -> dict[Key, int]:
    """What is open and overdue at this moment, by cell."""
    rows = await unit.fetch(_NOW, at, *limits)
    return {(row["territory"], row["category"]): row["overdue"] for row in rows}


async def count_each(first: date, last: date, limits: Limits) -> int:
    """How many rows `each` has; today's that are only overdue now are not among them."""
    return int(await unit.fetchval(f"SELECT count(*) {_EACH}", first, last, *limits))


async def each(first: date, last: date, limits: Limits) -> list[tuple[date, Key, Sums]]:
    """Every day, territory and category by itself."""
    rows = await unit.fetch(_ROWS, first, last, *limits)
    return [
        (
            row["day"],
            (row["territory"], row["category"]),
            _sums(row, row["overdue"] if row["ended"] else None),
        )
        for row in rows
    ]


async def categories() -> dict[str, Category]:
    """Each category once: the name that the first territory which has it gives it."""
    rows = await unit.fetch(
        "SELECT DISTINCT ON (code) code, names, group_names, position FROM region.category ORDER BY code, territory"
    )
    found = [
        Category(row["code"], _names(row["names"]), _names(row["group_names"]), row["position"])
        for row in rows
    ]
    return {one.code: one for one in sorted(found, key=lambda one: (one.position, one.code))}


async def heard() -> dict[int, datetime]:
    """When each territory was heard last."""
    return {
        row["territory"]: row["heard_at"]
        for row in await unit.fetch("SELECT territory, heard_at FROM region.heard")
    }


def _sums(row: asyncpg.Record | Mapping[str, Any], overdue: int | None = 0) -> Sums:
    return replace(Sums(*(row[name] for name in COUNTS)), overdue=overdue)


def _names(written: str) -> dict[str, str]:
    return msgspec.json.decode(written, type=dict[str, str])
