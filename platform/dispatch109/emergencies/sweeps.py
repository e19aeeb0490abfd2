"""What the worker does to many emergencies at once: a backlog must not make the newest alarm late."""

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

import structlog

from chassis109.kernel.errors import Unavailable
from chassis109.store.unit import transaction
from dispatch109.emergencies.writing import Writing, write
from identity109.actor import Actor

log = structlog.get_logger()

Work = Callable[[Sequence[Writing]], Awaitable[int]]


async def together(incidents: Sequence[UUID], actor: Actor, work: Work) -> int:
    """What the worker does to many emergencies, in one transaction; what it says of how many. Those that a verb holds
    come at the next look. When one cannot be worked each has its own transaction: its trouble is not the others'."""
    if not incidents:
        return 0
    try:
        async with transaction(actor.tenant_id):
            held = await Writing.many(incidents, actor)
            count = await work(held)
            await write([writing for writing in held if writing.happened])
            return count
    except Unavailable:
        raise
    except Exception as error:  # the outer edge of a sweep: the next look tries again
        if len(incidents) == 1:
            log.error("emergency.not_looked_at", incident=str(incidents[0]), error=type(error).__name__)
            return 0
    return sum([await together([incident], actor, work) for incident in incidents])
