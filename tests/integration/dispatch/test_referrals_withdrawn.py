"""An offer is asked back before it is answered, an answer crosses that, and a ticket that goes on tells where it is."""

import asyncio
from datetime import timedelta
from typing import Any

import asyncpg
import msgspec
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests import makers
from tests.integration.dispatch import across

from chassis109.bus.consumer import NotYet
from chassis109.kernel import clock
from chassis109.kernel.errors import NotFound
from dispatch109.card import service as cards
from dispatch109.card.model import may_refer, may_withdraw
from dispatch109.referrals import model, reading
from dispatch109.referrals import service as referrals
from dispatch109.referrals.model import State
from dispatch109.tickets.model import State as TicketState
from identity109.actor import Actor
from region109 import contract

OLD = timedelta(hours=1)


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def published(store: object) -> None:
    await across.keys()


async def test_an_offer_that_is_asked_back_is_gone_there_and_free_here(operator: Actor, other: Actor) -> None:
    ticket, referral = await across.sent(operator, other)

    asked = await referrals.withdraw(referral.id, "Өз қызметіміз барды", operator)
    assert (asked.state, asked.withdrawn_by) == (State.SENT, operator.name)
    card = await cards.read(str(ticket.id), operator)
    assert not may_refer(card.ticket, card.referrals, operator)
    assert may_withdraw(card.referrals, operator) is None
    await across.carry(operator.here, referral.id)
    await across.carry(other.here, referral.id)

    ours, theirs = await across.kept(operator.here, referral.id), await across.kept(other.here, referral.id)
    assert (ours.state, theirs.state, theirs.sealed) == (State.WITHDRAWN, State.WITHDRAWN, None)
    assert (theirs.withdrawal, theirs.withdrawn_by) == ("Өз қызметіміз барды", operator.name)
    assert (await across.ticket_of(operator, ticket.id)).state is ticket.state
    assert (await across.verbs(operator, ticket.id))[-3:] == ["refer", "refer_withdraw", "refer_withdrawn"]
    for verb in (referrals.accept(referral.id, "other", other), referrals.refuse(referral.id, "жоқ", other)):
        with pytest.raises(model.AlreadyWithdrawn):
            await verb
    again = await referrals.send(ticket.id, None, "esil", across.REASON, operator)
    assert again.state is State.SENT


async def test_until_the_other_side_has_confirmed_the_ticket_is_offered_to_nobody_else(
    operator: Actor, other: Actor
) -> None:
    ticket, referral = await across.sent(operator, other)
    await referrals.withdraw(referral.id, "", operator)

    with pytest.raises(model.StillUnanswered):
        await referrals.send(ticket.id, None, "esil", across.REASON, operator)
    with pytest.raises(model.AlreadyWithdrawn):
        await referrals.withdraw(referral.id, "", operator)


async def test_an_acceptance_that_crosses_the_wish_counts_and_both_sides_see_it(
    operator: Actor, other: Actor
) -> None:
    ticket, referral = await across.sent(operator, other)
    theirs = await referrals.accept(referral.id, "other", other)
    await referrals.withdraw(referral.id, "өзіміз істейміз", operator)

    await across.carry(operator.here, referral.id)
    await across.carry(other.here, referral.id)

    assert (await across.ticket_of(operator, ticket.id)).state is TicketState.REFERRED
    for side in (operator, other):
        row = await across.kept(side.here, referral.id)
        assert (row.state, row.crossed) == (State.ACCEPTED, True)
    assert (await across.verbs(operator, ticket.id))[-2:] == ["refer_accepted", "refer_too_late"]
    assert (await across.verbs(other, theirs.id))[-1] == "refer_asked_back"
    assert len(await across.letters(other.here, referral.id)) == 1
    with pytest.raises(model.AlreadyDecided):
        await referrals.withdraw(referral.id, "", operator)


async def test_a_refusal_that_crosses_the_wish_frees_the_ticket_as_well(
    operator: Actor, other: Actor
) -> None:
    _, referral = await across.sent(operator, other)
    await referrals.refuse(referral.id, "Бұл көше бізде жоқ", other)
    await referrals.withdraw(referral.id, "", operator)

    await across.carry(operator.here, referral.id)
    await across.carry(other.here, referral.id)

    for side in (operator, other):
        row = await across.kept(side.here, referral.id)
        assert (row.state, row.crossed) == (State.REFUSED, False)


async def test_of_an_acceptance_and_a_wish_at_once_one_wins_and_both_sides_agree(
    operator: Actor, other: Actor
) -> None:
    _, referral = await across.sent(operator, other)
    await referrals.withdraw(referral.id, "", operator)
    letter = (await across.letters(operator.here, referral.id))[-1]

    accepted, _ = await asyncio.gather(
        referrals.accept(referral.id, "other", other), across.deliver(letter), return_exceptions=True
    )
    await across.carry(other.here, referral.id)

    ours, theirs = await across.kept(operator.here, referral.id), await across.kept(other.here, referral.id)
    won = State.WITHDRAWN if isinstance(accepted, model.AlreadyWithdrawn) else State.ACCEPTED
    assert (ours.state, theirs.state) == (won, won)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    first=st.sampled_from(["accept", "refuse", "nothing"]),
    order=st.lists(st.tuples(st.booleans(), st.integers(0, 1)), max_size=10),
)
async def test_in_whatever_order_and_however_often_the_letters_come_both_sides_agree(
    first: str, order: list[tuple[bool, int]], operator: Actor, other: Actor
) -> None:
    _, referral = await across.sent(operator, other)
    if first == "accept":
        await referrals.accept(referral.id, "other", other)
    if first == "refuse":
        await referrals.refuse(referral.id, "жоқ", other)
    await referrals.withdraw(referral.id, "", operator)

    old = clock.now() - OLD
    for ours, number in [*order, (True, 1), (False, 0), (False, 0)]:
        letters = await across.letters(operator.here if ours else other.here, referral.id)
        if number < len(letters):
            await across.deliver(letters[number], at=old)

    here, there = await across.kept(operator.here, referral.id), await across.kept(other.here, referral.id)
    ends = {"accept": State.ACCEPTED, "refuse": State.REFUSED, "nothing": State.WITHDRAWN}
    assert (here.state, here.answers, here.crossed) == (ends[first], 1, first == "accept")
    assert (there.state, there.answers, there.crossed) == (ends[first], 1, first == "accept")


async def test_a_wish_that_overtakes_its_offer_waits_for_it(operator: Actor, other: Actor) -> None:
    ticket = await makers.opened(operator, category="other")
    referral = await referrals.send(ticket.id, None, other.here.slug, across.REASON, operator)
    await referrals.withdraw(referral.id, "", operator)
    offer, wish = await across.letters(operator.here, referral.id)

    with pytest.raises(NotYet):
        await across.deliver(wish)
    await across.deliver(offer)
    await across.deliver(wish)

    assert (await across.kept(other.here, referral.id)).state is State.WITHDRAWN


@pytest.mark.parametrize("who", ["a third", "about nothing", "of another's offer", "in hidden words"])
async def test_a_wish_of_whom_offered_nothing_is_put_aside(
    who: str, operator: Actor, other: Actor, third: Actor, superuser: asyncpg.Connection
) -> None:
    _, referral = await across.sent(operator, other)
    wish = contract.ReferralWithdrawn(
        id=referral.id, sender=operator.here.slug, receiver=other.here.slug, at=clock.now(), by="Кім", reason="",
    )  # fmt: skip
    changes: dict[str, dict[str, Any]] = {
        "a third": {"sender": third.here.slug},
        "about nothing": {"id": ticket_id} if (ticket_id := referral.ticket_id) else {},
        "of another's offer": {},
        "in hidden words": {"reason": "қай\u202eыр"},
    }
    said = msgspec.structs.replace(wish, **changes[who])
    by = third.here.slug if who in ("a third", "of another's offer") else operator.here.slug
    before = await across.everything(superuser, other.here)

    await across.deliver(
        (contract.referral(other.here.slug, by), contract.encode(said)), at=clock.now() - OLD
    )

    assert await across.everything(superuser, other.here) == before
    assert (await across.put_aside(other.here))[-1] in ("sender", "no-such-referral", "characters")


async def test_nobody_says_withdrawn_of_what_was_not_asked_back(operator: Actor, other: Actor) -> None:
    _, referral = await across.sent(operator, other)
    lie = contract.ReferralAnswer(
        id=referral.id, sender=operator.here.slug, receiver=other.here.slug, sequence=1, state="withdrawn",
        at=clock.now(), by="Кім", reason="", reference=None, ticket_state=None, confirmed=None,
    )  # fmt: skip

    await across.deliver((contract.referral(operator.here.slug, other.here.slug), contract.encode(lie)))

    assert (await across.kept(operator.here, referral.id)).state is State.SENT
    assert (await across.put_aside(operator.here))[-1] == "state"


async def test_only_the_sender_asks_back(operator: Actor, other: Actor, third: Actor) -> None:
    _, referral = await across.sent(operator, other)

    for actor in (other, third):
        with pytest.raises(NotFound):
            await referrals.withdraw(referral.id, "", actor)


async def test_what_is_unanswered_for_an_hour_is_counted_on_both_sides(
    operator: Actor, superuser: asyncpg.Connection
) -> None:
    home = makers.operator(await across.tenant("timiryazev"))
    _, referral = await across.sent(operator, home)
    waiting, late = await reading.waiting(operator)
    assert await reading.waiting(home) == (1, 0)

    await superuser.execute(
        "UPDATE dispatch.referral SET sent_at = sent_at - interval '61 minutes' WHERE id = $1", referral.id
    )

    assert await reading.waiting(home) == (1, 1)
    assert await reading.waiting(operator) == (waiting + 1, late + 1)
    await referrals.refuse(referral.id, "жоқ", home)
    assert await reading.waiting(home) == (0, 0)


async def test_the_first_of_a_chain_knows_where_the_ticket_is_now(
    operator: Actor, other: Actor, third: Actor
) -> None:
    ticket, one, second = await across.taken(operator, other)
    _, _, last = await across.taken(other, third, second)

    await across.carry(other.here, one.id)

    row = await across.kept(operator.here, one.id)
    assert (row.state, row.passed_to, row.passed_reference) == (
        State.ACCEPTED,
        third.here.slug,
        last.reference,
    )
    assert (await across.verbs(operator, ticket.id))[-1] == "refer_passed_on"
    theirs = await across.kept(other.here, one.id)
    assert (theirs.state, theirs.answers) == (State.ACCEPTED, row.answers)
    await across.done(last, third)
