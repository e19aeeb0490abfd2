"""The region orders that a ticket goes to another tenant: sent under its name, or refused with the rule in words."""

import asyncpg
import pytest
from tests import makers
from tests.integration.dispatch import across
from tests.integration.dispatch.test_mandates import deliver, kept, order

from chassis109.store.unit import transaction
from dispatch109.mandates.pages import WHY
from dispatch109.referrals import repository as referral_rows
from dispatch109.referrals import service as referrals
from identity109.actor import Actor


async def test_a_referral_that_the_region_orders_is_sent_under_its_name(
    operator: Actor, other: Actor
) -> None:
    await across.keys()
    ticket = await makers.opened(operator)
    said = order(operator.here, ticket, kind="refer", to=other.here.slug)

    await deliver(said, operator.here)

    mandate = await kept(operator.here, said.id)
    assert mandate is not None
    assert mandate.state == "executed"
    async with transaction(operator.tenant_id):
        (referral,) = await referral_rows.of_ticket(ticket.id)
    assert (referral.other_slug, referral.mandate_id, referral.sent_by, referral.reason) == (
        other.here.slug, said.id, "Сәуле Есенова", said.reason,
    )  # fmt: skip
    await across.carry(operator.here, referral.id)
    assert (await across.kept(other.here, referral.id)).mandate_id == said.id


@pytest.mark.parametrize(
    ("case", "to", "why"),
    [
        ("to itself", "petropavl", "referred-to-itself"),
        ("to nobody", "nowhere", "no-such-tenant"),
        ("without a name", None, "no-such-tenant"),
        ("back", "aiyrtau", "referred-in-a-circle"),
        ("twice", "esil", "still-unanswered"),
        ("begun", "esil", "wrong-state"),
        ("without a key", "esil", "no-key-yet"),
    ],
)
async def test_a_referral_against_the_rules_is_refused_with_its_reason_and_nothing_changes(
    case: str, to: str | None, why: str, operator: Actor, other: Actor, superuser: asyncpg.Connection
) -> None:
    await across.keys()
    ticket = await makers.opened(operator)
    if case == "back":
        _, _, ticket = await across.taken(other, operator)
    if case == "twice":
        await referrals.send(ticket.id, None, "esil", "алдымен осылай", operator)
    if case == "begun":
        await makers.started(ticket.id, makers.executor(operator.here, ticket.service_code))
    if case == "without a key":
        await superuser.execute("UPDATE dispatch.referral_key SET current = false WHERE slug = 'esil'")
    before = await across.everything(superuser, operator.here)
    said = order(operator.here, ticket, kind="refer", to=to)

    await deliver(said, operator.here)

    mandate = await kept(operator.here, said.id)
    assert mandate is not None
    assert (mandate.state, mandate.answer) == ("refused", why)
    assert await across.everything(superuser, operator.here) == before
    assert why in WHY  # and the region's tables: tests/unit/region109/test_refusals_in_words.py
