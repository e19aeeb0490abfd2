"""What every verb leaves behind in its own transaction: audit entries and outbox messages."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

import msgspec

from chassis109.kernel import clock
from chassis109.kernel.messages import OutboxMessage
from chassis109.observe.tracing import current_traceparent
from chassis109.store import unit

__all__ = ("AuditEntry", "OutboxMessage", "write")


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what to which object.

    `detail` never holds names, phones, addresses or what people said; the one free text is the reason that
    staff give for an act that asks for one.
    """

    action: str
    object_kind: str
    object_id: str
    detail: dict[str, object] = field(default_factory=dict)


_WRITE = """
WITH entry AS (
    INSERT INTO chassis.audit (tenant_id, at, actor_id, actor_kind, action, object_kind, object_id, detail)
    SELECT app.tenant(), $1, $2, $3, action, object_kind, object_id, detail
    FROM jsonb_to_recordset($4::jsonb) AS e(action text, object_kind text, object_id text, detail jsonb)
)
INSERT INTO chassis.outbox (tenant_id, subject, key, message_id, payload, traceparent, recorded_at)
SELECT app.tenant(), subject, key, message_id, payload, $5, $1
FROM unnest($6::text[], $7::text[], $8::uuid[], $9::bytea[]) AS m(subject, key, message_id, payload)
"""


async def write(
    actor_id: UUID | None, actor_kind: str, audit: Sequence[AuditEntry], outbox: Sequence[OutboxMessage] = ()
) -> None:
    """Write audit entries and outbox messages of the running unit's tenant, in one statement."""
    await unit.execute(
        _WRITE,
        clock.now(),
        actor_id,
        actor_kind,
        msgspec.json.encode(audit).decode(),
        current_traceparent(),
        [message.subject for message in outbox],
        [message.key for message in outbox],
        [message.message_id for message in outbox],
        [message.payload for message in outbox],
    )
