"""What the region orders is carried out or refused by the tenant's own rules, under the name of who ordered it."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from tests import makers

from chassis109.kernel import clock
from chassis109.kernel.errors import Invalid
from chassis109.kernel.ids import uuid7
from chassis109.kernel.messages import Delivery
from chassis109.store import inbox, unit
from chassis109.store.unit import transaction
from dispatch109.federation.handlers import on_order
from dispatch109.mandates import repository
from dispatch109.mandates import service as mandates
from dispatch109.mandates.model import AlreadyAnswered, Mandate
from dispatch109.tickets.model import State, Ticket
from identity109.actor import Actor
from region109 import contract
from tenancy109.model import Tenant

COMMANDER = uuid7()


def order(tenant: Tenant, ticket: Ticket | None = None, **more: Any) -> contract.Mandate:
    now = clock.now()
    usual = contract.Mandate(
        id=uuid7(), tenant=tenant.slug, kind="escalate", ticket=ticket.id if ticket else None,
        reference=ticket.reference if ticket else None, to=None, reason="Үш үй жылусыз",
        deadline=now + timedelta(hours=2), issued_at=now, issued_by=COMMANDER, issued_name="Сәуле Есенова",
    )  # fmt: skip
    return msgspec.structs.replace(usual, **more)


async def deliver(
    said: contract.Mandate, tenant: Tenant, subject: str = "", message: UUID | None = None
) -> None:
    """As the consumer does: one message, one transaction."""
    delivery = Delivery(
        subject or contract.mandate(tenant.slug), message or uuid7(), contract.encode(said), clock.now(), 1,
        f"MANDATE:{tenant.slug}",
    )  # fmt: skip
    async with transaction(tenant.id):
        if await inbox.once(delivery.source, delivery.message_id):
            await on_order(delivery)


async def kept(tenant: Tenant, mandate: UUID) -> Mandate | None:
    async with transaction(tenant.id):
        return await repository.get(mandate)


async def answers(tenant: Tenant, mandate: UUID) -> list[contract.MandateAnswer]:
    async with transaction(tenant.id):
        rows = await unit.fetch(
            "SELECT subject, payload FROM chassis.outbox WHERE key = $1 ORDER BY id", f"mandate:{mandate}"
        )
    said = [contract.decode_answer(row["subject"], row["payload"]) for row in rows]
    return [one for one in said if isinstance(one, contract.MandateAnswer)]


async def rows(tenant: Tenant) -> list[str]:
    """Everything of a tenant that an order could change, but the order itself."""
    async with transaction(tenant.id):
        found = await unit.fetch(
            """SELECT to_jsonb(t)::text AS row FROM dispatch.ticket t UNION ALL
               SELECT to_jsonb(h)::text FROM dispatch.history h UNION ALL
               SELECT to_jsonb(a)::text FROM dispatch.assignment a ORDER BY 1"""
        )
    return [row["row"] for row in found]


async def test_an_escalated_ticket_comes_first_and_says_who_ordered_it(operator: Actor) -> None:
    ticket = await makers.opened(operator, priority=3)
    said = order(operator.here, ticket)

    await deliver(said, operator.here)

    async with transaction(operator.tenant_id):
        after = await unit.fetchrow("SELECT * FROM dispatch.ticket WHERE id = $1", ticket.id)
        step = await unit.fetchrow(
            "SELECT * FROM dispatch.history WHERE ticket_id = $1 ORDER BY seq DESC LIMIT 1", ticket.id
        )
        audit = await unit.fetch(
            "SELECT actor_id, actor_kind, action FROM chassis.audit WHERE object_id = ANY($1) ORDER BY id",
            [str(said.id), str(ticket.id)],
        )
        fact = await unit.fetchval(
            "SELECT payload FROM chassis.outbox WHERE key = $1 ORDER BY id DESC LIMIT 1", str(ticket.id)
        )
    assert (after["priority"], after["state"], after["version"]) == (1, ticket.state, ticket.version + 1)
    assert (step["verb"], step["actor_name"], step["note"]) == ("escalate", "Сәуле Есенова", "Үш үй жылусыз")
    assert [(row["actor_id"], row["actor_kind"], row["action"]) for row in audit][-3:] == [
        (COMMANDER, "region", "mandate.receive"),
        (COMMANDER, "region", "ticket.escalate"),
        (COMMANDER, "region", "mandate.execute"),
    ]
    told = contract.decode_fact(contract.feed(operator.here.slug, "ticket"), fact)
    assert isinstance(told, contract.TicketFact)
    assert told.priority == 1
    assert [one.state for one in await answers(operator.here, said.id)] == ["received", "executed"]


async def test_an_order_that_comes_twice_is_carried_out_once(operator: Actor) -> None:
    ticket = await makers.opened(operator)
    said = order(operator.here, ticket)
    message = uuid7()

    await deliver(said, operator.here, message=message)
    await deliver(said, operator.here, message=message)
    await deliver(said, operator.here)
    await deliver(msgspec.structs.replace(said, reason="басқа", kind="report"), operator.here)

    async with transaction(operator.tenant_id):
        steps = await unit.fetchval(
            "SELECT count(*) FROM dispatch.history WHERE ticket_id = $1 AND verb = 'escalate'", ticket.id
        )
    assert steps == 1
    mandate = await kept(operator.here, said.id)
    assert mandate is not None
    assert (mandate.kind, mandate.reason) == ("escalate", "Үш үй жылусыз")
    assert len(await answers(operator.here, said.id)) == 2


async def test_two_deliveries_at_once_escalate_once(operator: Actor) -> None:
    ticket = await makers.opened(operator)
    said = order(operator.here, ticket)

    await asyncio.gather(*(deliver(said, operator.here) for _ in range(3)))

    async with transaction(operator.tenant_id):
        steps = await unit.fetchval(
            "SELECT count(*) FROM dispatch.history WHERE ticket_id = $1 AND verb = 'escalate'", ticket.id
        )
    assert steps == 1


async def test_a_ticket_of_another_tenant_is_refused_and_neither_tenant_changes(
    operator: Actor, neighbour: Tenant
) -> None:
    foreign = await makers.opened(makers.operator(neighbour), category="other")
    before = await rows(operator.here), await rows(neighbour)
    said = order(operator.here, foreign)

    await deliver(said, operator.here)

    assert (await rows(operator.here), await rows(neighbour)) == before
    mandate = await kept(operator.here, said.id)
    assert mandate is not None
    assert (mandate.state, mandate.answer) == ("refused", "no-such-ticket")
    assert [one.text for one in await answers(operator.here, said.id)] == ["", "no-such-ticket"]
    assert await kept(neighbour, said.id) is None


async def test_a_right_id_under_a_wrong_number_is_no_such_ticket(operator: Actor) -> None:
    ticket = await makers.opened(operator)
    said = order(operator.here, ticket, reference="109-26-999999")

    await deliver(said, operator.here)

    mandate = await kept(operator.here, said.id)
    assert mandate is not None
    assert mandate.answer == "no-such-ticket"


@pytest.mark.parametrize("state", [State.CLOSED, State.REJECTED, State.CANCELLED, State.REFERRED])
async def test_a_ticket_that_has_ended_is_refused_and_stays_as_it_is(state: State, operator: Actor) -> None:
    ticket = await makers.opened(operator)
    async with transaction(operator.tenant_id):
        await unit.execute("UPDATE dispatch.ticket SET state = $2 WHERE id = $1", ticket.id, state.value)
    before = await rows(operator.here)
    said = order(operator.here, replace(ticket, state=state))

    await deliver(said, operator.here)

    assert await rows(operator.here) == before
    mandate = await kept(operator.here, said.id)
    assert mandate is not None
    assert (mandate.state, mandate.answer) == ("refused", "ticket-has-ended")


async def test_an_order_that_comes_after_its_deadline_is_refused(operator: Actor) -> None:
    ticket = await makers.opened(operator)
    before = await rows(operator.here)
    said = order(operator.here, ticket, deadline=clock.now() - timedelta(seconds=1))

    await deliver(said, operator.here)

    assert await rows(operator.here) == before
    mandate = await kept(operator.here, said.id)
    assert mandate is not None
    assert mandate.answer == "too-late"


async def test_an_order_in_the_name_of_another_subject_is_put_aside_in_sight(operator: Actor) -> None:
    ticket = await makers.opened(operator)
    said = order(operator.here, ticket)

    await deliver(said, operator.here, subject="sko.mandate.esil")

    assert await kept(operator.here, said.id) is None
    async with transaction(operator.tenant_id):
        why = await unit.fetchval("SELECT error FROM chassis.quarantine ORDER BY at DESC LIMIT 1")
    assert why == "sender"


async def test_a_report_waits_for_the_head_and_is_answered_once(operator: Actor) -> None:
    said = order(operator.here, kind="report")
    await deliver(said, operator.here)
    assert await mandates.unseen(operator) >= (1, 0)

    with pytest.raises(Invalid):
        await mandates.answer(said.id, "  ", operator)
    done = await mandates.answer(said.id, "Жылу кешке қосылады", operator)
    with pytest.raises(AlreadyAnswered):
        await mandates.answer(said.id, "тағы", operator)

    assert (done.state, done.answered_by, done.seen_by) == ("executed", operator.name, operator.name)
    told = await answers(operator.here, said.id)
    assert [(one.state, one.by, one.text) for one in told][-1] == (
        "executed",
        operator.name,
        "Жылу кешке қосылады",
    )


async def test_the_words_of_an_order_never_reach_the_feed(operator: Actor) -> None:
    ticket = await makers.opened(operator)
    await deliver(order(operator.here, ticket, reason="КАНАРЕЙКА"), operator.here)

    async with transaction(operator.tenant_id):
        found = await unit.fetchval(
            """SELECT count(*) FROM chassis.outbox
               WHERE subject LIKE 'sko.feed.%' AND convert_from(payload, 'UTF8') LIKE '%КАНАРЕЙКА%'"""
        )
    assert found == 0
