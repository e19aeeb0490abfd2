"""A ticket goes from tenant to tenant: number and clocks travel, duties move with the acceptance, both keep a row."""

import asyncpg
import pytest
import pytest_asyncio
from tests import makers
from tests.integration.dispatch import across

from chassis109.kernel.errors import Invalid
from chassis109.store.unit import transaction
from dispatch109.contacts import service as contacts
from dispatch109.referrals import model, reading
from dispatch109.referrals import service as referrals
from dispatch109.referrals.model import State
from dispatch109.tickets import service as tickets
from dispatch109.tickets.model import State as TicketState
from identity109.actor import Actor


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def published(store: object) -> None:
    await across.keys()


async def test_an_offered_ticket_stays_with_its_duties_until_the_answer(
    operator: Actor, other: Actor
) -> None:
    ticket, referral = await across.sent(operator, other)

    ours, theirs = await across.kept(operator.here, referral.id), await across.kept(other.here, referral.id)
    assert (ours.side, ours.state, ours.sealed) == ("out", State.SENT, None)
    assert (theirs.side, theirs.state, theirs.reference) == ("in", State.OFFERED, ticket.reference)
    still = await across.ticket_of(operator, ticket.id)
    assert (still.state, still.react_by, still.due_at) == (ticket.state, ticket.react_by, ticket.due_at)
    with pytest.raises(model.StillUnanswered):
        await referrals.send(ticket.id, None, "esil", across.REASON, operator)


async def test_with_the_acceptance_the_duties_move_and_number_and_clocks_go_on(
    operator: Actor, other: Actor, superuser: asyncpg.Connection
) -> None:
    ticket, referral, theirs = await across.taken(operator, other, await makers.opened(operator, priority=1))

    ours = await across.ticket_of(operator, ticket.id)
    assert (ours.state, ours.react_by) == (TicketState.REFERRED, None)
    assert ours.closed_at is not None
    assert (theirs.origin_slug, theirs.origin_reference) == (operator.here.slug, ticket.reference)
    assert (theirs.opened_at, theirs.due_at, theirs.statutory_due) == (
        ticket.opened_at, ticket.due_at, ticket.statutory_due,
    )  # fmt: skip
    assert (theirs.text, theirs.address, theirs.priority) == (ticket.text, ticket.address, 1)
    assert theirs.state is TicketState.ASSIGNED
    row = await across.kept(operator.here, referral.id)
    assert (row.state, row.other_reference, row.to_tell) == (State.ACCEPTED, theirs.reference, True)
    assert (await across.kept(other.here, referral.id)).sealed is None
    assert (await across.verbs(operator, ticket.id))[-2:] == ["refer", "refer_accepted"]
    assert (await across.verbs(other, theirs.id))[0] == "take_over"
    audit = await superuser.fetch(
        "SELECT tenant_id, action FROM chassis.audit WHERE object_id = $1 ORDER BY id", str(referral.id)
    )
    assert {(operator.here.id, "referral.send"), (other.here.id, "referral.receive"),
            (other.here.id, "referral.accepted"), (operator.here.id, "referral.accepted")} == {
        (line["tenant_id"], line["action"]) for line in audit}  # fmt: skip


async def test_the_person_arrives_whole_and_stands_sealed_with_the_keys_of_the_receiver(
    operator: Actor, other: Actor
) -> None:
    _, referral = await across.sent(operator, other)
    line = await reading.one(referral.id, other)
    assert line.content is not None
    assert (line.content.name, line.content.phone, line.masked) == ("Айгүл Сәрсенова", "+77051234567", False)

    theirs = await referrals.accept(referral.id, "other", other)

    async with transaction(other.tenant_id):
        sealed = await tickets.repository.contact(theirs.contact_id)
    assert sealed is not None
    person = contacts.unseal(other.here.id, sealed)
    assert (person.name, person.phone, person.language) == ("Айгүл Сәрсенова", "+77051234567", "kk")


async def test_who_does_not_decide_sees_the_person_masked(operator: Actor, other: Actor) -> None:
    _, referral = await across.sent(operator, other)

    line = await reading.one(referral.id, makers.person(other.here, "head"))

    assert line.content is not None
    assert line.masked
    assert (line.content.name, line.content.phone) == ("***", "+7 705 ***-**-67")


async def test_a_refusal_comes_back_with_its_reason_and_nothing_of_the_person_stays(
    operator: Actor, other: Actor
) -> None:
    ticket, referral = await across.sent(operator, other)

    with pytest.raises(Invalid):
        await referrals.refuse(referral.id, "  ", other)
    await referrals.refuse(referral.id, "Бұл көше бізде жоқ", other)
    await across.carry(other.here, referral.id)

    row = await across.kept(operator.here, referral.id)
    assert (row.state, row.decision, row.to_tell) == (State.REFUSED, "Бұл көше бізде жоқ", False)
    still = await across.ticket_of(operator, ticket.id)
    assert (still.state, still.due_at) == (ticket.state, ticket.due_at)
    assert (await across.kept(other.here, referral.id)).sealed is None
    again = await referrals.send(ticket.id, None, "esil", across.REASON, operator)
    assert again.other_slug == "esil"


async def test_both_sides_know_the_end_and_that_it_was_opened_again(operator: Actor, other: Actor) -> None:
    ticket, referral, theirs = await across.taken(operator, other)

    await across.done(theirs, other)
    await across.carry(other.here, referral.id)

    row = await across.kept(operator.here, referral.id)
    assert (row.state, row.ended_as, row.confirmed) == (State.ENDED, "closed", True)
    await tickets.reopen(theirs.id, "Тағы ақты", other)
    await across.carry(other.here, referral.id)
    row = await across.kept(operator.here, referral.id)
    assert (row.state, row.ended_at, row.confirmed) == (State.ACCEPTED, None, None)
    assert (await across.verbs(operator, ticket.id))[-3:] == [
        "refer_accepted",
        "refer_ended",
        "refer_reopened",
    ]


async def test_the_applicant_is_told_once(operator: Actor, other: Actor) -> None:
    ticket, referral, theirs = await across.taken(operator, other)
    line = await reading.one(referral.id, operator)
    assert line.content is not None
    assert (line.content.phone, line.place[0]) == ("+77051234567", 1)

    told = await referrals.note_told(referral.id, operator)

    assert (told.to_tell, told.told_by) == (False, operator.name)
    with pytest.raises(model.NobodyToTell):
        await referrals.note_told(referral.id, operator)
    assert (await across.verbs(operator, ticket.id))[-1] == "refer_told"
    assert (await reading.one(referral.id, operator)).content is None
    with pytest.raises(model.NobodyToTell):
        await referrals.note_told(referral.id, other)
    assert theirs.contact_id != ticket.contact_id
