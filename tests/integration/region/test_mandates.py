"""An order of the command centre leaves once, and what a tenant answers is kept where the order stands."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from tests.databases import Database

from chassis109.kernel import clock
from chassis109.kernel.errors import Invalid
from chassis109.kernel.ids import uuid7
from chassis109.kernel.messages import Delivery
from chassis109.store import inbox, unit
from chassis109.store.idempotency import RequestKey
from chassis109.store.unit import transaction
from identity109.actor import Actor
from region109 import contract
from region109.answers import on_answer
from region109.mandates import service as mandates
from region109.mandates.model import Wish
from region109.territories.model import HOME_ID
from tenancy109 import directory

TICKET = UUID(int=7)


@pytest.fixture
async def commander(region: Database, superuser: asyncpg.Connection) -> Actor:
    await superuser.execute(
        """INSERT INTO region.ticket (territory, id, reference, version, category, state, priority, opened_at,
               updated_at, due_at, statutory_due, unanswered, reopened, seq, heard_at)
           SELECT id, $1, '109-26-000007', 2, 'other', 'assigned', 3, now(), now(), now(), now(), 0, 0, 1, now()
           FROM region.territory WHERE slug = 'esil' ON CONFLICT DO NOTHING""",
        TICKET,
    )
    home = await directory.find("sko")
    assert home is not None
    return Actor(
        subject=uuid7(), name="Сәуле Есенова", kind="person", tenant=home, roles=frozenset({"region-command"}),
        service=None, language="kk", session_id=None,
    )  # fmt: skip


def wish(**more: Any) -> Wish:
    usual = {
        "territory": "esil", "kind": "escalate", "ticket": TICKET, "to": "", "reason": "Үш үй жылусыз",
        "deadline": clock.now() + timedelta(hours=4),
    }  # fmt: skip
    return Wish(**{**usual, **more})


async def deliver(answer: contract.MandateAnswer, subject: str = "", sequence: int = 1) -> None:
    """As the consumer does."""
    delivery = Delivery(
        subject or contract.answer(answer.tenant), uuid7(), contract.encode(answer), clock.now(), 1, "ANSWER:region",
        sequence,
    )  # fmt: skip
    async with transaction(HOME_ID):
        if await inbox.once(delivery.source, delivery.message_id):
            await on_answer(delivery)


def answer(mandate: UUID, state: Any, tenant: str = "esil", text: str = "") -> contract.MandateAnswer:
    return contract.MandateAnswer(
        id=mandate, tenant=tenant, state=state, at=clock.now(), by="Есіл", text=text
    )


async def test_an_order_leaves_once_with_its_audit_however_often_it_is_sent(commander: Actor) -> None:
    key = RequestKey(commander.subject, "once", b"digest")

    first, second = await mandates.issue(wish(), commander, key), await mandates.issue(wish(), commander, key)

    assert first.id == second.id
    async with transaction(HOME_ID):
        (sent,) = await unit.fetch(
            "SELECT subject, payload FROM chassis.outbox WHERE key = $1", str(first.id)
        )
        (audit,) = await unit.fetch(
            "SELECT actor_id, action FROM chassis.audit WHERE object_id = $1", str(first.id)
        )
    order = contract.decode_order(sent["subject"], sent["payload"])
    assert isinstance(order, contract.Mandate)
    assert (order.tenant, order.ticket, order.reference) == ("esil", TICKET, "109-26-000007")
    assert (audit["actor_id"], audit["action"]) == (commander.subject, "mandate.issue")


async def test_an_answer_moves_a_mandate_up_and_never_down(commander: Actor) -> None:
    issued = await mandates.issue(wish(kind="report"), commander)

    await deliver(answer(issued.id, "received"))
    assert (await mandates.read(issued.id, commander)).state == "received"
    await deliver(answer(issued.id, "executed", text="Қосылды"))
    await deliver(answer(issued.id, "received"))
    await deliver(answer(issued.id, "refused", text="too-late"))

    kept = await mandates.read(issued.id, commander)
    assert (kept.state, kept.answer, kept.answered_by) == ("executed", "Қосылды", "Есіл")
    assert kept.received_at is not None


async def test_only_the_tenant_that_was_ordered_answers(
    commander: Actor, superuser: asyncpg.Connection
) -> None:
    issued = await mandates.issue(wish(), commander)

    await deliver(answer(issued.id, "executed", tenant="aqzhar"), sequence=11)
    await deliver(answer(issued.id, "executed"), subject="sko.answer.aqzhar", sequence=12)
    await deliver(answer(uuid7(), "executed"), sequence=13)

    assert (await mandates.read(issued.id, commander)).state == "sent"
    rows = await superuser.fetch("SELECT reason FROM region.refused WHERE stream = 'ANSWER' ORDER BY seq")
    assert [row["reason"] for row in rows] == ["unknown-mandate", "sender", "unknown-mandate"]


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"territory": "almaty"}, "territory"),
        ({"kind": "pay"}, "kind"),
        ({"ticket": None}, "ticket"),
        ({"ticket": UUID(int=8)}, "ticket"),
        ({"territory": "aqzhar"}, "ticket"),
        ({"kind": "refer"}, "to"),
        ({"kind": "refer", "to": "esil"}, "to"),
        ({"reason": " "}, "reason"),
        ({"reason": "x" * 2001}, "reason"),
        ({"deadline": None}, "deadline"),
        ({"deadline": clock.now() - timedelta(minutes=1)}, "deadline"),
        ({"deadline": clock.now() + timedelta(days=31)}, "deadline"),
    ],
)
async def test_a_wrong_order_says_which_field_is_wrong_and_does_not_leave(
    more: dict[str, Any], field: str, commander: Actor
) -> None:
    async with transaction(HOME_ID):
        before = await unit.fetchval("SELECT count(*) FROM chassis.outbox")
    with pytest.raises(Invalid) as refused:
        await mandates.issue(wish(**more), commander)

    assert field in {error.field for error in refused.value.errors}
    async with transaction(HOME_ID):
        assert await unit.fetchval("SELECT count(*) FROM chassis.outbox") == before


async def test_what_waits_stands_before_what_is_answered_and_the_late_are_counted(commander: Actor) -> None:
    soon = await mandates.issue(wish(deadline=clock.now() + timedelta(minutes=1)), commander)
    done = await mandates.issue(wish(), commander)
    await deliver(answer(done.id, "refused", text="ticket-has-ended"))

    waiting = [one.id for one in await mandates.waiting("esil", commander)]
    answered = [one.id for one in await mandates.answered("", None, 10, commander)]

    assert waiting[0] == soon.id
    assert answered[0] == done.id
    assert not set(waiting) & set(answered)
    with clock.frozen(clock.now() + timedelta(minutes=2)):
        assert await mandates.late(commander) == 1
