"""Every SQL statement about the region's mandates. All run in the tenant's unit of work."""

from datetime import datetime
from uuid import UUID

from chassis109.store import unit
from dispatch109.mandates.model import Mandate

_NAMES = tuple(Mandate.__dataclass_fields__)
_COLUMNS = ", ".join(_NAMES)
_SELECT = f"SELECT {_COLUMNS} FROM dispatch.mandate WHERE tenant_id = app.tenant()"


async def insert(mandate: Mandate) -> bool:
    """Note an order as it arrives; False when its id is known."""
    values = ", ".join(f"${number}" for number in range(1, len(_NAMES) + 1))
    first = await unit.fetchval(
        f"""INSERT INTO dispatch.mandate (tenant_id, {_COLUMNS}) VALUES (app.tenant(), {values})
            ON CONFLICT DO NOTHING RETURNING true""",
        *(getattr(mandate, name) for name in _NAMES),
    )
    return first is not None


async def save(mandate: Mandate) -> None:
    """Write what may change."""
    await unit.execute(
        """UPDATE dispatch.mandate SET state = $2, version = $3, seen_at = $4, seen_by = $5, answered_at = $6,
               answered_by = $7, answer = $8
           WHERE tenant_id = app.tenant() AND id = $1""",
        mandate.id, mandate.state, mandate.version, mandate.seen_at, mandate.seen_by, mandate.answered_at,
        mandate.answered_by, mandate.answer,
    )  # fmt: skip


async def get(mandate_id: UUID) -> Mandate | None:
    """An order, locked until the end of the unit."""
    row = await unit.fetchrow(f"{_SELECT} AND id = $1 FOR UPDATE", mandate_id)
    return Mandate(**row) if row else None


async def page(after: tuple[datetime, UUID] | None, most: int) -> list[Mandate]:
    """Orders after the keyset (received_at, id), the latest first."""
    rows = await unit.fetch(
        f"""{_SELECT} AND ($1::timestamptz IS NULL OR (received_at, id) < ($1, $2))
            ORDER BY received_at DESC, id DESC LIMIT $3""",
        *(after or (None, None)), most,
    )  # fmt: skip
    return [Mandate(**row) for row in rows]


async def of_ticket(ticket_id: UUID) -> list[Mandate]:
    """The orders about a ticket, the latest first."""
    rows = await unit.fetch(f"{_SELECT} AND ticket_id = $1 ORDER BY received_at DESC, id DESC", ticket_id)
    return [Mandate(**row) for row in rows]


async def unseen() -> tuple[int, int]:
    """How many orders wait for an answer, and how many others nobody has taken note of."""
    row = await unit.fetchrow(
        """SELECT count(*) FILTER (WHERE state = 'received') AS waiting,
               count(*) FILTER (WHERE state = 'executed' AND seen_at IS NULL) AS unseen
           FROM dispatch.mandate WHERE tenant_id = app.tenant()"""
    )
    return (row["waiting"], row["unseen"]) if row else (0, 0)
