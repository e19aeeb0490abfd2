"""Every SQL statement on the handoffs of a desk, their events and crews, and the joint log."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from chassis109.store import unit
from hub112.contract import CLOCKS, Clocks, Incident, State
from hub112.desks.model import Handoff, LogLine, PutAside, Step, Unit

COLUMNS = tuple(field.name for field in fields(Handoff))
# What a verb may change; the rest is written once. `number` is the database's own.
CHANGING = (
    "state", "version", "priority", "incident", "operator", "callback_phone", "sent_at", "expires_at", "receipt_by",
    "seen_by", "decide_by", "region_by", "unit_seconds", "receipt_at", "seen_at", "decided_at", "decided_by",
    "deferred_until", "unit_at", "ended_at", "late", "cancel_requested", "reason_code", "reason", "forward_to",
    "external_id", "disposition", "ref_message_id", "last_seq", "last_reply_seq", "return_seq", "desk_seq", "events",
    "chain", "rung", "due_at",
)  # fmt: skip
_WRITTEN_ONCE = tuple(name for name in COLUMNS if name not in {"tenant_id", "number"})
_SELECT = f"SELECT {', '.join(f'h.{name}' for name in COLUMNS)}"
_UNIT = tuple(field.name for field in fields(Unit))
_STEP = tuple(field.name for field in fields(Step))
_LINE = tuple(field.name for field in fields(LogLine))

# After a change, in the same statement: the event, and the line that all desks of the incident see. The parameters
# of the event are $2 … $13, those of the change begin at $14.
_TOLD = f"""
event AS (
    INSERT INTO hub.event (tenant_id, handoff_id, {", ".join(_STEP)})
    SELECT app.tenant(), $1, $2::int, $3, $4, $5, $6, $7, $8::uuid, $9, $10, $11::jsonb, $12 FROM changed
)
INSERT INTO hub.joint_log (incident_id, handoff_id, desk, at, side, event, state, actor_name, note)
SELECT $13, $1, app.tenant(), $3, $5, $4, $7, $9, $10 FROM changed
"""
_SAVE = f"""
WITH changed AS (
    UPDATE hub.handoff SET {", ".join(f"{name} = ${n}" for n, name in enumerate(CHANGING, 15))}
    WHERE tenant_id = app.tenant() AND id = $1 AND version = $14 RETURNING id
), {_TOLD}
"""
_INSERT = f"""
WITH changed AS (
    INSERT INTO hub.handoff (tenant_id, {", ".join(_WRITTEN_ONCE)})
    VALUES (app.tenant(), {", ".join(f"${n}" for n in range(14, 14 + len(_WRITTEN_ONCE)))})
    ON CONFLICT DO NOTHING RETURNING id
), {_TOLD}
"""


def _handoff(row: asyncpg.Record) -> Handoff:
    own = {name: row[name] for name in COLUMNS}
    own["incident"] = msgspec.json.decode(own["incident"], type=Incident)
    own["state"] = State(own["state"])
    return Handoff(**own)


def _values(handoff: Handoff, names: Sequence[str]) -> list[object]:
    return [
        msgspec.json.encode(handoff.incident).decode() if name == "incident" else getattr(handoff, name)
        for name in names
    ]


def _told(step: Step, handoff: Handoff) -> tuple[object, ...]:
    values = {name: getattr(step, name) for name in _STEP}
    values["detail"] = msgspec.json.encode(step.detail).decode()
    return (handoff.id, *values.values(), handoff.incident_id)


async def get(handoff_id: UUID) -> Handoff | None:
    """A handoff of the running unit's desk, for reading."""
    return _maybe(await unit.fetchrow(f"{_SELECT} FROM hub.handoff h WHERE {_OWN}", handoff_id))


_OWN = "h.tenant_id = app.tenant() AND h.id = $1"


def _maybe(row: asyncpg.Record | None) -> Handoff | None:
    return _handoff(row) if row else None


async def locked(handoff_id: UUID) -> tuple[Handoff, list[int]] | None:
    """A handoff, locked until the end of the unit, and the desks that have a part in its incident."""
    row = await unit.fetchrow(
        f"""{_SELECT}, ARRAY(SELECT DISTINCT l.desk FROM hub.joint_log l WHERE l.incident_id = h.incident_id) AS desks
            FROM hub.handoff h WHERE {_OWN} FOR UPDATE OF h""",
        handoff_id,
    )
    return (_handoff(row), row["desks"]) if row else None


async def save(before: Handoff, after: Handoff, step: Step) -> None:
    """Write where the handoff stands now, the event and its line in the joint log, in one statement."""
    tag = await unit.execute(_SAVE, *_told(step, after), before.version, *_values(after, CHANGING))
    if tag == "INSERT 0 0":  # cannot happen under the row lock of `locked`
        raise RuntimeError(f"handoff {after.id} was changed without its lock")


async def insert(handoff: Handoff, step: Step) -> bool:
    """Write a new handoff with its first event; False when the desk has one of this id."""
    return (
        await unit.execute(_INSERT, *_told(step, handoff), *_values(handoff, _WRITTEN_ONCE)) != "INSERT 0 0"
    )


async def advance(handoff: Handoff) -> None:
    """Write how far both sides have spoken, when nothing else has changed."""
    await unit.execute(
        """UPDATE hub.handoff SET last_seq = $2, return_seq = $3, last_reply_seq = $4, desk_seq = $5
           WHERE tenant_id = app.tenant() AND id = $1""",
        handoff.id, handoff.last_seq, handoff.return_seq, handoff.last_reply_seq, handoff.desk_seq,
    )  # fmt: skip


async def desks_of(incident_id: str) -> list[int]:
    """The desks that have a part in an incident of this desk."""
    rows = await unit.fetch("SELECT DISTINCT desk FROM hub.joint_log WHERE incident_id = $1", incident_id)
    return [row["desk"] for row in rows]


async def save_unit(handoff_id: UUID, crew: Unit) -> None:
    """Write what was last heard of a crew; what is older than that changes nothing."""
    await unit.execute(
        f"""INSERT INTO hub.unit AS known (tenant_id, handoff_id, {", ".join(_UNIT)})
            VALUES (app.tenant(), $1, $2, $3, $4, $5, $6, $7, $8, $9)
            ON CONFLICT (tenant_id, handoff_id, unit_id) DO UPDATE SET call_sign = excluded.call_sign,
                kind = excluded.kind, status = excluded.status, at = excluded.at, eta = excluded.eta,
                lon = excluded.lon, lat = excluded.lat
            WHERE known.at <= excluded.at""",
        handoff_id, *(getattr(crew, name) for name in _UNIT),
    )  # fmt: skip


async def open_ones(mode: str) -> list[Handoff]:
    """What the desk has not ended, the soonest deadline first."""
    rows = await unit.fetch(
        f"""{_SELECT} FROM hub.handoff h WHERE h.tenant_id = app.tenant() AND h.mode = $1 AND h.ended_at IS NULL
            ORDER BY h.decide_by, h.id""",
        mode,
    )
    return [_handoff(row) for row in rows]


async def ended(after: tuple[datetime, UUID] | None, most: int, mode: str, asked: str) -> list[Handoff]:
    """What the desk has ended, the latest first, after the keyset (ended_at, id). `asked`: a number or an incident."""
    rows = await unit.fetch(
        f"""{_SELECT} FROM hub.handoff h WHERE h.tenant_id = app.tenant() AND h.mode = $1 AND h.ended_at IS NOT NULL
            AND ($3::timestamptz IS NULL OR (h.ended_at, h.id) < ($3, $4))
            AND ($5 = '' OR h.number::text = $5 OR h.external_id = $5 OR h.incident_id = $5
                 OR split_part(h.incident_id, '.', 5) = $5)
            ORDER BY h.ended_at DESC, h.id DESC LIMIT $2""",
        mode, most, *(after or (None, None)), asked,
    )  # fmt: skip
    return [_handoff(row) for row in rows]


async def due(at: datetime, most: int) -> list[UUID]:
    """Handoffs whose clock ran out by `at`, the longest overdue first."""
    rows = await unit.fetch(
        "SELECT id FROM hub.handoff WHERE tenant_id = app.tenant() AND due_at <= $1 ORDER BY due_at LIMIT $2",
        at, most,
    )  # fmt: skip
    return [row["id"] for row in rows]


async def open_of_incident(incident_id: str, mode: str) -> UUID | None:
    """A handoff of the incident that this desk has not ended. Who asks next for the incident waits until the unit ends:
    several desks may call this one in the same moment.
    """
    await unit.execute("SELECT pg_advisory_xact_lock(app.tenant(), hashtext($1 || $2))", incident_id, mode)
    found: UUID | None = await unit.fetchval(
        """SELECT id FROM hub.handoff WHERE tenant_id = app.tenant() AND incident_id = $1 AND mode = $2
           AND ended_at IS NULL ORDER BY number LIMIT 1""",
        incident_id, mode,
    )  # fmt: skip
    return found


async def steps(handoff_id: UUID) -> list[Step]:
    """The events of a handoff, oldest first."""
    rows = await unit.fetch(
        f"""SELECT {", ".join(_STEP)} FROM hub.event WHERE tenant_id = app.tenant() AND handoff_id = $1
            ORDER BY seq""",
        handoff_id,
    )
    return [Step(**{**row, "detail": msgspec.json.decode(row["detail"])}) for row in rows]


async def units(handoff_ids: Sequence[UUID]) -> dict[UUID, list[Unit]]:
    """The crews of handoffs, in the order of their names."""
    rows = await unit.fetch(
        f"""SELECT handoff_id, {", ".join(_UNIT)} FROM hub.unit
            WHERE tenant_id = app.tenant() AND handoff_id = ANY($1) ORDER BY call_sign, unit_id""",
        handoff_ids,
    )
    found: dict[UUID, list[Unit]] = {}
    for row in rows:
        found.setdefault(row["handoff_id"], []).append(Unit(**{name: row[name] for name in _UNIT}))
    return found


async def logs(incident_ids: Sequence[str]) -> dict[str, list[LogLine]]:
    """The joint logs of incidents that this desk has a part in, each oldest first."""
    rows = await unit.fetch(
        f"SELECT incident_id, {', '.join(_LINE)} FROM hub.joint_log WHERE incident_id = ANY($1) ORDER BY id",
        incident_ids,
    )
    found: dict[str, list[LogLine]] = {}
    for row in rows:
        found.setdefault(row["incident_id"], []).append(LogLine(**{name: row[name] for name in _LINE}))
    return found


async def put_aside(most: int) -> list[PutAside]:
    """Messages of this desk without effect, the latest first."""
    rows = await unit.fetch(
        """SELECT source, message_id, subject, error, attempts, length(payload) AS size, at FROM chassis.quarantine
           WHERE tenant_id = app.tenant() ORDER BY at DESC, message_id LIMIT $1""",
        most,
    )
    return [PutAside(**row) for row in rows]


async def sender(slug: str, priority: str) -> tuple[bool, Clocks]:
    """Whether this 109 may send, and the desk's clocks for it and this priority: its own, else the contract's."""
    row = await unit.fetchrow(
        """SELECT coalesce((SELECT active FROM hub.agency WHERE slug = $1), false) AS active, own.*
           FROM (SELECT 1) AS here LEFT JOIN LATERAL (
               SELECT receipt_seconds, seen_seconds, decide_seconds, region_seconds, unit_seconds FROM hub.clock
               WHERE tenant_id = app.tenant() AND sender IN ($1, '*') AND priority = $2
               ORDER BY sender = '*' LIMIT 1) AS own ON true""",
        slug, priority,
    )  # fmt: skip
    usual = CLOCKS[priority]
    if row is None or row["receipt_seconds"] is None:
        return bool(row and row["active"]), usual
    own = {name: row[f"{name}_seconds"] for name in ("receipt", "seen", "decide", "region", "unit")}
    return row["active"], Clocks(hub=usual.hub, expires=usual.expires, **own)
