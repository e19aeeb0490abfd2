"""Handoffs whose clock has passed: the operator is told within a second, by the database's clock."""

from collections.abc import Sequence

import structlog

from chassis109.store.unit import transaction
from dispatch109.emergencies import repository
from dispatch109.emergencies.clocks import clocks
from dispatch109.emergencies.model import Alarm, Handoff
from dispatch109.emergencies.service import BATCH, note_published
from dispatch109.emergencies.sweeps import together
from dispatch109.emergencies.writing import Writing
from hub112.contract import Event
from identity109.actor import Actor
from tenancy109 import directory

log = structlog.get_logger()

# Which tenants have a clock behind them, or a message on its way: read as dispatch_relay, which sees nothing else.
TENANTS_WITH_OVERDUE = """
SELECT tenant_id FROM dispatch.handoff WHERE due_at <= now()
UNION SELECT tenant_id FROM dispatch.handoff WHERE hub_at IS NULL AND ended_at IS NULL
"""


async def sweep(tenant_id: int) -> int:
    """Note what has reached the hub, then every clock of one tenant that has passed since; how many handoffs."""
    await note_published(tenant_id)
    tenant = await directory.by_id(tenant_id)
    if tenant is None:
        return 0
    async with transaction(tenant_id):
        incidents = await repository.overdue(BATCH)
    count = await together(incidents, Actor.system(tenant), _look)
    if count:
        log.info("handoffs.overdue", tenant=tenant.slug, count=count)
    return count


async def _look(writings: Sequence[Writing]) -> int:
    due = [(w, h) for w in writings for h in w.handoffs.values() if h.due_at is not None and h.due_at <= w.at]
    for writing, handoff in due:
        _climb(writing, handoff)
    return len(due)


def _climb(writing: Writing, handoff: Handoff) -> None:
    """Each clock that has passed since the last look is an event of its own; the last one leads to `expired`."""
    since = handoff.due_at or writing.at
    for due, alarm in sorted(clocks(handoff)):
        if since <= due <= writing.at:
            event = Event.EXPIRE if alarm is Alarm.EXPIRED else "alarm"
            writing.happen(handoff.id, event, note="" if event is Event.EXPIRE else alarm.value)
    writing.looked(handoff.id)
