"""SQL on calls: consultations, and the log of all calls, those that were handed off too."""

from datetime import date, datetime
from uuid import UUID

from chassis109.store import unit
from dispatch109.calls.model import CallLine
from dispatch109.contacts.service import SealedContact


async def insert_consultation(
    call_id: UUID, contact: SealedContact, by: UUID, at: datetime, category: str | None, note: str
) -> None:
    """Record a consultation and whom it was given to, in one statement."""
    await unit.execute(
        """WITH applicant AS (
               INSERT INTO dispatch.contact
                   (tenant_id, id, name_sealed, phone_sealed, phone_index, key_id, language, created_at)
               VALUES (app.tenant(), $2, $3, $4, $5, $6, $7, $8))
           INSERT INTO dispatch.call (tenant_id, id, contact_id, operator_id, at, outcome, category_code, note)
           VALUES (app.tenant(), $1, $2, $9, $8, 'consultation', $10, $11)""",
        call_id, contact.id, contact.name_sealed, contact.phone_sealed, contact.phone_index, contact.key_id,
        contact.language, at, by, category, note,
    )  # fmt: skip


async def count_consultation(day: date, category: str | None) -> int:
    """One consultation more on this day in Almaty; how many there are now. Held until the unit ends."""
    count: int = await unit.fetchval(
        """INSERT INTO dispatch.consultation_day AS d (tenant_id, day, category_code, count)
           VALUES (app.tenant(), $1, $2, 1)
           ON CONFLICT (tenant_id, day, category_code) DO UPDATE SET count = d.count + 1 RETURNING count""",
        day, category or "",
    )  # fmt: skip
    return count


_CALLS = """
SELECT c.id, c.at, c.outcome, c.category_code, coalesce(nullif(c.note, ''), t.text, i.text, '') AS note, c.ticket_id,
    t.year, t.number, c.incident_id, i.year || '.' || i.number AS emergency, p.display_name AS operator
FROM dispatch.call c
LEFT JOIN dispatch.ticket t ON t.tenant_id = c.tenant_id AND t.id = c.ticket_id
LEFT JOIN dispatch.incident i ON i.tenant_id = c.tenant_id AND i.id = c.incident_id
LEFT JOIN identity.person p ON p.subject = c.operator_id
WHERE c.tenant_id = app.tenant()
"""


async def page(after: tuple[datetime, UUID] | None, outcome: str, most: int) -> list[CallLine]:
    """Calls after the keyset (at, id), the latest first; `outcome` narrows them when it is not empty."""
    conditions, args = [], list[object]()
    if outcome:
        args.append(outcome)
        conditions.append(f" AND c.outcome = ${len(args)}")
    if after is not None:
        args += after
        conditions.append(f" AND (c.at, c.id) < (${len(args) - 1}, ${len(args)})")
    args.append(most)
    rows = await unit.fetch(
        f"{_CALLS}{''.join(conditions)} ORDER BY c.at DESC, c.id DESC LIMIT ${len(args)}", *args
    )
    return [CallLine.of(row) for row in rows]
