"""“Did not react”: assignments that nobody accepted or returned by their deadline, by the database's clock."""

import structlog

from chassis109.observe import metrics
from chassis109.store.unit import transaction
from dispatch109.tickets import repository, service
from identity109.actor import Actor
from tenancy109 import directory

log = structlog.get_logger()

BATCH = 100

# Which tenants have a passed deadline: read as dispatch_relay, which sees nothing else of them.
TENANTS_WITH_SILENCE = """
SELECT DISTINCT tenant_id FROM dispatch.assignment
WHERE react_by < now() AND accepted_at IS NULL AND ended_at IS NULL AND unanswered_at IS NULL
"""


async def sweep(tenant_id: int) -> int:
    """Record every silence of one tenant that has become due; how many."""
    tenant = await directory.by_id(tenant_id)
    if tenant is None:
        return 0
    actor = Actor.system(tenant)
    async with transaction(tenant_id):
        silent = await repository.unanswered(BATCH)
        for ticket_id in silent:
            await service.note_silence(ticket_id, actor)
    if silent:
        metrics.UNANSWERED.labels(tenant.slug).inc(len(silent))
        log.info("assignments.unanswered", tenant=tenant.slug, count=len(silent))
    return len(silent)
