"""Every SQL statement about mandates. All run in the region's unit of work."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from chassis109.store import unit
from region109.mandates.model import Mandate

_OWN = ("kind", "ticket_id", "reference", "reason", "deadline", "state", "version", "issued_at", "issued_by",
        "issued_name", "received_at", "answered_at", "answered_by", "answer")  # fmt: skip
_SELECT = f"""
SELECT m.id, t.slug AS territory, o.slug AS "to", {", ".join(f"m.{name}" for name in _OWN)}
FROM region.mandate m JOIN region.territory t ON t.id = m.territory
LEFT JOIN region.territory o ON o.id = m.to_territory
"""


async def insert(mandate: Mandate) -> None:
    """A new order."""
    await unit.execute(
        """INSERT INTO region.mandate (id, territory, kind, ticket_id, reference, to_territory, reason, deadline, state,
               version, issued_at, issued_by, issued_name)
           SELECT $1, t.id, $3, $4, $5, o.id, $7, $8, $9, $10, $11, $12, $13
           FROM region.territory t LEFT JOIN region.territory o ON o.slug = $6 WHERE t.slug = $2""",
        mandate.id, mandate.territory, mandate.kind, mandate.ticket_id, mandate.reference, mandate.to, mandate.reason,
        mandate.deadline, mandate.state, mandate.version, mandate.issued_at, mandate.issued_by, mandate.issued_name,
    )  # fmt: skip


async def save(mandate: Mandate) -> None:
    """Write what an answer changes."""
    await unit.execute(
        """UPDATE region.mandate SET state = $2, version = $3, received_at = $4, answered_at = $5, answered_by = $6,
               answer = $7 WHERE id = $1""",
        mandate.id, mandate.state, mandate.version, mandate.received_at, mandate.answered_at, mandate.answered_by,
        mandate.answer,
    )  # fmt: skip


async def get(mandate_id: UUID) -> Mandate | None:
    """An order, locked until the end of the unit."""
    row = await unit.fetchrow(f"{_SELECT} WHERE m.id = $1 FOR UPDATE OF m", mandate_id)
    return Mandate(**row) if row else None


async def waiting(territory: str, most: int) -> Sequence[Mandate]:
    """What is not answered (of one territory when it is named), the nearest deadline first."""
    rows = await unit.fetch(
        f"""{_SELECT} WHERE m.answered_at IS NULL AND ($1 = '' OR t.slug = $1)
            ORDER BY m.deadline, m.id LIMIT $2""",
        territory, most,
    )  # fmt: skip
    return [Mandate(**row) for row in rows]


async def answered(territory: str, after: tuple[datetime, UUID] | None, most: int) -> list[Mandate]:
    """What is answered, after the keyset (issued_at, id), the latest first."""
    rows = await unit.fetch(
        f"""{_SELECT} WHERE m.answered_at IS NOT NULL AND ($1 = '' OR t.slug = $1)
            AND ($2::timestamptz IS NULL OR (m.issued_at, m.id) < ($2, $3))
            ORDER BY m.issued_at DESC, m.id DESC LIMIT $4""",
        territory, *(after or (None, None)), most,
    )  # fmt: skip
    return [Mandate(**row) for row in rows]


async def late(now: datetime) -> int:
    """How many answers are overdue."""
    count: int = await unit.fetchval(
        "SELECT count(*) FROM region.mandate WHERE answered_at IS NULL AND deadline < $1", now
    )
    return count


async def ticket(territory: str, ticket_id: UUID) -> str | None:
    """The number of a ticket of this territory, as far as the region knows it."""
    number: str | None = await unit.fetchval(
        """SELECT k.reference FROM region.ticket k JOIN region.territory t ON t.id = k.territory
           WHERE t.slug = $1 AND k.id = $2""",
        territory, ticket_id,
    )  # fmt: skip
    return number
