"""A warning of the region stands on the screens of its tenant until it ends; who of the shift has read it is told."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from tests import makers

from chassis109.kernel import clock
from chassis109.kernel.errors import NotFound
from chassis109.kernel.ids import uuid7
from chassis109.kernel.messages import Delivery
from chassis109.store import inbox, unit
from chassis109.store.unit import transaction
from dispatch109.alerts import service as alerts
from dispatch109.federation.handlers import on_order
from identity109.actor import Actor
from region109 import contract
from tenancy109.model import Tenant


def warning(tenant: Tenant, **more: Any) -> contract.Alert:
    now = clock.now()
    usual = contract.Alert(
        id=uuid7(), tenant=tenant.slug, version=1, kind="blizzard", kk="Боран", ru="Буран", en="Blizzard",
        issued_at=now, issued_name="Сәуле Есенова", expires_at=now + timedelta(hours=6), cancelled_at=None,
    )  # fmt: skip
    return msgspec.structs.replace(usual, **more)


async def deliver(said: contract.Alert, tenant: Tenant, subject: str = "") -> None:
    """As the consumer does: one message, one transaction."""
    delivery = Delivery(
        subject or contract.mandate(tenant.slug), uuid7(), contract.encode(said), clock.now(), 1, "MANDATE:x"
    )
    async with transaction(tenant.id):
        if await inbox.once(delivery.source, delivery.message_id):
            await on_order(delivery)


async def answers(tenant: Tenant, alert: UUID) -> list[tuple[int, str | None]]:
    async with transaction(tenant.id):
        rows = await unit.fetch(
            "SELECT subject, payload FROM chassis.outbox WHERE key = $1 ORDER BY id", f"alert:{alert}"
        )
    said = [contract.decode_answer(row["subject"], row["payload"]) for row in rows]
    return [(one.version, one.by) for one in said if isinstance(one, contract.AlertAnswer)]


async def shown(actor: Actor) -> set[UUID]:
    return {one.id for one in await alerts.running(actor)}


async def test_a_warning_stands_until_its_end_and_tells_the_region_that_it_has_arrived(
    operator: Actor,
) -> None:
    said = warning(operator.here)

    await deliver(said, operator.here)
    await deliver(said, operator.here)

    assert said.id in await shown(operator)
    assert await answers(operator.here, said.id) == [(1, None)]
    with clock.frozen(said.expires_at):
        assert said.id not in await shown(operator)


async def test_each_of_the_shift_reads_it_once_and_the_region_is_told(operator: Actor) -> None:
    said, other = warning(operator.here), makers.senior(operator.here)
    await deliver(said, operator.here)

    await alerts.read(said.id, operator)
    await alerts.read(said.id, operator)
    kept = await alerts.read(said.id, other)

    assert list(kept.readers) == [operator.subject, other.subject]
    assert await answers(operator.here, said.id) == [(1, None), (1, operator.name), (1, other.name)]
    async with transaction(operator.tenant_id):
        audit = await unit.fetch(
            "SELECT actor_kind, action FROM chassis.audit WHERE object_id = $1 ORDER BY id", str(said.id)
        )
    assert [tuple(row) for row in audit] == [
        ("region", "alert.arrive"),
        ("person", "alert.read"),
        ("person", "alert.read"),
    ]


async def test_calling_off_takes_it_away_and_an_older_version_brings_nothing_back(operator: Actor) -> None:
    said = warning(operator.here)
    over = msgspec.structs.replace(said, version=2, cancelled_at=clock.now())

    await deliver(over, operator.here)
    await deliver(said, operator.here)

    assert said.id not in await shown(operator)


async def test_a_newer_version_must_be_read_again(operator: Actor) -> None:
    said = warning(operator.here)
    await deliver(said, operator.here)
    await alerts.read(said.id, operator)

    await deliver(msgspec.structs.replace(said, version=2, kk="Боран күшейді"), operator.here)

    (kept,) = [one for one in await alerts.running(operator) if one.id == said.id]
    assert (kept.kk, dict(kept.readers)) == ("Боран күшейді", {})


async def test_a_neighbour_sees_and_reads_nothing_of_it(operator: Actor, neighbour: Tenant) -> None:
    said = warning(operator.here)
    await deliver(said, operator.here)

    assert said.id not in await shown(makers.operator(neighbour))
    with pytest.raises(NotFound):
        await alerts.read(said.id, makers.operator(neighbour))


async def test_a_warning_under_another_subject_is_put_aside_in_sight(operator: Actor) -> None:
    said = warning(operator.here)

    await deliver(said, operator.here, subject="sko.mandate.esil")

    assert said.id not in await shown(operator)
    async with transaction(operator.tenant_id):
        assert (
            await unit.fetchval("SELECT error FROM chassis.quarantine ORDER BY at DESC LIMIT 1") == "sender"
        )
