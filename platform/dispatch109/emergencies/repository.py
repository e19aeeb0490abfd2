"""Every SQL statement on emergencies. All run in a tenant's unit of work."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from chassis109.kernel.ids import uuid7
from chassis109.store import unit
from chassis109.store.idempotency import RequestKey, claim_arguments, claim_sql
from dispatch109.contacts.service import SealedContact
from dispatch109.emergencies.model import Alarm, Handoff, Incident, Place, Step, Unit, Victims
from hub112.contract import CLOCKS, Clocks, State

_PLAIN = tuple(n for n in Incident.__dataclass_fields__ if n not in {"place", "victims", "hazards", "point"})
_INCIDENT = ", ".join(f"i.{n}" for n in (*_PLAIN, "place", "victims", "hazards")) + (
    ", ST_X(i.point) AS lon, ST_Y(i.point) AS lat"
)
_SEALED = tuple(SealedContact.__dataclass_fields__)
_HANDOFF = tuple(Handoff.__dataclass_fields__)
_FIXED = {"id", "incident_id", "service", "parent_id", "relation", "created_at"}
_STEP = tuple(Step.__dataclass_fields__)
_UNIT = tuple(Unit.__dataclass_fields__)
Known = tuple[Incident, SealedContact]


def _of(alias: str, names: Iterable[str]) -> str:
    return ", ".join(f"{alias}.{name}" for name in names)


def incident_of(row: asyncpg.Record) -> Incident:
    """An incident from a row with `_INCIDENT`."""
    return Incident(
        **{name: row[name] for name in _PLAIN},
        place=msgspec.json.decode(row["place"], type=Place),
        victims=msgspec.json.decode(row["victims"], type=Victims),
        hazards=tuple(row["hazards"]),
        point=(row["lon"], row["lat"]) if row["lon"] is not None else None,
    )


def handoff_of(row: asyncpg.Record) -> Handoff:
    """A handoff from a row with its columns."""
    own = {name: row[name] for name in _HANDOFF}
    return Handoff(
        **{**own, "state": State(own["state"]), "alarm": Alarm(own["alarm"]) if own["alarm"] else None}
    )


def _rows(items: Sequence[Handoff] | Sequence[Step] | Sequence[Unit]) -> str:
    """As jsonb_populate_recordset reads them; bytes in PostgreSQL's hexadecimal."""
    rows = [
        {
            name: "\\x" + value.hex() if isinstance(value, bytes) else value
            for name, value in asdict(item).items()
        }
        for item in items
    ]
    return msgspec.json.encode(rows).decode()


_INSERT = f"""
WITH claimed AS ({claim_sql(28)}), counted AS (
    INSERT INTO dispatch.incident_number AS n (tenant_id, year, last) VALUES (app.tenant(), $2, 1)
    ON CONFLICT (tenant_id, year) DO UPDATE SET last = n.last + 1 RETURNING last
), applicant AS (
    INSERT INTO dispatch.contact (tenant_id, id, name_sealed, phone_sealed, phone_index, key_id, language, created_at)
    SELECT app.tenant(), $4, $20, $21, $22, $23, $24, $17 WHERE $25
), opened AS (
    INSERT INTO dispatch.incident (tenant_id, id, year, number, mode, version, contact_id, ticket_id, type, priority,
        text, address, landmark, place, victims, hazards, relation, can_talk, point, opened_at, opened_by, opened_name)
    SELECT app.tenant(), $1, $2, counted.last, $3, 1, $4, $5, $6, $7, $8, $9, $10, $11::jsonb, $12::jsonb, $13, $14,
        $26, ST_SetSRID(ST_MakePoint($15, $16), 4326), $17, $18, $19
    FROM counted RETURNING number
), called AS (
    INSERT INTO dispatch.call (tenant_id, id, contact_id, operator_id, at, outcome, incident_id, note)
    SELECT app.tenant(), $27, $4, $18, $17, 'handed_off', $1, '' FROM opened WHERE $3 = 'live' AND $5::uuid IS NULL
)
SELECT number FROM opened
"""


async def insert(
    incident: Incident, contact: SealedContact, *, new_contact: bool, key: RequestKey | None
) -> int:
    """Insert an incident with its applicant (unless he is known) and its call (unless it has a ticket or is a
    drill) in one statement; its number. Claims the Idempotency-Key."""
    i = incident
    lon, lat = i.point or (None, None)
    number: int = await unit.fetchval(
        _INSERT,
        i.id, i.year, i.mode, i.contact_id, i.ticket_id, i.type, i.priority, i.text, i.address, i.landmark,
        msgspec.json.encode(i.place).decode(), msgspec.json.encode(i.victims).decode(), list(i.hazards), i.relation,
        lon, lat, i.opened_at, i.opened_by, i.opened_name, contact.name_sealed, contact.phone_sealed,
        contact.phone_index, contact.key_id, contact.language, new_contact, i.can_talk, uuid7(),
        *claim_arguments(key, i.id),
    )  # fmt: skip
    return number


async def change(incident: Incident) -> None:
    """Write what is known of an incident now, and whether it has ended."""
    i = incident
    lon, lat = i.point or (None, None)
    await unit.execute(
        """UPDATE dispatch.incident SET version = $2, type = $3, priority = $4, text = $5, address = $6, landmark = $7,
               place = $8::jsonb, victims = $9::jsonb, hazards = $10, relation = $11, can_talk = $12,
               point = ST_SetSRID(ST_MakePoint($13, $14), 4326), ended_at = $15
           WHERE tenant_id = app.tenant() AND id = $1""",
        i.id, i.version, i.type, i.priority, i.text, i.address, i.landmark, msgspec.json.encode(i.place).decode(),
        msgspec.json.encode(i.victims).decode(), list(i.hazards), i.relation, i.can_talk, lon, lat, i.ended_at,
    )  # fmt: skip


_LOCKED = f"""
SELECT {_INCIDENT}, {", ".join(f"p.{name} AS p_{name}" for name in _SEALED)} FROM dispatch.incident i
JOIN dispatch.contact p ON p.tenant_id = app.tenant() AND p.id = i.contact_id
WHERE i.tenant_id = app.tenant() AND i.id =
"""
_OF_HANDOFF = "(SELECT incident_id FROM dispatch.handoff WHERE tenant_id = app.tenant() AND id = $1)"


async def locked(incident_id: UUID) -> Known | None:
    """The incident and its sealed applicant; locked, and with it all that belongs to it, for the unit."""
    return _known(await unit.fetchrow(f"{_LOCKED} $1 FOR UPDATE OF i", incident_id))


async def locked_of(handoff_id: UUID) -> Known | None:
    """The same by one of its handoffs."""
    return _known(await unit.fetchrow(f"{_LOCKED} {_OF_HANDOFF} FOR UPDATE OF i", handoff_id))


async def locked_many(incidents: Sequence[UUID]) -> list[Known]:
    """Those of these incidents that nobody else holds, locked for the unit."""
    rows = await unit.fetch(f"{_LOCKED} ANY($1) ORDER BY i.id FOR UPDATE OF i SKIP LOCKED", incidents)
    return [known for row in rows if (known := _known(row))]


def _known(row: asyncpg.Record | None) -> Known | None:
    return (incident_of(row), SealedContact(**{n: row[f"p_{n}"] for n in _SEALED})) if row else None


async def handoffs(incidents: Sequence[UUID]) -> list[Handoff]:
    """In the order they were given. Who changes one holds its incident's lock and sees what was committed before."""
    rows = await unit.fetch(
        f"""SELECT {_of("h", _HANDOFF)} FROM dispatch.handoff h
            WHERE h.tenant_id = app.tenant() AND h.incident_id = ANY($1) ORDER BY h.created_at, h.id""",
        incidents,
    )
    return [handoff_of(row) for row in rows]


_SAVE = f"""
WITH led AS (
    INSERT INTO dispatch.handoff AS h (tenant_id, {", ".join(_HANDOFF)})
    SELECT app.tenant(), {_of("n", _HANDOFF)} FROM jsonb_populate_recordset(NULL::dispatch.handoff, $1::jsonb) n
    ON CONFLICT (tenant_id, id) DO UPDATE SET
        {", ".join(f"{name} = excluded.{name}" for name in _HANDOFF if name not in _FIXED)}
), crews AS (
    INSERT INTO dispatch.handoff_unit AS u (tenant_id, {", ".join(_UNIT)})
    SELECT app.tenant(), {_of("n", _UNIT)} FROM jsonb_populate_recordset(NULL::dispatch.handoff_unit, $3::jsonb) n
    ON CONFLICT (tenant_id, handoff_id, unit_id) DO UPDATE SET call_sign = excluded.call_sign, kind = excluded.kind,
        status = excluded.status, at = excluded.at, eta = excluded.eta
)
INSERT INTO dispatch.handoff_event (tenant_id, {", ".join(_STEP)})
SELECT app.tenant(), {_of("n", _STEP)} FROM jsonb_populate_recordset(NULL::dispatch.handoff_event, $2::jsonb) n
"""


async def save(changed: Sequence[Handoff], told: Sequence[Step], crews: Sequence[Unit]) -> None:
    """Write handoffs as they are now, new ones too, with the events that led there, in one statement."""
    await unit.execute(_SAVE, _rows(changed), _rows(told), _rows(crews))


async def clocks(priority: str) -> dict[str, Clocks]:
    """What the tenant set for this priority, by service (`*`: all others)."""
    rows = await unit.fetch(
        """SELECT service, hub_seconds AS hub, receipt_seconds AS receipt, seen_seconds AS seen,
               decide_seconds AS decide, unit_seconds AS unit
           FROM dispatch.handoff_clock WHERE tenant_id = app.tenant() AND priority = $1""",
        priority,
    )
    usual, own = CLOCKS[priority], ("hub", "receipt", "seen", "decide", "unit")
    return {
        row["service"]: Clocks(
            **{name: row[name] for name in own}, region=usual.region, expires=usual.expires
        )
        for row in rows
    }


# What 109 sent and the hub's stream has acknowledged: nothing of the handoff waits in the outbox.
_IN_HUB = """h.tenant_id = app.tenant() AND h.hub_at IS NULL AND h.ended_at IS NULL AND h.state <> 'failed'
    AND NOT EXISTS (SELECT FROM chassis.outbox o WHERE o.tenant_id = app.tenant() AND o.key = h.id::text
        AND o.published_at IS NULL)"""


async def arrived(most: int) -> list[UUID]:
    """Incidents with handoffs that are in the hub and not known to be."""
    rows = await unit.fetch(
        f"SELECT DISTINCT h.incident_id FROM dispatch.handoff h WHERE {_IN_HUB} LIMIT $1", most
    )
    return [row["incident_id"] for row in rows]


async def in_hub(incidents: Sequence[UUID]) -> set[UUID]:
    """Of locked incidents, the handoffs that are in the hub and not known to be."""
    rows = await unit.fetch(
        f"SELECT h.id FROM dispatch.handoff h WHERE {_IN_HUB} AND h.incident_id = ANY($1)", incidents
    )
    return {row["id"] for row in rows}


async def overdue(most: int) -> list[UUID]:
    """Incidents with a handoff whose next clock has passed by the database's time: those first of which a service has
    not decided, then the oldest."""
    rows = await unit.fetch(
        """SELECT incident_id FROM dispatch.handoff WHERE tenant_id = app.tenant() AND due_at <= now()
           GROUP BY incident_id ORDER BY bool_and(decided_at IS NOT NULL), min(due_at) LIMIT $1""",
        most,
    )
    return [row["incident_id"] for row in rows]


async def find(incident_id: UUID | None, number: tuple[int, int] | None = None) -> Known | None:
    """An incident by id, or by (year, number), with its sealed applicant, for reading."""
    if number is None:
        return _known(await unit.fetchrow(f"{_LOCKED} $1", incident_id))
    by_number = (
        "(SELECT id FROM dispatch.incident WHERE tenant_id = app.tenant() AND year = $1 AND number = $2)"
    )
    return _known(await unit.fetchrow(f"{_LOCKED} {by_number}", *number))


async def steps(handoffs: Sequence[UUID]) -> list[Step]:
    """The events of some handoffs, oldest first."""
    rows = await unit.fetch(
        f"""SELECT {_of("e", _STEP)} FROM dispatch.handoff_event e
            WHERE e.tenant_id = app.tenant() AND e.handoff_id = ANY($1) ORDER BY e.at, e.handoff_id, e.seq""",
        handoffs,
    )
    return [Step(**{**row, "detail": msgspec.json.decode(row["detail"])}) for row in rows]


async def units(handoffs: Sequence[UUID]) -> list[Unit]:
    """The crews of some handoffs."""
    rows = await unit.fetch(
        f"""SELECT {_of("u", _UNIT)} FROM dispatch.handoff_unit u
            WHERE u.tenant_id = app.tenant() AND u.handoff_id = ANY($1) ORDER BY u.handoff_id, u.unit_id""",
        handoffs,
    )
    return [Unit(**row) for row in rows]


async def listed(
    mode: str, most: int, *, open_only: bool, after: tuple[datetime, UUID] | None = None
) -> list[Incident]:
    """Incidents of a mode after the keyset (opened_at, id), newest first."""
    conditions, args = " AND i.ended_at IS NULL" if open_only else "", list[Any]([mode, most])
    if after is not None:
        conditions += " AND (i.opened_at, i.id) < ($3, $4)"
        args += after
    rows = await unit.fetch(
        f"""SELECT {_INCIDENT} FROM dispatch.incident i WHERE i.tenant_id = app.tenant() AND i.mode = $1{conditions}
            ORDER BY i.opened_at DESC, i.id DESC LIMIT $2""",
        *args,
    )
    return [incident_of(row) for row in rows]


async def of_ticket(ticket_id: UUID) -> list[Incident]:
    """The incidents of a ticket, newest first."""
    rows = await unit.fetch(
        f"""SELECT {_INCIDENT} FROM dispatch.incident i WHERE i.tenant_id = app.tenant() AND i.ticket_id = $1
            ORDER BY i.opened_at DESC, i.id DESC""",
        ticket_id,
    )
    return [incident_of(row) for row in rows]


async def alarmed(mode: str, most: int) -> list[tuple[Incident, Handoff]]:
    """Handoffs with a standing alarm after which nobody has phoned, the oldest alarm first."""
    which = """h.alarm IS NOT NULL AND i.mode = $1 AND (h.phoned_at IS NULL OR h.phoned_at < h.alarm_at)
               ORDER BY h.alarm_at, h.id LIMIT $2"""
    return await with_incidents(which, mode, most)


async def with_incidents(which: str, *args: object) -> list[tuple[Incident, Handoff]]:
    """Handoffs `h` of incidents `i`; `which` is the end of the statement, literal SQL of a repository."""
    rows = await unit.fetch(
        f"""SELECT {_INCIDENT}, {", ".join(f"h.{name} AS h_{name}" for name in _HANDOFF)} FROM dispatch.handoff h
            JOIN dispatch.incident i ON i.tenant_id = app.tenant() AND i.id = h.incident_id
            WHERE h.tenant_id = app.tenant() AND {which}""",
        *args,
    )
    return [(incident_of(row), handoff_of({n: row[f"h_{n}"] for n in _HANDOFF})) for row in rows]
