"""SQL of the demo data: whole columns at once, as dispatch_app under row-level security.

`INSERT … SELECT … FROM unnest(…)`, because COPY is refused on tables with row-level security.
"""

from collections.abc import Sequence

from asyncpg import Record

from chassis109.store import unit
from dispatch109.demo.model import Row

_LOCK = 1094  # any constant: a second run of the same tenant waits for the first, and then finds its mark

COLUMNS: dict[str, dict[str, str]] = {
    "dispatch.contact": {
        "id": "uuid", "name_sealed": "bytea", "phone_sealed": "bytea", "phone_index": "bytea", "key_id": "text",
        "language": "text", "created_at": "timestamptz",
    },
    "dispatch.ticket": {
        "id": "uuid", "year": "int2", "number": "int4", "state": "text", "version": "int4", "contact_id": "uuid",
        "category_code": "text", "service_code": "text", "priority": "int2", "text": "text", "address": "text",
        "landmark": "text", "folded": "text", "language": "text", "lon": "float8", "lat": "float8",
        "opened_at": "timestamptz", "opened_by": "uuid", "updated_at": "timestamptz", "react_by": "timestamptz",
        "due_at": "timestamptz", "statutory_due": "timestamptz", "paused_at": "timestamptz", "unanswered": "int4",
        "reopened": "int4", "done_at": "timestamptz", "closed_at": "timestamptz", "confirmed": "bool",
    },
    "dispatch.call": {
        "id": "uuid", "contact_id": "uuid", "operator_id": "uuid", "at": "timestamptz", "outcome": "text",
        "category_code": "text", "ticket_id": "uuid", "note": "text",
    },
    "dispatch.history": {
        "ticket_id": "uuid", "seq": "int4", "at": "timestamptz", "actor_id": "uuid", "actor_name": "text",
        "verb": "text", "from_state": "text", "to_state": "text", "note": "text", "detail": "jsonb",
    },
    "dispatch.assignment": {
        "id": "uuid", "ticket_id": "uuid", "service_code": "text", "assigned_at": "timestamptz",
        "assigned_by": "uuid", "react_by": "timestamptz", "accepted_at": "timestamptz", "accepted_by": "uuid",
        "unanswered_at": "timestamptz", "ended_at": "timestamptz", "end_reason": "text",
    },
    "dispatch.callback": {
        "id": "uuid", "ticket_id": "uuid", "contact_id": "uuid", "state": "text", "version": "int4",
        "planned_at": "timestamptz", "not_before": "timestamptz", "due_at": "timestamptz",
        "ended_at": "timestamptz",
    },
    "dispatch.callback_attempt": {
        "callback_id": "uuid", "seq": "int2", "at": "timestamptz", "actor_id": "uuid", "outcome": "text",
        "note": "text",
    },
    "chassis.audit": {
        "at": "timestamptz", "actor_id": "uuid", "actor_kind": "text", "action": "text", "object_kind": "text",
        "object_id": "text", "detail": "jsonb",
    },
}  # fmt: skip
# The wire has longitude and latitude, the table a point.
_STORED = {"lon": "point"}
_VALUE = {"lon": "ST_SetSRID(ST_MakePoint(lon, lat), 4326)"}
_WIRE_ONLY = frozenset({"lat"})


def insert_sql(table: str) -> str:
    """One statement that takes an array a column."""
    types = COLUMNS[table]
    kept = [name for name in types if name not in _WIRE_ONLY]
    arrays = ", ".join(f"${n}::{kind}[]" for n, kind in enumerate(types.values(), 1))
    return (
        f"INSERT INTO {table} (tenant_id, {', '.join(_STORED.get(name, name) for name in kept)})"
        f" SELECT app.tenant(), {', '.join(_VALUE.get(name, name) for name in kept)}"
        f" FROM unnest({arrays}) AS r({', '.join(types)})"
    )


async def insert(table: str, rows: Sequence[Row]) -> None:
    """Write all rows of a table in one statement."""
    if rows:
        await unit.execute(insert_sql(table), *map(list, zip(*rows, strict=True)))


async def state_of_tenant() -> tuple[bool, bool]:
    """Whether the running tenant was filled before, and whether it has calls or tickets at all. Locks it."""
    await unit.execute("SELECT pg_advisory_xact_lock($1, app.tenant())", _LOCK)
    row = await unit.fetchrow(
        "SELECT EXISTS (SELECT FROM chassis.audit WHERE tenant_id = app.tenant() AND object_kind = 'demo') AS filled,"
        " EXISTS (SELECT FROM dispatch.call WHERE tenant_id = app.tenant())"
        " OR EXISTS (SELECT FROM dispatch.ticket_number WHERE tenant_id = app.tenant()) AS used"
    )
    return (row["filled"], row["used"]) if row else (False, False)


async def people() -> Sequence[Record]:
    """role, service_code, subject, display_name of everyone who works in the running tenant, by user name."""
    return await unit.fetch(
        "SELECT m.role, m.service_code, m.subject, p.display_name FROM identity.membership m"
        " JOIN identity.person p ON p.subject = m.subject WHERE m.tenant_id = app.tenant() AND m.active"
        " ORDER BY p.username, m.role"
    )


async def count_consultations() -> None:
    """The consultations of each day and category, as the verb counts them."""
    await unit.execute(
        """INSERT INTO dispatch.consultation_day (tenant_id, day, category_code, count)
           SELECT app.tenant(), (at AT TIME ZONE 'Asia/Almaty')::date, coalesce(category_code, ''), count(*)
           FROM dispatch.call WHERE tenant_id = app.tenant() AND outcome = 'consultation' GROUP BY 2, 3"""
    )


async def set_numbers(last: dict[int, int]) -> None:
    """The last ticket number given, by year."""
    await unit.execute(
        "INSERT INTO dispatch.ticket_number (tenant_id, year, last)"
        " SELECT app.tenant(), year, last FROM unnest($1::int2[], $2::int4[]) AS n(year, last)",
        list(last), list(last.values()),
    )  # fmt: skip
