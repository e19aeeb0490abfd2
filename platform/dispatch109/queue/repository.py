"""The one query behind every list of tickets: keyset-paged, one statement whatever the filter."""

from chassis109.store import unit
from dispatch109.queue.model import Filter, Place, Row
from dispatch109.tickets.model import State

_COLUMNS = ", ".join(Row.__dataclass_fields__)
# Names and phones never stand in a queue; the count stops at a thousand because nobody reads further.
COUNT_LIMIT = 1000


def _where(wanted: Filter) -> tuple[list[str], list[object]]:
    """Conditions and their arguments, in order. Every value is an argument, never part of the text."""
    conditions, args = ["tenant_id = app.tenant()"], list[object]()

    def add(condition: str, value: object) -> None:
        args.append(value)
        conditions.append(condition.replace("?", f"${len(args)}"))

    if wanted.view == "open":
        conditions.append("closed_at IS NULL")
    if wanted.states:
        add("state = ANY(?)", [state.value for state in wanted.states])
    if wanted.service:
        add("service_code = ?", wanted.service)
    if wanted.category:
        add("category_code = ?", wanted.category)
    if wanted.overdue:
        conditions.append("due_at < now() AND done_at IS NULL AND paused_at IS NULL AND closed_at IS NULL")
    if wanted.unanswered:
        conditions.append("unanswered > 0")
    if wanted.phone_index is not None:
        add(
            "contact_id IN (SELECT id FROM dispatch.contact WHERE tenant_id = app.tenant() AND phone_index = ?)",
            wanted.phone_index,
        )
    elif wanted.number is not None:
        if wanted.number[0] is not None:
            add("year = ?", wanted.number[0])
        add("number = ?", wanted.number[1])
    elif wanted.words:
        add("folded ILIKE ?", "%" + _escaped(wanted.words) + "%")
    return conditions, args


def _escaped(words: str) -> str:
    return words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


async def page(wanted: Filter, after: Place | None, most: int) -> list[Row]:
    """Up to `most` rows after `after`."""
    conditions, args = _where(wanted)
    key, direction, compare = ("due_at", "ASC", ">") if wanted.view == "open" else ("opened_at", "DESC", "<")
    if after is not None:
        args += [after.at, after.id]
        conditions.append(f"({key}, id) {compare} (${len(args) - 1}, ${len(args)})")
    args.append(most)
    rows = await unit.fetch(
        f"SELECT {_COLUMNS} FROM dispatch.ticket WHERE {' AND '.join(conditions)}"
        f" ORDER BY {key} {direction}, id {direction} LIMIT ${len(args)}",
        *args,
    )
    return [Row(**{**row, "state": State(row["state"])}) for row in rows]


async def count(wanted: Filter) -> int:
    """How many rows there are, counted up to COUNT_LIMIT."""
    conditions, args = _where(wanted)
    found: int = await unit.fetchval(
        f"SELECT count(*) FROM (SELECT 1 FROM dispatch.ticket WHERE {' AND '.join(conditions)} LIMIT {COUNT_LIMIT}) c",
        *args,
    )
    return found
