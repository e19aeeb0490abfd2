"""What a tenant, the region or somebody on the broker might say to another: nothing of it has an effect, and nobody
but the receiver reads the person."""

from datetime import timedelta
from typing import Any
from uuid import UUID

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
from chassis109.kernel.ids import uuid7
from chassis109.store import unit
from chassis109.store.unit import transaction
from dispatch109.contacts import service as contacts
from dispatch109.referrals import model, reading, sealing
from dispatch109.referrals import service as referrals
from dispatch109.referrals.model import State
from dispatch109.tickets import service as tickets
from identity109.actor import Actor
from region109 import contract

CANARIES = ("КАНАРЕЙКА", "Канар Еечнова", "77059998877")


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def published(store: object) -> None:
    await across.keys()


async def offer(by: Actor, to: Actor, **more: Any) -> tuple[contract.Referral, str]:
    """As it leaves, and under which subject; not delivered."""
    made = await makers.opened(by, category="other", **more)
    referral = await referrals.send(made.id, None, to.here.slug, across.REASON, by)
    ((subject, payload),) = await across.letters(by.here, referral.id)
    said = contract.decode_across(subject, payload)
    assert isinstance(said, contract.Referral)
    return said, subject


def answer(referral: UUID, by: Actor, to: Actor, sequence: int, state: Any, **more: Any) -> across.Letter:
    said = contract.ReferralAnswer(
        id=referral, sender=to.here.slug, receiver=by.here.slug, sequence=sequence, state=state, at=clock.now(),
        by="Кім біледі", reason="", reference="109-26-000042", ticket_state=more.get("ticket_state"),
        confirmed=more.get("confirmed"),
    )  # fmt: skip
    return contract.referral(to.here.slug, by.here.slug), contract.encode(said)


async def test_nothing_of_the_person_is_readable_outside_of_the_two_tenants(
    operator: Actor, other: Actor, superuser: asyncpg.Connection
) -> None:
    said, subject = await offer(
        operator, other, text=CANARIES[0], applicant=CANARIES[1], phone="8 705 999 88 77", address=CANARIES[0]
    )
    await across.deliver((subject, contract.encode(said)))
    theirs = await referrals.accept(said.id, "other", other)
    assert theirs.text == CANARIES[0]

    for place in (
        "SELECT convert_from(payload, 'UTF8') FROM chassis.outbox",
        "SELECT detail::text FROM chassis.audit",
        "SELECT to_jsonb(r)::text FROM dispatch.referral r",
        "SELECT detail::text || note FROM dispatch.history",
    ):
        for row in await superuser.fetch(place):
            assert not any(canary in str(row[0]) for canary in CANARIES), place


async def test_a_seal_for_another_tenant_or_another_referral_opens_for_nobody_else(
    operator: Actor, other: Actor, third: Actor
) -> None:
    said, _ = await offer(operator, other)

    for private in contacts.box_keys(third.here.id).values():
        with pytest.raises(sealing.NotForUs):
            sealing.unsealed(private, said.sealed, sealing.bound_to(said.id, said.sender, said.receiver))
    for private in contacts.box_keys(other.here.id).values():
        with pytest.raises(sealing.NotForUs):
            sealing.unsealed(private, said.sealed, sealing.bound_to(uuid7(), said.sender, said.receiver))


@pytest.mark.parametrize(
    "broken", ["tampered", "of another referral", "an unknown key", "no content", "hidden words"]
)
async def test_what_does_not_open_is_refused_by_rule_and_the_sender_reads_why(
    broken: str, operator: Actor, other: Actor
) -> None:
    said, subject = await offer(operator, other)
    key_id, private = next(iter(contacts.box_keys(other.here.id).items()))
    place = sealing.bound_to(said.id, said.sender, said.receiver)
    content = sealing.unsealed(private, said.sealed, place)
    public = sealing.public_key(private)
    elsewhere = sealing.bound_to(uuid7(), said.sender, said.receiver)
    hidden = msgspec.structs.replace(content, text="су\u202eжоқ")
    changes: dict[str, dict[str, Any]] = {
        "tampered": {"sealed": said.sealed[:-1] + bytes([said.sealed[-1] ^ 1])},
        "of another referral": {"sealed": sealing.sealed(content, public, elsewhere)},
        "an unknown key": {"key_id": f"{key_id}-old"},
        "no content": {"sealed": sealing.sealed_box.seal(public, b'{"name": 1}', place)},
        "hidden words": {"sealed": sealing.sealed(hidden, public, place)},
    }  # fmt: skip

    await across.deliver((subject, contract.encode(msgspec.structs.replace(said, **changes[broken]))))
    await across.carry(other.here, said.id)

    row = await across.kept(operator.here, said.id)
    assert (row.state, row.decision) == (State.REFUSED, model.UNREADABLE)
    with pytest.raises(model.AlreadyDecided):
        await referrals.accept(said.id, "other", other)


async def test_keys_that_were_rotated_still_open_what_was_sealed_before(
    operator: Actor, other: Actor
) -> None:
    said, subject = await offer(operator, other)
    old, index = dict(contacts._keys), contacts._index[0]
    try:
        contacts.use_keys({"k2": b"\x09" * 32, **old}, index)
        await across.keys()
        await across.deliver((subject, contract.encode(said)))
        assert (await reading.one(said.id, other)).content is not None
        newer, _ = await offer(operator, other)
        assert newer.key_id == "k2"
    finally:
        contacts.use_keys(old, index)
        await across.keys()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"sender": "esil"}, "sender"),
        ({"receiver": "esil"}, "sender"),
        ({"reason": "қайыр\u202eлы"}, "characters"),
    ],
)
async def test_an_offer_in_a_strange_name_is_put_aside_and_changes_nothing(
    change: dict[str, str], why: str, operator: Actor, other: Actor, superuser: asyncpg.Connection
) -> None:
    said, subject = await offer(operator, other)
    before = await across.everything(superuser, other.here)

    await across.deliver((subject, contract.encode(msgspec.structs.replace(said, **change))))

    assert await across.everything(superuser, other.here) == before
    assert (await across.put_aside(other.here))[-1] == why


async def test_the_id_of_anothers_offer_does_not_overwrite_it(
    operator: Actor, other: Actor, third: Actor
) -> None:
    said, subject = await offer(operator, other)
    await across.deliver((subject, contract.encode(said)))
    before = await across.kept(other.here, said.id)
    forged = msgspec.structs.replace(said, sender=third.here.slug, chain=(third.here.slug,), reason="басқа")

    await across.deliver((contract.referral(other.here.slug, third.here.slug), contract.encode(forged)))

    assert await across.kept(other.here, said.id) == before
    assert (await across.put_aside(other.here))[-1] == "known-id"


async def test_an_offer_that_comes_again_has_no_second_effect(operator: Actor, other: Actor) -> None:
    said, subject = await offer(operator, other)
    letter, message = (subject, contract.encode(said)), uuid7()
    await across.deliver(letter, message=message)
    theirs = await referrals.accept(said.id, "other", other)

    await across.deliver(letter, message=message)
    await across.deliver(letter)

    row = await across.kept(other.here, said.id)
    assert (row.state, row.ticket_id, row.sealed) == (State.ACCEPTED, theirs.id, None)


@pytest.mark.parametrize("who", ["a third", "nobody knows it", "the receiver of an offer to itself"])
async def test_an_answer_of_whom_nothing_was_offered_is_put_aside(
    who: str, operator: Actor, other: Actor, third: Actor, superuser: asyncpg.Connection
) -> None:
    said, subject = await offer(operator, other)
    await across.deliver((subject, contract.encode(said)))
    letter = {
        "a third": answer(said.id, third, operator, 1, "accepted"),
        "nobody knows it": answer(uuid7(), other, operator, 1, "accepted"),
        "the receiver of an offer to itself": answer(said.id, operator, other, 1, "accepted"),
    }[who]
    before = await across.everything(superuser, operator.here), await across.everything(superuser, other.here)

    await across.deliver(letter)

    assert (await across.everything(superuser, operator.here),
            await across.everything(superuser, other.here)) == before  # fmt: skip


async def test_after_a_refusal_nothing_is_accepted_any_more(operator: Actor, other: Actor) -> None:
    said, _ = await offer(operator, other)
    await across.deliver(answer(said.id, other, operator, 1, "refused"))

    for sequence, state in ((2, "accepted"), (3, "ended"), (4, "reopened")):
        await across.deliver(
            answer(said.id, other, operator, sequence, state), at=clock.now() - timedelta(hours=1)
        )

    assert (await across.kept(operator.here, said.id)).state is State.REFUSED


async def test_an_end_whose_acceptance_never_came_waits_and_then_makes_up_for_it(
    operator: Actor, other: Actor
) -> None:
    said, _ = await offer(operator, other)
    end = answer(said.id, other, operator, 2, "ended", ticket_state="closed", confirmed=True)

    with pytest.raises(NotYet):
        await across.deliver(end)
    await across.deliver(end, at=clock.now() - timedelta(minutes=1))
    await across.deliver(answer(said.id, other, operator, 1, "accepted"))

    row = await across.kept(operator.here, said.id)
    assert (row.state, row.other_reference, row.confirmed) == (State.ENDED, "109-26-000042", True)


async def test_an_answer_that_was_lost_before_its_commit_takes_effect_when_it_comes_again(
    operator: Actor, other: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    said, subject = await offer(operator, other)
    await across.deliver((subject, contract.encode(said)))
    await referrals.accept(said.id, "other", other)
    (letter,) = await across.letters(other.here, said.id)
    message = uuid7()
    with monkeypatch.context() as broken:

        async def dies(*_: Any, **__: Any) -> None:
            raise RuntimeError("the process ends here")

        broken.setattr(referrals, "tell", dies)
        with pytest.raises(RuntimeError):
            await across.deliver(letter, message=message)
    assert (await across.kept(operator.here, said.id)).state is State.SENT

    await across.deliver(letter, message=message)

    assert (await across.kept(operator.here, said.id)).state is State.ACCEPTED


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.lists(st.integers(0, 3), min_size=1, max_size=12))
async def test_in_whatever_order_and_however_often_answers_come_both_sides_agree(
    order: list[int], operator: Actor, other: Actor
) -> None:
    said, subject = await offer(operator, other)
    await across.deliver((subject, contract.encode(said)))
    theirs = await referrals.accept(said.id, "other", other)
    await across.done(theirs, other)
    await tickets.reopen(theirs.id, "тағы", other)
    await across.done(theirs, other)
    letters = await across.letters(other.here, said.id)
    assert len(letters) == 4

    old = clock.now() - timedelta(hours=1)
    for number in order:
        await across.deliver(letters[number], at=old)
    await across.deliver(letters[-1], at=old)

    here, there = await across.kept(operator.here, said.id), await across.kept(other.here, said.id)
    told = ("state", "answers", "ended_as", "confirmed")
    assert [getattr(here, name) for name in told] == [getattr(there, name) for name in told]
    assert here.other_reference == theirs.reference


async def test_the_database_shows_no_row_of_another_tenant(
    operator: Actor, other: Actor, third: Actor
) -> None:
    said, subject = await offer(operator, other)
    await across.deliver((subject, contract.encode(said)))

    async with transaction(third.tenant_id):
        assert await unit.fetchval("SELECT count(*) FROM dispatch.referral WHERE id = $1", said.id) == 0
        assert (
            await unit.execute("UPDATE dispatch.referral SET version = 99 WHERE id = $1", said.id)
            == "UPDATE 0"
        )
    assert (await across.kept(other.here, said.id)).version == 1
