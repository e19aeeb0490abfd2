"""What a tenant tells the region by itself: that it is alive, and, when asked, every fact again."""

from datetime import UTC, datetime, time, timedelta

from chassis109.kernel import clock
from chassis109.kernel.messages import OutboxMessage
from chassis109.store import journal
from chassis109.store.unit import transaction
from dispatch109.calls import messages as consultations
from dispatch109.catalogue import service as catalogues
from dispatch109.emergencies import messages as handoffs
from dispatch109.federation import repository
from dispatch109.federation.model import NEXT, Place, Resending, Step
from dispatch109.tickets import messages as tickets
from dispatch109.tickets import repository as ticket_rows
from dispatch109.tickets.model import ALMATY
from region109 import contract
from region109.contract import PulseFact, Resend, encode
from tenancy109 import directory
from tenancy109.model import Tenant

PULSE_KEY = "pulse"
WHOLE_MINUTES = 10
PAGE = 100
"""Facts that a tenant says again in a second."""
ENOUGH_WAITING = 500
"""While so many messages wait, nothing is said again: what happens now goes first."""

TENANTS_TO_SAY_AGAIN = f"""
SELECT DISTINCT r.tenant_id FROM dispatch.resend r WHERE r.ended_at IS NULL AND (
    SELECT count(*) FROM (SELECT FROM chassis.outbox o WHERE o.tenant_id = r.tenant_id AND o.published_at IS NULL
                          LIMIT {ENOUGH_WAITING}) w) < {ENOUGH_WAITING}
"""


async def pulse(tenant: Tenant) -> None:
    """Say that the tenant is alive and what there is to know of it; not while the pulse before has not left."""
    now = clock.now()
    async with transaction(tenant.id):
        if await repository.pulse_waits(PULSE_KEY):
            return
        since = _since(now)
        known = await repository.known(since)
        told = PulseFact(tenant=tenant.slug, at=now, since=since, **known)
        message = OutboxMessage(contract.pulse(tenant.slug), PULSE_KEY, encode(told))
        await journal.write(None, "system", [], [message])


def _since(now: datetime) -> datetime:
    """From yesterday's midnight in Almaty; once in WHOLE_MINUTES since ever, which costs a look at every ticket."""
    if now.minute % WHOLE_MINUTES == 0 and now.second < contract.PULSE_SECONDS:
        return datetime(2000, 1, 1, tzinfo=UTC)
    yesterday = now.astimezone(ALMATY).date() - timedelta(days=1)
    return datetime.combine(yesterday, time(), ALMATY).astimezone(UTC)


async def order(asked: Resend) -> None:
    """Every fact shall be said again; the worker does it page by page. Once for each order."""
    if await repository.begin(asked.id, asked.since):
        entry = journal.AuditEntry("federation.resend", "resend", str(asked.id))
        await journal.write(None, "region", [entry])


async def say_again(tenant_id: int) -> None:
    """The next page of each running order, the newest first: a fact of a ticket that is changed meanwhile is told by
    the verb that changes it, and the region keeps the newest version."""
    tenant = await directory.by_id(tenant_id)
    if tenant is None:
        return
    async with transaction(tenant.id):
        for resending in await repository.underway():
            said, after = await _PAGES[resending.step](tenant, resending)
            await journal.write(None, "system", [], said)
            following = resending.step if len(said) == PAGE else NEXT[resending.step]
            place = after if following is resending.step else None
            await repository.advance(resending, following, place, len(said))


async def _tickets(tenant: Tenant, resending: Resending) -> tuple[list[OutboxMessage], Place]:
    catalogue = await catalogues.of(tenant)
    found = await ticket_rows.changed_before(resending.after, resending.since, PAGE)
    subject = tickets.subject(tenant.slug)
    said = [
        OutboxMessage(subject, str(one.id), encode(tickets.fact(tenant.slug, catalogue, one)))
        for one in found
    ]
    return said, (found[-1].updated_at, found[-1].id) if found else None


async def _handoffs(tenant: Tenant, resending: Resending) -> tuple[list[OutboxMessage], Place]:
    # Those of before `since` too: a handoff does not say when it changed.
    found = await repository.handoffs(resending.after, PAGE)
    subject = handoffs.fact_subject(tenant.slug)
    said = [
        OutboxMessage(subject, f"fact:{one.id}", encode(handoffs.fact(tenant.slug, incident, one)))
        for incident, one in found
    ]
    return said, (found[-1][1].created_at, found[-1][1].id) if found else None


async def _consultations(tenant: Tenant, resending: Resending) -> tuple[list[OutboxMessage], Place]:
    """All in one page: a row a day and category."""
    rows = await repository.consultations(resending.since)
    return [consultations.told(tenant.slug, *row) for row in rows], None


_PAGES = {Step.TICKETS: _tickets, Step.HANDOFFS: _handoffs, Step.CONSULTATIONS: _consultations}
