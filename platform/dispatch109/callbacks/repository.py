"""Every SQL statement on callbacks and their attempts."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from chassis109.store import unit
from dispatch109.callbacks.model import About, Attempt, Callback, Outcome
from dispatch109.contacts.service import SealedContact

_COLUMNS = """c.id, c.ticket_id, c.incident_id, c.contact_id, c.state, c.version, c.planned_at, c.not_before, c.due_at,
    c.ended_at,
    (SELECT coalesce(json_agg(json_build_object('seq', a.seq, 'at', a.at, 'outcome', a.outcome, 'note', a.note)
        ORDER BY a.seq), '[]') FROM dispatch.callback_attempt a
     WHERE a.tenant_id = app.tenant() AND a.callback_id = c.id) AS attempts"""
_SELECT = f"SELECT {_COLUMNS} FROM dispatch.callback c WHERE c.tenant_id = app.tenant()"
_OWN = tuple(Callback.__dataclass_fields__)
_ABOUT = tuple(About.__dataclass_fields__)
_SEALED = tuple(SealedContact.__dataclass_fields__)
_TICKET = [name for name in _ABOUT if name not in {"done_note", "emergency", "by_emergency"}]
# The prefixes keep apart what the rows call alike. What is owed a call is a ticket, else an emergency.
_EMERGENCY = {
    "version": "e.version", "category_code": "e.type", "service_code": "NULL", "language": "p.language",
    "done_at": "e.ended_at", "origin_reference": "NULL",
}  # fmt: skip
_SHOWN = ", ".join(f"coalesce(t.{name}, {_EMERGENCY.get(name, f'e.{name}')}) AS t_{name}" for name in _TICKET)
_BOARD = f"""
SELECT {_COLUMNS}, {_SHOWN}, t.id IS NULL AS t_emergency, coalesce(done.verb = 'end_emergency', true) AS t_by_emergency,
    coalesce(CASE WHEN done.verb = 'finish' THEN done.note ELSE ended.note END, '') AS t_done_note,
    {", ".join(f"p.{name} AS p_{name}" for name in _SEALED)}
FROM dispatch.callback c
LEFT JOIN dispatch.ticket t ON t.tenant_id = app.tenant() AND t.id = c.ticket_id
LEFT JOIN dispatch.incident e ON e.tenant_id = app.tenant() AND e.id = c.incident_id
JOIN dispatch.contact p ON p.tenant_id = app.tenant() AND p.id = c.contact_id
LEFT JOIN LATERAL (SELECT h.verb, h.note FROM dispatch.history h WHERE h.tenant_id = app.tenant()
    AND h.ticket_id = c.ticket_id AND h.verb IN ('finish', 'end_emergency') ORDER BY h.seq DESC LIMIT 1) done ON true
LEFT JOIN LATERAL (SELECT string_agg(f.disposition, '; ' ORDER BY f.created_at) AS note FROM dispatch.handoff f
    JOIN dispatch.incident i ON i.tenant_id = app.tenant() AND i.id = f.incident_id
    WHERE f.tenant_id = app.tenant() AND (i.id = c.incident_id OR i.ticket_id = c.ticket_id)) ended ON true
WHERE c.tenant_id = app.tenant()
"""


class _StoredAttempt(msgspec.Struct):
    seq: int
    at: datetime
    outcome: Outcome
    note: str


def _callback(row: asyncpg.Record) -> Callback:
    stored = msgspec.json.decode(row["attempts"], type=list[_StoredAttempt])
    attempts = [Attempt(a.seq, a.at, a.outcome, a.note) for a in stored]
    return Callback(**{**{name: row[name] for name in _OWN}, "attempts": attempts})


async def insert(callback: Callback) -> None:
    """Plan a call."""
    await unit.execute(
        """INSERT INTO dispatch.callback
               (tenant_id, id, ticket_id, incident_id, contact_id, state, version, planned_at, not_before, due_at)
           VALUES (app.tenant(), $1, $2, $9, $3, $4, $5, $6, $7, $8)""",
        callback.id, callback.ticket_id, callback.contact_id, callback.state, callback.version,
        callback.planned_at, callback.not_before, callback.due_at, callback.incident_id,
    )  # fmt: skip


async def get(callback_id: UUID) -> Callback | None:
    """A callback with its attempts, locked until the end of the unit."""
    # Two statements: after waiting for a lock PostgreSQL reads that row again, but not the rows of a subselect.
    await unit.execute(
        "SELECT FROM dispatch.callback WHERE tenant_id = app.tenant() AND id = $1 FOR UPDATE", callback_id
    )
    row = await unit.fetchrow(_SELECT + " AND c.id = $1", callback_id)
    return _callback(row) if row else None


async def of_ticket(ticket_id: UUID) -> list[Callback]:
    """All callbacks of a ticket, oldest first."""
    return [
        _callback(row)
        for row in await unit.fetch(_SELECT + " AND c.ticket_id = $1 ORDER BY c.planned_at", ticket_id)
    ]


async def of_incident(incident_id: UUID) -> list[Callback]:
    """All callbacks of an emergency without a ticket, oldest first."""
    return [
        _callback(row)
        for row in await unit.fetch(_SELECT + " AND c.incident_id = $1 ORDER BY c.planned_at", incident_id)
    ]


async def due(after: tuple[datetime, UUID] | None, most: int) -> list[Callback]:
    """Open callbacks, the soonest due first, after the keyset (due_at, id)."""
    return [_callback(row) for row in await _due(_SELECT, after, most)]


async def board(
    after: tuple[datetime, UUID] | None, most: int
) -> list[tuple[Callback, About, SealedContact]]:
    """The same with the ticket and the sealed applicant, in one statement."""
    return [
        (
            _callback(row),
            About(**{name: row[f"t_{name}"] for name in _ABOUT}),
            SealedContact(**{name: row[f"p_{name}"] for name in _SEALED}),
        )
        for row in await _due(_BOARD, after, most)
    ]


async def _due(select: str, after: tuple[datetime, UUID] | None, most: int) -> Sequence[asyncpg.Record]:
    condition, args = (" AND (c.due_at, c.id) > ($2, $3)", after) if after else ("", ())
    return await unit.fetch(
        f"{select} AND c.ended_at IS NULL{condition} ORDER BY c.due_at, c.id LIMIT $1", most, *args
    )


async def add_attempt(
    callback: Callback, attempt: Attempt, by: UUID, state: str, not_before: datetime
) -> None:
    """Write an attempt and where the callback stands after it."""
    await unit.execute(
        """WITH tried AS (
               INSERT INTO dispatch.callback_attempt (tenant_id, callback_id, seq, at, actor_id, outcome, note)
               VALUES (app.tenant(), $1, $2, $3, $4, $5, $6))
           UPDATE dispatch.callback SET state = $7, version = version + 1, not_before = $8,
               ended_at = CASE WHEN $7 = 'due' THEN NULL ELSE $3 END
           WHERE tenant_id = app.tenant() AND id = $1""",
        callback.id, attempt.seq, attempt.at, by, attempt.outcome.value, attempt.note, state, not_before,
    )  # fmt: skip


async def end(callback_id: UUID, state: str, at: datetime) -> None:
    """End a callback without a further attempt."""
    await unit.execute(
        """UPDATE dispatch.callback SET state = $2, version = version + 1, ended_at = $3
           WHERE tenant_id = app.tenant() AND id = $1""",
        callback_id, state, at,
    )  # fmt: skip


async def open_again(incident_id: UUID) -> None:
    """An emergency that the applicant says is not over stands among the open ones until somebody acts."""
    await unit.execute(
        "UPDATE dispatch.incident SET ended_at = NULL WHERE tenant_id = app.tenant() AND id = $1", incident_id
    )
