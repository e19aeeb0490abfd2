"""What may not be referred, what crosses on the way, and who neither reads nor decides."""

import asyncio
from datetime import timedelta

import asyncpg
import msgspec
import pytest
import pytest_asyncio
from tests import makers
from tests.integration.dispatch import across

from chassis109.kernel.errors import Invalid, NotFound
from chassis109.kernel.ids import uuid7
from chassis109.store import unit
from chassis109.store.unit import transaction
from dispatch109.execution import service as execution
from dispatch109.referrals import model, reading
from dispatch109.referrals import service as referrals
from dispatch109.referrals.model import State
from dispatch109.tickets import service as tickets
from dispatch109.tickets import watchdog
from dispatch109.tickets.model import State as TicketState
from dispatch109.tickets.model import WrongState
from identity109.actor import Actor
from region109 import contract


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def published(store: object) -> None:
    await across.keys()


@pytest.mark.parametrize("state", [TicketState.IN_PROGRESS, TicketState.CLOSED, TicketState.HANDED_OFF])
async def test_a_ticket_whose_work_has_begun_is_not_offered(
    state: TicketState, operator: Actor, superuser: asyncpg.Connection
) -> None:
    ticket = await makers.opened(operator)
    await superuser.execute("UPDATE dispatch.ticket SET state = $2 WHERE id = $1", ticket.id, state.value)
    before = await across.everything(superuser, operator.here)

    with pytest.raises(WrongState):
        await referrals.send(ticket.id, None, "esil", across.REASON, operator)

    assert await across.everything(superuser, operator.here) == before


async def test_a_circle_of_two_is_stopped_before_anything_is_written(
    operator: Actor, other: Actor, superuser: asyncpg.Connection
) -> None:
    _, _, theirs = await across.taken(operator, other)
    before = await across.everything(superuser, other.here)

    for to, error in ((operator.here.slug, model.ReferredInACircle), (other.here.slug, model.ReferredToItself),
                      ("nowhere", model.NoSuchTenant)):  # fmt: skip
        with pytest.raises(error):
            await referrals.send(theirs.id, None, to, across.REASON, other)

    assert await across.everything(superuser, other.here) == before


async def test_a_circle_of_three_is_stopped_and_the_end_is_told_back_to_the_first(
    operator: Actor, other: Actor, third: Actor
) -> None:
    first, one, second = await across.taken(operator, other)
    _, two, last = await across.taken(other, third, second)

    assert (last.origin_slug, last.origin_reference) == (operator.here.slug, first.reference)
    for back in (operator.here.slug, other.here.slug):
        with pytest.raises(model.ReferredInACircle):
            await referrals.send(last.id, None, back, across.REASON, third)
    await across.done(last, third)
    await across.carry(third.here, two.id)
    await across.carry(other.here, one.id)

    row = await across.kept(operator.here, one.id)
    assert (row.state, row.ended_as, row.confirmed) == (State.ENDED, "closed", True)


async def test_a_circle_that_a_sender_does_not_stop_is_refused_by_rule_at_the_receiver(
    operator: Actor, other: Actor
) -> None:
    ticket = await makers.opened(operator)
    referral = await referrals.send(ticket.id, None, other.here.slug, across.REASON, operator)
    ((subject, payload),) = await across.letters(operator.here, referral.id)
    offer = contract.decode_across(subject, payload)
    assert isinstance(offer, contract.Referral)
    lied = msgspec.structs.replace(offer, chain=(other.here.slug, operator.here.slug))

    await across.deliver((subject, contract.encode(lied)))
    await across.carry(other.here, referral.id)

    row = await across.kept(operator.here, referral.id)
    assert (row.state, row.decision) == (State.REFUSED, model.LOOP)
    assert (await across.ticket_of(operator, ticket.id)).state is TicketState.ASSIGNED


async def test_work_that_began_meanwhile_is_given_up_and_silence_is_recorded_no_more(
    operator: Actor, other: Actor, superuser: asyncpg.Connection
) -> None:
    ticket, referral = await across.sent(operator, other)
    worker = makers.executor(operator.here, ticket.service_code)
    await tickets.accept(ticket.id, None, worker)
    await tickets.start(ticket.id, None, worker)

    await referrals.accept(referral.id, "other", other)
    await across.carry(other.here, referral.id)

    assert (await across.ticket_of(operator, ticket.id)).state is TicketState.REFERRED
    await superuser.execute("UPDATE dispatch.assignment SET react_by = now() - interval '1 hour'")
    await watchdog.sweep(operator.here.id)
    assert (await across.ticket_of(operator, ticket.id)).unanswered == 0
    with pytest.raises(WrongState):
        await execution.finish(ticket.id, None, "", [], worker)


async def test_work_that_was_done_meanwhile_stays_done_and_both_sides_see_that_they_crossed(
    operator: Actor, other: Actor
) -> None:
    ticket, referral = await across.sent(operator, other)
    worker = makers.executor(operator.here, ticket.service_code)
    await makers.started(ticket.id, worker)
    await execution.finish(ticket.id, None, "Жасалды", [], worker)

    await referrals.accept(referral.id, "other", other)
    await across.carry(other.here, referral.id)

    assert (await across.ticket_of(operator, ticket.id)).state is TicketState.CALLBACK_DUE
    assert (await across.verbs(operator, ticket.id))[-1] == "refer_crossed"
    assert (await across.kept(operator.here, referral.id)).to_tell


async def test_of_two_who_decide_at_once_one_decides(operator: Actor, other: Actor) -> None:
    _, referral = await across.sent(operator, other)

    ended = await asyncio.gather(
        referrals.accept(referral.id, "other", other),
        referrals.refuse(referral.id, "жоқ", other),
        referrals.accept(referral.id, "other", makers.senior(other.here)),
        return_exceptions=True,
    )

    assert sum(isinstance(one, model.AlreadyDecided) for one in ended) == 2
    assert len(await across.letters(other.here, referral.id)) == 1


async def test_of_two_who_offer_at_once_one_offers(operator: Actor) -> None:
    ticket = await makers.opened(operator)

    ended = await asyncio.gather(
        *(
            referrals.send(ticket.id, None, to, across.REASON, operator)
            for to in ("esil", "aiyrtau", "aqzhar")
        ),
        return_exceptions=True,
    )

    assert sum(isinstance(one, model.StillUnanswered) for one in ended) == 2


async def test_an_unknown_category_is_refused_and_the_offer_waits_on(operator: Actor, other: Actor) -> None:
    _, referral = await across.sent(operator, other)

    with pytest.raises(Invalid):
        await referrals.accept(referral.id, "no-such-category", other)

    assert (await across.kept(other.here, referral.id)).state is State.OFFERED


async def test_a_third_tenant_reads_and_decides_nothing(operator: Actor, other: Actor, third: Actor) -> None:
    _, referral = await across.sent(operator, other)

    assert referral.id not in [line.referral.id for line in await reading.page(None, 100, third)]
    for verb in (
        lambda: reading.one(referral.id, third),
        lambda: referrals.accept(referral.id, "other", third),
        lambda: referrals.refuse(referral.id, "жоқ", third),
        lambda: referrals.note_told(referral.id, third),
    ):
        with pytest.raises(NotFound):
            await verb()
    with pytest.raises(NotFound):  # nor does the sender decide its own offer
        await referrals.accept(referral.id, "other", operator)


async def test_the_list_begins_with_what_is_urgent_and_turns_its_pages(operator: Actor, third: Actor) -> None:
    home = makers.operator(await across.tenant("zhambyl"))
    for priority in (3, 1, 2):
        await across.sent(operator, home, await makers.opened(operator, priority=priority))
    mine = await makers.opened(home, category="other")
    await referrals.send(mine.id, None, third.here.slug, across.REASON, home)

    lines, after = [], None
    while page := await reading.page(after, 1, home):
        lines += page
        after = page[-1].place

    assert [line.referral.priority for line in lines if line.referral.side == "in"] == [1, 2, 3]
    assert [line.place[0] for line in lines] == [0, 0, 0, 2]
    assert await reading.waiting(home) == (3, 0)
    assert [one.referral.side for one in await reading.page(None, 9, home, side="out")] == ["out"]


async def test_the_deadline_goes_on_though_it_has_passed(operator: Actor, other: Actor) -> None:
    ticket = await makers.opened(operator)
    async with transaction(operator.tenant_id):
        await unit.execute(
            "UPDATE dispatch.ticket SET due_at = due_at - $2::interval WHERE id = $1",
            ticket.id,
            timedelta(days=3),
        )
    ticket = await across.ticket_of(operator, ticket.id)

    _, _, theirs = await across.taken(operator, other, ticket)

    assert theirs.due_at == ticket.due_at
    assert theirs.react_by is not None
    assert theirs.react_by > theirs.updated_at


async def test_an_unknown_referral_is_not_found(operator: Actor) -> None:
    with pytest.raises(NotFound):
        await referrals.accept(uuid7(), "other", operator)
