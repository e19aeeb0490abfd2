"""SQL of the wall. The board is four statements, whatever the tables hold: what is open comes from the index of open
tickets alone, sums of days from the daily figures, the rest from the last 24 hours."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from shapely import MultiPolygon

from chassis109.store import unit
from region109.territories.model import Territory
from region109.wall.asked import Filter
from region109.wall.model import Acknowledged, Category, Cell, Days, Group, Line, News
from region109.wall.telling import Handoff, Mandate, Reaction, Refusal, Spot, Ticket

_OPEN = "state NOT IN ('closed', 'rejected', 'cancelled', 'referred')"
_OVERDUE = "coalesce(done_at, paused_at, {0}) > due_at"
MOST_REFUSED = 10_000
"""Further refusals are not counted: they are too many anyway."""

_CELLS = f"""
SELECT territory, category, count(*) AS open, count(*) FILTER (WHERE {_OVERDUE.format("$1")}) AS overdue
FROM region.ticket WHERE {_OPEN} GROUP BY territory, category
"""
_FIGURES = """
SELECT t.id, d.*, h.heard_at, coalesce(h.waiting, 0) AS waiting, coalesce(h.refused, 0) AS refused
FROM region.territory t
LEFT JOIN region.heard h ON h.territory = t.id
LEFT JOIN (
    SELECT territory,
        coalesce(sum(registered) FILTER (WHERE day = $1), 0)::int AS registered_today,
        coalesce(sum(consulted) FILTER (WHERE day = $1), 0)::int AS consulted_today,
        sum(registered)::int AS registered, sum(consulted)::int AS consulted, sum(closed)::int AS closed,
        sum(on_time)::int AS on_time, sum(did_not_react)::int AS did_not_react
    FROM region.daily WHERE day BETWEEN $2 AND $1 GROUP BY territory) d ON d.territory = t.id
"""
# Closed in the last hours means changed in them: there is an index of that.
_HOURS = """
SELECT at, sum(registered)::int AS registered, sum(closed)::int AS closed FROM (
    SELECT date_bin('1 hour', opened_at, $1) AS at, count(*) AS registered, 0 AS closed
    FROM region.ticket WHERE opened_at >= $1 AND origin IS NULL GROUP BY 1
    UNION ALL
    SELECT date_bin('1 hour', closed_at, $1), 0, count(*)
    FROM region.ticket WHERE updated_at >= $1 AND closed_at >= $1 AND state = 'closed' GROUP BY 1) both_of GROUP BY at
"""
_NEWS = f"""
WITH handoff AS MATERIALIZED (
    SELECT territory, state, sent_at, decided_at FROM region.handoff WHERE mode = 'live' AND sent_at >= $1),
news AS (
    (SELECT updated_at AS at, territory, state, category, id FROM region.ticket ORDER BY updated_at DESC LIMIT $3)
    UNION ALL
    (SELECT greatest(sent_at, decided_at), territory, state, '', NULL FROM handoff ORDER BY 1 DESC LIMIT $3)
    ORDER BY 1 DESC LIMIT $3)
SELECT (SELECT json_agg(news) FROM news) AS news,
    (SELECT count(*) FROM handoff WHERE decided_at IS NOT NULL) AS decided,
    (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM decided_at - sent_at)::float8)
     FROM handoff WHERE decided_at IS NOT NULL) AS median,
    (SELECT count(*) FROM (SELECT FROM region.refused WHERE heard_at >= $2 LIMIT {MOST_REFUSED}) r) AS refused
"""  # fmt: skip
_TICKET = """id, reference, version, category, service, service_kind, state, priority, opened_at, updated_at, react_by,
    due_at, statutory_due, paused_at, unanswered, reopened, done_at, closed_at, confirmed, origin, origin_reference,
    ST_X(point) AS lon, ST_Y(point) AS lat, heard_at"""


class _Told(msgspec.Struct):
    """A row of the event line."""

    at: datetime
    territory: int
    state: str
    category: str
    id: UUID | None


async def territories() -> list[tuple[Territory, MultiPolygon]]:
    """Each with its outline, by number."""
    rows = await unit.fetch(
        "SELECT id, slug, kind, names, outline FROM region.territory WHERE active ORDER BY id"
    )
    return [
        (Territory(row["id"], row["slug"], row["kind"], _names(row["names"]), active=True), row["outline"])
        for row in rows
    ]


async def categories() -> list[Category]:
    """Every category that a territory may name, in the order of the registry."""
    rows = await unit.fetch(
        "SELECT territory, code, group_code, group_names, names FROM region.category ORDER BY position, territory"
    )
    return [
        Category(
            row["territory"],
            row["code"],
            _names(row["names"]),
            Group(row["group_code"], _names(row["group_names"])),
        )
        for row in rows
    ]


async def services() -> dict[tuple[int, str], Mapping[str, str]]:
    """Names of each responsible service by territory and code."""
    rows = await unit.fetch("SELECT territory, code, names FROM region.service ORDER BY territory, code")
    return {(row["territory"], row["code"]): _names(row["names"]) for row in rows}


def _names(written: str) -> dict[str, str]:
    return msgspec.json.decode(written, type=dict[str, str])


async def cells(at: datetime) -> dict[tuple[int, str], Cell]:
    """Open and overdue tickets by (territory, category)."""
    rows = await unit.fetch(_CELLS, at)
    return {(row["territory"], row["category"]): Cell(row["open"], row["overdue"]) for row in rows}


async def figures(first: date, today: date) -> dict[int, tuple[Days, Days, Line]]:
    """By territory: sums of today, sums since `first`, and its line."""
    return {row["id"]: _figures(row) for row in await unit.fetch(_FIGURES, today, first)}


def _figures(row: Mapping[str, Any]) -> tuple[Days, Days, Line]:
    line = Line(row["heard_at"], row["waiting"], 0, row["refused"])
    if row["territory"] is None:
        return Days(), Days(), line
    month = Days(*(row[name] for name in Days.__slots__))
    return Days(row["registered_today"], row["consulted_today"]), month, line


async def hours(since: datetime) -> dict[datetime, tuple[int, int]]:
    """Registered and closed tickets by hours that begin at `since`."""
    rows = await unit.fetch(_HOURS, since)
    return {row["at"]: (row["registered"], row["closed"]) for row in rows}


async def news(since: datetime, most: int) -> tuple[list[News], Acknowledged, int]:
    """The latest facts, how fast handoffs were decided, and how many messages were refused since then."""
    (row,) = await unit.fetch(_NEWS, since, since, most)
    told = msgspec.json.decode(row["news"] or "[]", type=list[_Told])
    found = [News(one.at, one.territory, one.state, one.category, one.id) for one in told]
    return found, Acknowledged(row["decided"], row["median"]), row["refused"]


async def reactions(territory: int, at: datetime) -> list[Reaction]:
    """How the services of a territory stand with what is open, the most overdue first."""
    rows = await unit.fetch(
        f"""SELECT service, count(*) AS open, count(*) FILTER (WHERE {_OVERDUE.format("$2")}) AS overdue,
               count(*) FILTER (WHERE unanswered > 0) AS silent
           FROM region.ticket WHERE territory = $1 AND {_OPEN} GROUP BY service ORDER BY overdue DESC, open DESC""",
        territory, at,
    )  # fmt: skip
    return [Reaction(**row) for row in rows]


async def tickets(
    territory: int, wanted: Filter, after: tuple[datetime, UUID] | None, most: int, at: datetime
) -> list[Ticket]:
    """Up to `most` tickets after that place: what is open by its due time, everything by its age, newest first."""
    conditions, args = _where(territory, wanted, at)
    key, direction, compare = ("opened_at", "DESC", "<") if wanted.all else ("due_at", "ASC", ">")
    if after is not None:
        args += after
        conditions.append(f"({key}, id) {compare} (${len(args) - 1}, ${len(args)})")
    rows = await unit.fetch(
        f"SELECT {_TICKET} FROM region.ticket WHERE {' AND '.join(conditions)}"
        f" ORDER BY {key} {direction}, id {direction} LIMIT {int(most)}",
        *args,
    )
    return [Ticket(territory=territory, **row) for row in rows]


def _where(territory: int, wanted: Filter, at: datetime) -> tuple[list[str], list[object]]:
    """Conditions and their arguments, in order. Every value is an argument, never part of the text."""
    conditions, args = ["territory = $1"], list[object]((territory,))
    if not wanted.all:
        conditions.append(_OPEN)
    for template, value in (
        ("state = ${}", wanted.state), ("category = ${}", wanted.category), ("service = ${}", wanted.service),
        (f"{_OPEN} AND {_OVERDUE.format('${}')}", at if wanted.overdue else None),
        ("(reference = ANY(${0}) OR origin_reference = ANY(${0}))", wanted.numbers),
    ):  # fmt: skip
        if value:
            args.append(value)
            conditions.append(template.format(len(args)))
    if wanted.silent:
        conditions.append("unanswered > 0")
    return conditions, args


async def ticket(territory: int, ticket_id: UUID) -> Ticket | None:
    """One ticket, or None when no such one was told of."""
    row = await unit.fetchrow(
        f"SELECT {_TICKET} FROM region.ticket WHERE territory = $1 AND id = $2", territory, ticket_id
    )
    return Ticket(territory=territory, **row) if row else None


async def spots(territory: int, at: datetime, most: int) -> list[Spot]:
    """Where open tickets are, the most urgent first; those of one point together."""
    rows = await unit.fetch(
        f"""SELECT ST_X(point) AS lon, ST_Y(point) AS lat, count(*) AS open,
               count(*) FILTER (WHERE {_OVERDUE.format("$2")}) AS overdue
           FROM region.ticket WHERE territory = $1 AND {_OPEN} AND point IS NOT NULL
           GROUP BY point ORDER BY overdue, open LIMIT $3""",
        territory, at, most,
    )  # fmt: skip
    return [Spot(**row) for row in rows]


async def mandates(territory: int, ticket_id: UUID) -> list[Mandate]:
    """What was ordered about a ticket, the latest first."""
    rows = await unit.fetch(
        f"""SELECT {", ".join(Mandate.__slots__)} FROM region.mandate
            WHERE territory = $1 AND ticket_id = $2 ORDER BY issued_at DESC, id""",
        territory, ticket_id,
    )  # fmt: skip
    return [Mandate(**row) for row in rows]


async def handoffs(territory: int, after: tuple[datetime, UUID] | None, most: int) -> list[Handoff]:
    """Live handoffs and drills of a territory, the latest first."""
    names = ", ".join(Handoff.__slots__)
    rows = await unit.fetch(
        f"""SELECT {names} FROM region.handoff WHERE territory = $1
            AND ($2::timestamptz IS NULL OR (sent_at, id) < ($2, $3)) ORDER BY sent_at DESC, id DESC LIMIT $4""",
        territory, *(after or (None, None)), most,
    )  # fmt: skip
    return [Handoff(**row) for row in rows]


async def refused(after: tuple[datetime, str, int] | None, most: int) -> list[Refusal]:
    """Refused messages, the latest first; never what they said."""
    rows = await unit.fetch(
        """SELECT stream, seq, subject, territory, reason, bytes, said_at, heard_at FROM region.refused
           WHERE $1::timestamptz IS NULL OR (heard_at, stream, seq) < ($1, $2, $3)
           ORDER BY heard_at DESC, stream DESC, seq DESC LIMIT $4""",
        *(after or (None, None, None)), most,
    )  # fmt: skip
    return [Refusal(**row) for row in rows]


async def refused_counts() -> dict[tuple[int | None, str], int]:
    """How many messages were ever refused, by territory (None: nobody knows whose) and reason."""
    rows = await unit.fetch(
        "SELECT territory, reason, count(*) AS n FROM region.refused GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2"
    )
    return {(row["territory"], row["reason"]): row["n"] for row in rows}
