"""Every SQL statement of what is told to the region. All run in a tenant's unit of work."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from chassis109.kernel import clock
from chassis109.store import unit
from dispatch109.emergencies.model import Handoff, Incident
from dispatch109.emergencies.repository import with_incidents
from dispatch109.federation.model import Place, Resending, Step

_MOST_WAITING = 100_000


async def pulse_waits(key: str) -> bool:
    """Whether the last pulse has not left yet."""
    waits: bool = await unit.fetchval(
        """SELECT EXISTS (SELECT FROM chassis.outbox
                          WHERE tenant_id = app.tenant() AND key = $1 AND published_at IS NULL)""",
        key,
    )
    return waits


async def known(since: datetime) -> dict[str, int]:
    """`waiting` messages that have not left, and `tickets` opened since then with the sum of their `versions`."""
    row = await unit.fetchrow(
        """SELECT (SELECT count(*) FROM (SELECT FROM chassis.outbox WHERE tenant_id = app.tenant()
                   AND published_at IS NULL LIMIT $2) w) AS waiting,
               count(*) AS tickets, coalesce(sum(version), 0) AS versions
           FROM dispatch.ticket WHERE tenant_id = app.tenant() AND opened_at >= $1""",
        since, _MOST_WAITING,
    )  # fmt: skip
    return {name: int(row[name]) for name in ("waiting", "tickets", "versions")} if row else {}


async def begin(order_id: UUID, since: datetime | None) -> bool:
    """Note an order; False when it is known."""
    first = await unit.fetchval(
        """INSERT INTO dispatch.resend (tenant_id, id, since, ordered_at, step)
           VALUES (app.tenant(), $1, $2, $3, 'consultations') ON CONFLICT DO NOTHING RETURNING true""",
        order_id, since, clock.now(),
    )  # fmt: skip
    return first is not None


async def underway() -> list[Resending]:
    """The orders that are not done, in the hand of this unit."""
    rows = await unit.fetch(
        """SELECT id, since, step, after_at, after_id FROM dispatch.resend
           WHERE tenant_id = app.tenant() AND ended_at IS NULL ORDER BY ordered_at, id FOR UPDATE SKIP LOCKED"""
    )
    return [
        Resending(
            row["id"],
            row["since"],
            Step(row["step"]),
            (row["after_at"], row["after_id"]) if row["after_at"] else None,
        )
        for row in rows
    ]


async def advance(resending: Resending, step: Step, after: Place, said: int) -> None:
    """Note how far it is."""
    after_at, after_id = after or (None, None)
    await unit.execute(
        """UPDATE dispatch.resend SET step = $2, after_at = $3, after_id = $4, said = said + $5,
               ended_at = CASE WHEN $2 = 'done' THEN $6::timestamptz END
           WHERE tenant_id = app.tenant() AND id = $1""",
        resending.id, step.value, after_at, after_id, said, clock.now(),
    )  # fmt: skip


async def handoffs(after: Place, most: int) -> list[tuple[Incident, Handoff]]:
    """The next page of handoffs with their incidents, the last given first."""
    return await with_incidents(
        """($1::timestamptz IS NULL OR (h.created_at, h.id) < ($1, $2))
           ORDER BY h.created_at DESC, h.id DESC LIMIT $3""",
        *(after or (None, None)), most,
    )  # fmt: skip


async def consultations(since: datetime | None) -> Sequence[tuple[date, str, int]]:
    """Day, category and count of the days since then."""
    rows = await unit.fetch(
        """SELECT day, category_code, count FROM dispatch.consultation_day WHERE tenant_id = app.tenant()
           AND ($1::timestamptz IS NULL OR day >= ($1 AT TIME ZONE 'Asia/Almaty')::date) ORDER BY day, category_code""",
        since,
    )
    return [(row["day"], row["category_code"], row["count"]) for row in rows]
