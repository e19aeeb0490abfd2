"""Every SQL statement about referrals. All run in the tenant's unit of work; the public keys are global."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from chassis109.store import unit
from dispatch109.contacts.service import SealedContact
from dispatch109.referrals.model import Referral, State
from dispatch109.tickets.model import State as TicketState
from dispatch109.tickets.model import reference

_NAMES = tuple(Referral.__dataclass_fields__)
_COLUMNS = ", ".join(_NAMES)
_SELECT = f"SELECT {_COLUMNS} FROM dispatch.referral WHERE tenant_id = app.tenant()"
_CHANGING = (
    "ticket_id", "other_reference", "state", "version", "answers", "sealed", "decided_at", "decided_by", "decision",
    "ended_at", "ended_as", "confirmed", "told_at", "told_by", "withdrawn_at", "withdrawn_by", "withdrawal",
    "passed_to", "passed_reference",
)  # fmt: skip

# What waits for somebody here comes first, the most urgent before; then all others, the latest first.
_TO_TELL = "side = 'out' AND state IN ('accepted', 'ended') AND told_at IS NULL"
_RANK = f"""CASE WHEN state = 'offered' THEN 0 WHEN {_TO_TELL} THEN 1 WHEN state = 'sent' THEN 2 ELSE 3 END"""
_ORDER = f"""CASE WHEN {_RANK} < 3 THEN priority * 10000000000000000 + (1000000 * extract(epoch FROM due_at))::bigint
    ELSE -(1000000 * extract(epoch FROM sent_at))::bigint END"""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the list: the referral, its ticket here, and for whom a person must be phoned the sealed contact."""

    referral: Referral
    rank: int
    order: int
    number: str | None
    ticket_state: TicketState | None
    contact: SealedContact | None


def _of(row: asyncpg.Record) -> Referral:
    return Referral(**{name: row[name] for name in _NAMES} | {"state": State(row["state"])})


async def insert(referral: Referral) -> bool:
    """Note a referral; False when its id is known."""
    values = ", ".join(f"${number}" for number in range(1, len(_NAMES) + 1))
    first = await unit.fetchval(
        f"""INSERT INTO dispatch.referral (tenant_id, {_COLUMNS}) VALUES (app.tenant(), {values})
            ON CONFLICT DO NOTHING RETURNING true""",
        *(getattr(referral, name) for name in _NAMES),
    )
    return first is not None


async def save(referral: Referral) -> None:
    """Write what may change."""
    changes = ", ".join(f"{name} = ${number}" for number, name in enumerate(_CHANGING, 2))
    await unit.execute(
        f"UPDATE dispatch.referral SET {changes} WHERE tenant_id = app.tenant() AND id = $1",
        referral.id, *(getattr(referral, name) for name in _CHANGING),
    )  # fmt: skip


async def get(referral_id: UUID) -> Referral | None:
    """A referral, locked until the end of the unit."""
    row = await unit.fetchrow(f"{_SELECT} AND id = $1 FOR UPDATE", referral_id)
    return _of(row) if row else None


async def find(referral_id: UUID) -> Referral | None:
    """A referral, for reading."""
    row = await unit.fetchrow(f"{_SELECT} AND id = $1", referral_id)
    return _of(row) if row else None


async def of_ticket(ticket_id: UUID) -> list[Referral]:
    """The referrals of a ticket, oldest first: the one that brought it here, and those that it was offered by."""
    rows = await unit.fetch(f"{_SELECT} AND ticket_id = $1 ORDER BY sent_at, id", ticket_id)
    return [_of(row) for row in rows]


_ROWS = f"""WITH ranked AS (SELECT {_COLUMNS}, {_RANK} AS rank, {_ORDER} AS at FROM dispatch.referral
        WHERE tenant_id = app.tenant() AND ($1 = '' OR side = $1) AND ($2::uuid IS NULL OR id = $2))
    SELECT r.*, t.year, t.number, t.state AS ticket_state, c.id AS contact_id, c.name_sealed, c.phone_sealed,
        c.phone_index, c.key_id AS contact_key, c.language
    FROM ranked r
    LEFT JOIN dispatch.ticket t ON t.tenant_id = app.tenant() AND t.id = r.ticket_id
    LEFT JOIN dispatch.contact c ON c.tenant_id = app.tenant() AND c.id = t.contact_id AND r.rank = 1"""


async def page(side: str, after: tuple[int, int, UUID] | None, most: int, *, waiting: bool) -> list[Row]:
    """Rows after the keyset (rank, order, id) of a side ('' both), on demand only those that wait for somebody."""
    rows = await unit.fetch(
        f"""{_ROWS}
            WHERE ($3::int IS NULL OR (r.rank, r.at, r.id) > ($3, $4, $5)) AND (r.rank < 3 OR NOT $6)
            ORDER BY r.rank, r.at, r.id LIMIT $7""",
        side, None, *(after or (None, None, None)), waiting, most,
    )  # fmt: skip
    return [_row(row) for row in rows]


async def row(referral_id: UUID) -> Row | None:
    """One of them."""
    found = await unit.fetchrow(_ROWS, "", referral_id)
    return _row(found) if found else None


def _row(row: asyncpg.Record) -> Row:
    contact = row["contact_id"] and SealedContact(
        row["contact_id"], row["name_sealed"], row["phone_sealed"], row["phone_index"], row["contact_key"],
        row["language"],
    )  # fmt: skip
    number = reference(row["year"], row["number"]) if row["number"] else None
    state = TicketState(row["ticket_state"]) if row["ticket_state"] else None
    return Row(_of(row), row["rank"], row["at"], number, state, contact)


async def waiting(late_from: datetime) -> tuple[int, int]:
    """How many wait for somebody here: for a decision, a call to the applicant, or because what was sent before
    `late_from` is unanswered; and how many of both sides are unanswered since then."""
    late = "state IN ('offered', 'sent') AND sent_at < $1"
    row = await unit.fetchrow(
        f"""SELECT count(*) FILTER (WHERE state = 'offered' OR {_TO_TELL} OR {late}) AS waiting,
                count(*) FILTER (WHERE {late}) AS late
            FROM dispatch.referral WHERE tenant_id = app.tenant()""",
        late_from,
    )
    return (row["waiting"], row["late"]) if row else (0, 0)


async def key_of(slug: str) -> tuple[str, bytes] | None:
    """The present public key of a tenant with its id."""
    row = await unit.fetchrow(
        "SELECT key_id, public_key FROM dispatch.referral_key WHERE slug = $1 AND current ORDER BY key_id",
        slug,
    )
    return (row["key_id"], row["public_key"]) if row else None


async def publish_keys(keys: Sequence[tuple[str, str, bytes, bool]]) -> None:
    """Write the public keys (slug, key id, key, whether it is the present one); others of these tenants are old."""
    columns: list[Any] = [list(column) for column in zip(*keys, strict=True)]
    await unit.execute(
        """INSERT INTO dispatch.referral_key AS k (slug, key_id, public_key, current)
           SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[], $4::boolean[])
           ON CONFLICT (slug, key_id) DO UPDATE SET public_key = excluded.public_key, current = excluded.current
           WHERE (k.public_key, k.current) IS DISTINCT FROM (excluded.public_key, excluded.current)""",
        *columns,
    )
    await unit.execute(
        """UPDATE dispatch.referral_key SET current = false
           WHERE current AND slug = ANY($1) AND NOT (key_id = ANY($2))""",
        columns[0], columns[1],
    )  # fmt: skip
