"""The inbox: a message takes effect once, however often it is delivered; poison is put aside in sight."""

from uuid import UUID

from chassis109.kernel import clock
from chassis109.observe import metrics
from chassis109.store import unit

_ONCE = """
INSERT INTO chassis.inbox (tenant_id, source, message_id, received_at) VALUES (app.tenant(), $1, $2, $3)
ON CONFLICT DO NOTHING RETURNING true
"""

_QUARANTINE = """
INSERT INTO chassis.quarantine (tenant_id, source, message_id, subject, payload, error, attempts, at)
VALUES (app.tenant(), $1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING true
"""


async def once(source: str, message_id: UUID) -> bool:
    """Note the message in the running unit. False when its effect is already there.

    A second delivery that runs at the same time waits here until the first has committed or rolled back.
    """
    return await unit.fetchval(_ONCE, source, message_id, clock.now()) is not None


async def put_aside(
    source: str, message_id: UUID, subject: str, payload: bytes, error: str, attempts: int = 1
) -> bool:
    """Keep a message in sight that has no effect, in the running unit; `error` is the name of a class. False
    when it lies there already.

    A handler that refuses a message for good calls this and returns: the message is acknowledged and never
    tried again. `source` is that of the delivery.
    """
    arguments = (source, message_id, subject, payload, error, attempts, clock.now())
    first = await unit.fetchval(_QUARANTINE, *arguments) is not None
    if first:
        unit.after_commit(metrics.QUARANTINED.labels(source).inc)
    return first
