"""SQL on calls that are no tickets."""

from datetime import datetime
from uuid import UUID

from chassis109.store import unit
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
