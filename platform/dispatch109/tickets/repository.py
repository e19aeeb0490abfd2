"""Every SQL statement on tickets, assignments and history. All run in a tenant's unit of work."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from chassis109.kernel import clock
from chassis109.kernel.ids import uuid7
from chassis109.store import unit
from chassis109.store.idempotency import RequestKey, claim_arguments, claim_sql
from dispatch109.contacts.service import SealedContact
from dispatch109.tickets.model import OPEN, State, Ticket

_COLUMNS = """id, year, number, state, version, contact_id, category_code, service_code, priority, text, address,
    landmark, language, ST_X(point) AS lon, ST_Y(point) AS lat, opened_at, opened_by, updated_at, react_by, due_at,
    statutory_due, paused_at, unanswered, reopened, done_at, closed_at, confirmed,
    origin_slug, origin_reference"""
_NAMES = tuple(name for name in Ticket.__dataclass_fields__ if name not in {"state", "point"})


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a ticket's timeline."""

    seq: int
    at: datetime
    actor_id: UUID | None
    actor_name: str
    verb: str
    from_state: str | None
    to_state: str
    note: str
    detail: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Assignment:
    """Who was responsible, from when, and whether he reacted. Times are UTC."""

    id: UUID
    service_code: str
    assigned_at: datetime
    react_by: datetime
    accepted_at: datetime | None = None
    unanswered_at: datetime | None = None
    ended_at: datetime | None = None
    end_reason: str | None = None


def ticket_of(row: asyncpg.Record) -> Ticket:
    """A ticket from a row with `_COLUMNS`."""
    point = (row["lon"], row["lat"]) if row["lon"] is not None else None
    return Ticket(state=State(row["state"]), point=point, **{name: row[name] for name in _NAMES})


_INSERT = f"""
WITH claimed AS ({claim_sql(31)}), counted AS (
    INSERT INTO dispatch.ticket_number AS n (tenant_id, year, last) VALUES (app.tenant(), $2, 1)
    ON CONFLICT (tenant_id, year) DO UPDATE SET last = n.last + 1 RETURNING last
), applicant AS (
    INSERT INTO dispatch.contact (tenant_id, id, name_sealed, phone_sealed, phone_index, key_id, language, created_at)
    VALUES (app.tenant(), $3, $20, $21, $22, $23, $24, $30)
), opened AS (
    INSERT INTO dispatch.ticket (tenant_id, id, year, number, state, version, contact_id, category_code, service_code,
        priority, text, address, landmark, language, point, opened_at, opened_by, updated_at, react_by, due_at,
        statutory_due, folded, origin_slug, origin_reference)
    SELECT app.tenant(), $1, $2, counted.last, $4, $5, $3, $6, $7, $8, $9, $10, $11, $24,
        ST_SetSRID(ST_MakePoint($12, $13), 4326), $14, $15, $30, $16, $17, $18, $19, $28, $29
    FROM counted RETURNING number
), called AS (
    INSERT INTO dispatch.call (tenant_id, id, contact_id, operator_id, at, outcome, category_code, ticket_id, note)
    SELECT app.tenant(), $25, $3, $15, $14, 'ticket', $6, $1, '' FROM opened WHERE $28::text IS NULL
), responsible AS (
    INSERT INTO dispatch.assignment (tenant_id, id, ticket_id, service_code, assigned_at, react_by)
    SELECT app.tenant(), $26, $1, $7, $30, $16 FROM opened WHERE $7::text IS NOT NULL
), told AS (
    INSERT INTO dispatch.history (tenant_id, ticket_id, seq, at, actor_id, actor_name, verb, from_state, to_state,
        note, detail)
    SELECT app.tenant(), $1, seq, $30, $15, $27, verb, from_state, to_state, '', '{{}}'
    FROM opened, (VALUES (1, CASE WHEN $28 IS NULL THEN 'open' ELSE 'take_over' END, NULL, 'registered'),
                         (2, 'assign', 'registered', 'assigned')) AS step (seq, verb, from_state, to_state)
    WHERE seq <= $5
)
SELECT number FROM opened
"""


async def insert(
    ticket: Ticket, contact: SealedContact, folded: str, actor_name: str, key: RequestKey | None
) -> int:
    """Insert a new ticket with its applicant, call, assignment and history in one statement; its number. One that was
    referred here came by no call.

    Claims the Idempotency-Key `key` in the same statement.
    """
    lon, lat = ticket.point or (None, None)
    number: int = await unit.fetchval(
        _INSERT,
        ticket.id, ticket.year, contact.id, ticket.state.value, ticket.version, ticket.category_code,
        ticket.service_code, ticket.priority, ticket.text, ticket.address, ticket.landmark, lon, lat,
        ticket.opened_at, ticket.opened_by, ticket.react_by, ticket.due_at, ticket.statutory_due, folded,
        contact.name_sealed, contact.phone_sealed, contact.phone_index, contact.key_id, contact.language,
        uuid7(), uuid7(), actor_name, ticket.origin_slug, ticket.origin_reference, ticket.updated_at,
        *claim_arguments(key, ticket.id),
    )  # fmt: skip
    return number


async def get(ticket_id: UUID) -> Ticket | None:
    """The ticket, locked until the end of the unit: verbs decide on what they read."""
    row = await unit.fetchrow(
        f"SELECT {_COLUMNS} FROM dispatch.ticket WHERE id = $1 AND tenant_id = app.tenant() FOR UPDATE",
        ticket_id,
    )
    return ticket_of(row) if row else None


async def find(ticket_id: UUID | None, number: tuple[int, int] | None = None) -> Ticket | None:
    """The ticket by id, or by (year, number), for reading."""
    row = await unit.fetchrow(
        f"SELECT {_COLUMNS} FROM dispatch.ticket WHERE tenant_id = app.tenant() AND "
        + ("id = $1" if number is None else "year = $1 AND number = $2"),
        *((ticket_id,) if number is None else number),
    )
    return ticket_of(row) if row else None


_SAVE = """
WITH changed AS (
    UPDATE dispatch.ticket SET state = $2, version = $3, category_code = $4, service_code = $5, priority = $6,
        text = $7, address = $8, landmark = $9, point = ST_SetSRID(ST_MakePoint($10, $11), 4326), updated_at = $12,
        react_by = $13, due_at = $14, paused_at = $15, unanswered = $16, reopened = $17, done_at = $18,
        closed_at = $19, folded = $20, confirmed = $25
    WHERE tenant_id = app.tenant() AND id = $1 AND version = $21 RETURNING id
)
INSERT INTO dispatch.history (tenant_id, ticket_id, seq, at, actor_id, actor_name, verb, from_state, to_state, note,
    detail)
SELECT app.tenant(), changed.id, seq, $12, $22, $23, verb, from_state, to_state, note, detail
FROM changed, jsonb_to_recordset($24::jsonb)
    AS step (seq int, verb text, from_state text, to_state text, note text, detail jsonb)
"""


async def save(before: Ticket, after: Ticket, folded: str, steps: Sequence[Step]) -> None:
    """Write the new state and its timeline in one statement; the steps lead from `before` to `after`."""
    lon, lat = after.point or (None, None)
    tag = await unit.execute(
        _SAVE,
        after.id, after.state.value, after.version, after.category_code, after.service_code, after.priority,
        after.text, after.address, after.landmark, lon, lat, after.updated_at, after.react_by, after.due_at,
        after.paused_at, after.unanswered, after.reopened, after.done_at, after.closed_at, folded, before.version,
        steps[0].actor_id, steps[0].actor_name, msgspec.json.encode(steps).decode(),
        after.confirmed,
    )  # fmt: skip
    if tag == "INSERT 0 0":  # cannot happen under the row lock of `get`
        raise RuntimeError(f"ticket {after.id} was changed without its lock")


async def steps(ticket_id: UUID) -> list[Step]:
    """The timeline, oldest first."""
    rows = await unit.fetch(
        """SELECT seq, at, actor_id, actor_name, verb, from_state, to_state, note, detail FROM dispatch.history
           WHERE tenant_id = app.tenant() AND ticket_id = $1 ORDER BY seq""",
        ticket_id,
    )
    return [Step(**{**row, "detail": msgspec.json.decode(row["detail"])}) for row in rows]


async def assignments(ticket_id: UUID) -> list[Assignment]:
    """Who was responsible, oldest first."""
    rows = await unit.fetch(
        """SELECT id, service_code, assigned_at, react_by, accepted_at, unanswered_at, ended_at, end_reason
           FROM dispatch.assignment WHERE tenant_id = app.tenant() AND ticket_id = $1 ORDER BY assigned_at, id""",
        ticket_id,
    )
    return [Assignment(**row) for row in rows]


async def end_assignment(ticket_id: UUID, reason: str) -> None:
    """End the running assignment of a ticket, if any: 'returned', 'reassigned' or 'done'."""
    await unit.execute(
        """UPDATE dispatch.assignment SET ended_at = $2, end_reason = $3
           WHERE tenant_id = app.tenant() AND ticket_id = $1 AND ended_at IS NULL""",
        ticket_id, clock.now(), reason,
    )  # fmt: skip


async def add_assignment(ticket_id: UUID, service_code: str, react_by: datetime, by: UUID | None) -> None:
    """Make a service responsible from now on."""
    await unit.execute(
        """INSERT INTO dispatch.assignment (tenant_id, id, ticket_id, service_code, assigned_at, assigned_by, react_by)
           VALUES (app.tenant(), $1, $2, $3, $4, $5, $6)""",
        uuid7(), ticket_id, service_code, clock.now(), by, react_by,
    )  # fmt: skip


async def accept_assignment(ticket_id: UUID, by: UUID) -> None:
    """Note that the responsible service has taken the ticket over."""
    await unit.execute(
        """UPDATE dispatch.assignment SET accepted_at = $2, accepted_by = $3
           WHERE tenant_id = app.tenant() AND ticket_id = $1 AND ended_at IS NULL""",
        ticket_id, clock.now(), by,
    )  # fmt: skip


async def note_for_origin(ticket_id: UUID, *said: str | bool | None) -> asyncpg.Record | None:
    """Note at the referral that brought a ticket how it goes on (state, ended as, confirmed); id, sender, version, the
    number of this answer and that of the ticket."""
    return await unit.fetchrow(
        """UPDATE dispatch.referral r SET state = $2, ended_as = $3, confirmed = $4, answers = answers + 1,
               version = r.version + 1, ended_at = CASE WHEN $2 = 'ended' THEN $5::timestamptz END
           FROM dispatch.ticket t WHERE t.tenant_id = app.tenant() AND t.id = $1 AND r.tenant_id = app.tenant()
           AND r.side = 'in' AND r.ticket_id = $1 AND r.state IN ('accepted', 'ended')
           RETURNING r.id, r.other_slug, r.answers, r.version, t.year, t.number""",
        ticket_id, *said, clock.now(),
    )  # fmt: skip


async def unanswered(most: int) -> list[UUID]:
    """Tickets whose running assignment passed its reaction deadline by the database's clock, oldest first.

    Rows that another worker or a verb holds are skipped; the caller notes each in the same unit. The ticket is locked
    as well: a verb holds it before it waits for the assignment, so that taking it later would be a deadlock.
    """
    rows = await unit.fetch(
        """UPDATE dispatch.assignment SET unanswered_at = now() WHERE tenant_id = app.tenant() AND id IN (
               SELECT a.id FROM dispatch.assignment a
               JOIN dispatch.ticket t ON t.tenant_id = app.tenant() AND t.id = a.ticket_id
               WHERE a.tenant_id = app.tenant() AND a.react_by < now()
               AND a.accepted_at IS NULL AND a.ended_at IS NULL AND a.unanswered_at IS NULL
               ORDER BY a.react_by LIMIT $1 FOR UPDATE SKIP LOCKED)
           RETURNING ticket_id""",
        most,
    )
    return [row["ticket_id"] for row in rows]


async def contact(contact_id: UUID) -> SealedContact | None:
    """A sealed applicant."""
    row = await unit.fetchrow(
        """SELECT id, name_sealed, phone_sealed, phone_index, key_id, language FROM dispatch.contact
           WHERE tenant_id = app.tenant() AND id = $1""",
        contact_id,
    )
    return SealedContact(**row) if row else None


async def of_phone(index: bytes, most: int) -> list[Ticket]:
    """Earlier tickets of one phone, newest first."""
    rows = await unit.fetch(
        f"""SELECT {_COLUMNS} FROM dispatch.ticket WHERE tenant_id = app.tenant() AND contact_id IN (
                SELECT id FROM dispatch.contact WHERE tenant_id = app.tenant() AND phone_index = $1
                ORDER BY id DESC LIMIT 200)
            ORDER BY opened_at DESC LIMIT $2""",
        index, most,
    )  # fmt: skip
    return [ticket_of(row) for row in rows]


async def changed_before(
    place: tuple[datetime, UUID] | None, since: datetime | None, most: int
) -> list[Ticket]:
    """Tickets after the keyset (updated_at, id) that changed at or after `since`, the last changed first."""
    rows = await unit.fetch(
        f"""SELECT {_COLUMNS} FROM dispatch.ticket WHERE tenant_id = app.tenant()
            AND ($1::timestamptz IS NULL OR (updated_at, id) < ($1, $2))
            AND ($3::timestamptz IS NULL OR updated_at >= $3) ORDER BY updated_at DESC, id DESC LIMIT $4""",
        *(place or (None, None)), since, most,
    )  # fmt: skip
    return [ticket_of(row) for row in rows]


async def near(
    lon: float, lat: float, metres: float, service: str | None, most: int
) -> list[tuple[Ticket, float]]:
    """Open tickets (of one service when given) within `metres` of a point with their distance, nearest first."""
    rows = await unit.fetch(
        f"""WITH here AS (SELECT ST_SetSRID(ST_MakePoint($1, $2), 4326) AS p), box AS (
                SELECT p, ST_Expand(p, $3 / (111320 * cos(radians($2))), $3 / 111320) AS b FROM here)
            SELECT {_COLUMNS}, ST_DistanceSphere(point, p) AS metres
            FROM dispatch.ticket, box WHERE tenant_id = app.tenant() AND point && b AND closed_at IS NULL
            AND state = ANY($5) AND ($6::text IS NULL OR service_code = $6)
            AND ST_DistanceSphere(point, p) <= $3 ORDER BY metres LIMIT $4""",
        lon, lat, metres, most, [state.value for state in OPEN], service,
    )  # fmt: skip
    return [(ticket_of(row), row["metres"]) for row in rows]


async def at_address(patterns: Sequence[str], most: int) -> list[Ticket]:
    """Open tickets whose text or place matches every regular expression, newest first."""
    rows = await unit.fetch(
        f"""SELECT {_COLUMNS} FROM dispatch.ticket WHERE tenant_id = app.tenant() AND closed_at IS NULL
            AND state = ANY($2) AND folded ~ ALL($1) ORDER BY opened_at DESC LIMIT $3""",
        patterns, [state.value for state in OPEN], most,
    )  # fmt: skip
    return [ticket_of(row) for row in rows]
