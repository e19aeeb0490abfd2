"""The inbox: a message takes effect once, however often it is delivered; poison is put aside in sight."""

from uuid import UUID

from chassis109.kernel import clock
from chassis109.store import unit

_ONCE = """
INSERT INTO chassis.inbox (tenant_id, source, message_id, received_at) VALUES (app.tenant(), $1, $2, $3)
ON CONFLICT DO NOTHING RETURNING true
"""

_QUARANTINE = """
INSERT INTO chassis.quarantine (tenant_id, source, message_id, subject, payload, error, attempts, at)
VALUES (app.tenant(), $1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING
"""


async def once(source: str, message_id: UUID) -> bool:
    """Note the message in the running unit. False when its effect is already there.

    A second delivery that runs at the same time waits here until the first has committed or rolled back.
    """
    return await unit.fetchval(_ONCE, source, message_id, clock.now()) is not None


async def quarantine(
    source: str, message_id: UUID, subject: str, payload: bytes, error: str, attempts: int
) -> None:
    """Put a message aside that failed `attempts` times; `error` is the name of an exception class."""
    await unit.execute(_QUARANTINE, source, message_id, subject, payload, error, attempts, clock.now())
