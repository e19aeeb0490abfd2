"""The one query behind every list of tickets: keyset-paged, one statement whatever the filter."""

from typing import Any

from chassis109.store import unit
from dispatch109.queue.model import SORTED_BY, Filter, Place, Row
from dispatch109.tickets.model import State, reference

_NAMES = tuple(Row.__dataclass_fields__)
_COLUMNS = ", ".join(_NAMES)
# Names and phones never stand in a queue; the count stops at a thousand because nobody reads further.
COUNT_LIMIT = 1000
_CONTACTS = "SELECT id FROM dispatch.contact WHERE tenant_id = app.tenant() AND phone_index = ?"


def _where(wanted: Filter) -> tuple[list[str], list[object]]:
    """Conditions and their arguments, in order. Every value is an argument, never part of the text."""
    conditions = ["tenant_id = app.tenant()", *(text for chosen, text in _flags(wanted) if chosen)]
    args = list[object]()
    for template, *values in _compared(wanted):
        first, args = len(args) + 1, [*args, *values]
        condition = template
        for place in range(first, len(args) + 1):
            condition = condition.replace("?", f"${place}", 1)
        conditions.append(condition)
    return conditions, args


def _flags(wanted: Filter) -> list[tuple[bool, str]]:
    return [
        (wanted.view != "all", "closed_at IS NULL"),
        (wanted.view == "waiting", "react_by IS NOT NULL"),
        (wanted.overdue, "due_at < now() AND done_at IS NULL AND paused_at IS NULL AND closed_at IS NULL"),
        (wanted.unanswered, "unanswered > 0"),
    ]


def _compared(wanted: Filter) -> list[tuple[Any, ...]]:
    """Conditions with a `?` for each of the values behind them."""
    found: list[tuple[Any, ...]] = []
    if wanted.states:
        found.append(("state = ANY(?)", [state.value for state in wanted.states]))
    if wanted.service:
        found.append(("service_code = ?", wanted.service))
    if wanted.category:
        found.append(("category_code = ?", wanted.category))
    return found + _searched(wanted)


def _searched(wanted: Filter) -> list[tuple[Any, ...]]:
    if wanted.phone_index is not None:
        return [(f"contact_id IN ({_CONTACTS})", wanted.phone_index)]
    if wanted.number is not None:
        year, number = wanted.number
        if year is None:
            return [("number = ?", number)]
        # The number that the applicant was told, where the ticket was registered.
        known = "((year, number) = (?, ?) OR origin_reference = ?)"
        return [(known, year, number, reference(year, number))]
    return [("folded ILIKE ?", "%" + _escaped(wanted.words) + "%")] if wanted.words else []


def _escaped(words: str) -> str:
    return words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


async def page(wanted: Filter, after: Place | None, most: int, *, counted: bool) -> tuple[list[Row], int]:
    """Up to `most` rows after `after`, and when `counted` how many there are in all, up to COUNT_LIMIT."""
    conditions, args = _where(wanted)
    total = _count_sql(conditions) if counted else "0"
    key = SORTED_BY[wanted.view]
    direction, compare = ("DESC", "<") if wanted.view == "all" else ("ASC", ">")
    if after is not None:
        args += [after.at, after.id]
        conditions.append(f"({key}, id) {compare} (${len(args) - 1}, ${len(args)})")
    args.append(most)
    rows = await unit.fetch(
        f"SELECT {_COLUMNS}, ({total}) AS total FROM dispatch.ticket WHERE {' AND '.join(conditions)}"
        f" ORDER BY {key} {direction}, id {direction} LIMIT ${len(args)}",
        *args,
    )
    if counted and after is not None and not rows:  # behind the last page: no row carries the count
        return [], await count(wanted)
    found = [Row(**{name: row[name] for name in _NAMES} | {"state": State(row["state"])}) for row in rows]
    return found, rows[0]["total"] if rows else 0


def _count_sql(conditions: list[str]) -> str:
    limited = f"SELECT 1 FROM dispatch.ticket WHERE {' AND '.join(conditions)} LIMIT {COUNT_LIMIT}"
    return f"SELECT count(*) FROM ({limited}) c"


async def count(wanted: Filter) -> int:
    """How many rows there are, counted up to COUNT_LIMIT."""
    conditions, args = _where(wanted)
    found: int = await unit.fetchval(_count_sql(conditions), *args)
    return found
