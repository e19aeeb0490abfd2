"""The verbs of an alert: it arrives, and the shift reads it."""

from datetime import datetime
from uuid import UUID

from chassis109.bus.announce import announce, wake
from chassis109.kernel import clock
from chassis109.kernel.errors import NotFound
from chassis109.store import journal
from chassis109.store.unit import after_commit, transaction
from dispatch109.alerts import repository
from dispatch109.alerts.model import Alert
from identity109.actor import Actor
from region109 import contract
from region109.contract import AlertAnswer, encode
from tenancy109.model import Tenant


async def receive(order: contract.Alert, tenant: Tenant) -> None:
    """Keep a warning and show it, inside the consumer's unit. Once for each version; an older one changes nothing."""
    alert = Alert.of(order, clock.now())
    if await repository.put(alert):
        verb = "cancel" if alert.cancelled_at else "arrive"
        await _tell(alert, tenant, None, verb)


async def read(alert_id: UUID, actor: Actor) -> Alert:
    """Somebody of the shift has read it; a second time changes nothing."""
    async with transaction(actor.tenant_id):
        alert = await repository.get(alert_id)
        if alert is None:
            raise NotFound
        if await repository.add_reader(alert, actor.subject, actor.name, clock.now()):
            await _tell(alert, actor.here, actor, "read")
        return await repository.get(alert_id) or alert


async def running(actor: Actor) -> list[Alert]:
    """What warns now, the latest first."""
    async with transaction(actor.tenant_id):
        return await repository.running(clock.now())


async def page(after: tuple[datetime, UUID] | None, most: int, actor: Actor) -> list[Alert]:
    """Alerts after the keyset (issued_at, id), the latest first."""
    async with transaction(actor.tenant_id):
        return await repository.page(after, most)


async def _tell(alert: Alert, tenant: Tenant, reader: Actor | None, verb: str) -> None:
    answer = AlertAnswer(
        id=alert.id,
        tenant=tenant.slug,
        version=alert.version,
        at=clock.now(),
        by=reader.name if reader else None,
    )
    message = journal.OutboxMessage(contract.answer(tenant.slug), f"alert:{alert.id}", encode(answer))
    entry = journal.AuditEntry(f"alert.{verb}", "alert", str(alert.id), {"version": alert.version})
    person, kind = (reader.person, reader.kind) if reader else (None, "region")
    await journal.write(person, kind, [entry], [message])
    after_commit(lambda: announce(tenant.slug, "alert", str(alert.id), alert.version))
    after_commit(wake)
