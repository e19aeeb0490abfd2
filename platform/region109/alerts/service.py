"""The verbs of an alert: it is issued to an area, called off, and read by the shifts there."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import cast
from uuid import UUID

from chassis109.bus.announce import announce, wake
from chassis109.kernel import clock
from chassis109.kernel.errors import NotFound
from chassis109.kernel.ids import uuid7
from chassis109.kernel.text import Form
from chassis109.store import journal
from chassis109.store.idempotency import RequestKey, claim, once
from chassis109.store.unit import after_commit, transaction
from identity109.actor import Actor
from region109 import contract
from region109.alerts import repository
from region109.alerts.model import LONGEST, MOST_WORDS, Alert, AlertIsOver, Wish
from region109.contract import ALERT_KINDS, AlertAnswer, AlertKind, MessageRefused, encode
from region109.territories import service as territories
from region109.territories.model import HOME_ID
from tenancy109.model import REGION


async def issue(wish: Wish, actor: Actor, key: RequestKey | None = None) -> Alert:
    """Warn an area, once for each Idempotency-Key. Raises Invalid with every field that must be corrected."""
    alert, area = await _checked(wish, actor)

    async def record() -> Alert:
        async with transaction(actor.tenant_id):
            await claim(key, alert.id)
            await repository.insert(alert, area)
            await _tell(alert, actor, "issue", area)
            return await repository.get(alert.id) or alert

    return await once(HOME_ID, key, record, lambda of: read(of, actor))


async def cancel(alert_id: UUID, actor: Actor) -> Alert:
    """Call it off; it vanishes from every screen. Raises AlertIsOver."""
    async with transaction(actor.tenant_id):
        alert = await _held(alert_id)
        now = clock.now()
        if not alert.running(now):
            raise AlertIsOver
        over = replace(alert, version=alert.version + 1, cancelled_at=now, cancelled_name=actor.name)
        await repository.cancel(over)
        await _tell(over, actor, "cancel", [one.territory for one in alert.receipts])
        return over


async def take(answer: AlertAnswer) -> None:
    """It has arrived in a territory or was read there, inside the consumer's unit. Raises MessageRefused for what was
    never sent there."""
    alert = await repository.get(answer.id)
    if alert is None or answer.version > alert.version:
        raise MessageRefused("unknown-alert")
    if answer.by is None:
        known = await repository.arrived(answer.id, answer.tenant, answer.version, answer.at)
    else:
        known = await repository.read(answer.id, answer.tenant, answer.version, answer.at, answer.by)
    if not known:
        raise MessageRefused("unknown-alert")
    after_commit(lambda: announce(REGION, "alert", str(answer.id), answer.version))


async def read(alert_id: UUID, actor: Actor) -> Alert:
    """One warning; raises NotFound."""
    async with transaction(actor.tenant_id):
        return await _held(alert_id)


async def page(after: tuple[datetime, UUID] | None, most: int, actor: Actor) -> list[Alert]:
    """Warnings after the keyset (issued_at, id), the latest first."""
    async with transaction(actor.tenant_id):
        return await repository.page(after, most)


async def _held(alert_id: UUID) -> Alert:
    found = await repository.get(alert_id)
    if found is None:
        raise NotFound
    return found


async def _checked(wish: Wish, actor: Actor) -> tuple[Alert, tuple[str, ...]]:
    form, now = Form(), clock.now()
    kind = cast(AlertKind, form.choice("kind", wish.kind, set(ALERT_KINDS)))
    kk, ru, en = (
        form.text(name, getattr(wish, name), most=MOST_WORDS, required=True) for name in ("kk", "ru", "en")
    )
    slugs = {one.slug for one in await territories.all_() if one.active}
    if not wish.territories:
        form.refuse("territories", "required", "Choose one territory at least.")
    elif not set(wish.territories) <= slugs:
        form.refuse("territories", "choice", "Choose one of the listed values.")
    if wish.expires_at is None or not now < wish.expires_at <= now + LONGEST:
        form.refuse("expires_at", "range", "A warning ends in the future, at most 30 days ahead.")
    form.done()
    alert = Alert(
        id=uuid7(), version=1, kind=kind, kk=kk, ru=ru, en=en, issued_at=now, issued_by=actor.subject,
        issued_name=actor.name, expires_at=wish.expires_at or now,
    )  # fmt: skip
    return alert, tuple(dict.fromkeys(wish.territories))


async def _tell(alert: Alert, actor: Actor, verb: str, area: Sequence[str]) -> None:
    messages = []
    for slug in area:
        order = contract.Alert(
            id=alert.id, tenant=slug, version=alert.version, kind=alert.kind, kk=alert.kk, ru=alert.ru, en=alert.en,
            issued_at=alert.issued_at, issued_name=alert.issued_name, expires_at=alert.expires_at,
            cancelled_at=alert.cancelled_at,
        )  # fmt: skip
        messages.append(journal.OutboxMessage(contract.mandate(slug), f"{alert.id}:{slug}", encode(order)))
    detail: dict[str, object] = {"kind": alert.kind, "version": alert.version, "area": list(area)}
    entry = journal.AuditEntry(f"alert.{verb}", "alert", str(alert.id), detail)
    await journal.write(actor.person, actor.kind, [entry], messages)
    after_commit(lambda: announce(REGION, "alert", str(alert.id), alert.version))
    after_commit(wake)
