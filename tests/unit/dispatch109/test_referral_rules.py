"""Where a referral may go, what leads where, and what is sealed for whom. Pure."""

from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests import makers
from tests.makers import NOON

from chassis109.kernel.ids import uuid7
from chassis109.kernel.sealed_box import NotForUs
from dispatch109.mandates.pages import WHY
from dispatch109.referrals import messages, model, sealing
from dispatch109.referrals.model import GIVEN_UP_FROM, MOVES, OFFERED_FROM, Referral, State
from dispatch109.referrals.sealing import Content
from dispatch109.tickets.model import MOVES as TICKET_MOVES
from dispatch109.tickets.model import StaleVersion, WrongState
from dispatch109.tickets.model import State as TicketState
from region109 import contract
from region109.words import MANDATE_REFUSALS as AT_REGION

# from: to, to … Whatever is not written is refused.
WRITTEN = """
sent:      accepted refused withdrawn
offered:   accepted refused withdrawn
accepted:  ended
refused:
ended:     accepted
withdrawn:
"""
ALLOWED = {
    (State(line.split(":")[0].strip()), State(to))
    for line in WRITTEN.strip().splitlines()
    for to in line.split(":")[1].split()
}
KEY = b"\x07" * 32
CONTENT = Content(
    name="Айгүл Сәрсенова", phone="+77051234567", language="kk", text="Үйде су жоқ", address="Жұмабаев 109",
    landmark="", point=(69.14, 54.87),
)  # fmt: skip


def referral(**changes: Any) -> Referral:
    usual = Referral(
        id=uuid7(), side="out", other_slug="esil", ticket_id=uuid7(), reference="109-26-000123", other_reference=None,
        chain=["petropavl"], category_code="other", priority=2, opened_at=NOON, due_at=NOON + timedelta(hours=4),
        statutory_due=NOON + timedelta(days=21), reason="сіздікі", mandate_id=None, state=State.SENT, version=1,
        answers=0, sent_at=NOON, sent_by="Әлия", key_id="k1", sealed=b"\x00",
    )  # fmt: skip
    return replace(usual, **changes)


@pytest.mark.parametrize(("present", "to"), list(product(State, State)))
def test_every_pair_of_states_is_allowed_or_refused_as_written(present: State, to: State) -> None:
    one = referral(state=present)

    if (present, to) in ALLOWED:
        moved = one.moved(to)
        assert (moved.state, moved.version) == (to, 2)
    else:
        with pytest.raises((model.AlreadyDecided, model.AlreadyWithdrawn)):
            one.moved(to)
    assert MOVES.keys() == set(State)


def test_what_is_offered_or_given_up_may_become_referred_by_the_table_of_tickets() -> None:
    assert OFFERED_FROM < GIVEN_UP_FROM
    assert all(TicketState.REFERRED in TICKET_MOVES[state] for state in GIVEN_UP_FROM)
    assert not GIVEN_UP_FROM & {
        TicketState.DONE, TicketState.CALLBACK_DUE, TicketState.HANDED_OFF, TicketState.CLOSED,
    }  # fmt: skip


@pytest.mark.parametrize("state", TicketState)
def test_a_ticket_is_offered_only_before_its_work_began(state: TicketState) -> None:
    ticket = makers.ticket(state=state, version=4)

    if state in OFFERED_FROM:
        model.require_offerable(ticket, 4)
        with pytest.raises(StaleVersion):
            model.require_offerable(ticket, 3)
    else:
        with pytest.raises(WrongState):
            model.require_offerable(ticket, None)


@given(st.lists(st.sampled_from(["petropavl", "esil", "aiyrtau", "aqzhar"]), min_size=2, max_size=12))
def test_no_way_ever_leads_through_a_tenant_twice(wishes: list[str]) -> None:
    chain = [wishes[0]]
    for to in wishes[1:]:
        try:
            model.require_target(to, chain[-1], chain, known=True)
        except (model.ReferredToItself, model.ReferredInACircle):
            assert to in chain
        else:
            chain.append(to)

    assert len(chain) == len(set(chain))


def test_the_applicant_must_be_told_once_somebody_else_is_responsible() -> None:
    assert referral(state=State.ACCEPTED).to_tell
    assert referral(state=State.ENDED).to_tell
    assert not referral(state=State.ACCEPTED, told_at=NOON).to_tell
    assert not referral(state=State.ACCEPTED, side="in").to_tell
    assert not any(referral(state=state).to_tell for state in (State.SENT, State.REFUSED))


def test_an_offer_is_late_after_an_hour_until_it_is_answered() -> None:
    hour = NOON + timedelta(hours=1)

    for state in (State.SENT, State.OFFERED):
        assert referral(state=state).answer_by == hour
        assert not referral(state=state).late(hour)
        assert referral(state=state).late(hour + timedelta(seconds=1))
    for state in set(State) - {State.SENT, State.OFFERED}:
        assert not referral(state=state).late(NOON + timedelta(days=9))


def test_a_withdrawal_crossed_only_what_was_taken_over() -> None:
    crossed = {state for state in State if referral(state=state, withdrawn_at=NOON).crossed}

    assert crossed == {State.ACCEPTED, State.ENDED}
    assert not any(referral(state=state).crossed for state in State)


def test_the_sealed_part_opens_where_it_belongs_and_says_nothing_outside() -> None:
    place = sealing.bound_to(UUID(int=1), "petropavl", "esil")
    box = sealing.sealed(CONTENT, sealing.public_key(KEY), place)

    assert sealing.unsealed(KEY, box, place) == CONTENT
    assert "Айгүл".encode() not in box
    assert box != sealing.sealed(CONTENT, sealing.public_key(KEY), place)
    for key, where in (
        (b"\x08" * 32, place),
        (KEY, sealing.bound_to(UUID(int=2), "petropavl", "esil")),
        (KEY, sealing.bound_to(UUID(int=1), "aiyrtau", "esil")),
        (KEY, sealing.bound_to(UUID(int=1), "petropavl", "aiyrtau")),
    ):
        with pytest.raises(NotForUs):
            sealing.unsealed(key, box, where)


@pytest.mark.parametrize("changed", [b"", b"\x00", b"x" * 500])
def test_what_was_never_sealed_does_not_open(changed: bytes) -> None:
    with pytest.raises(NotForUs):
        sealing.unsealed(KEY, changed, b"place")


@pytest.mark.parametrize(
    "words", [{"text": "су\u202eжоқ"}, {"name": "a\x00b"}, {"address": "\x1b[2J"}, {"landmark": "\ufffe"}]
)
def test_words_that_nobody_could_have_typed_do_not_open(words: dict[str, str]) -> None:
    box = sealing.sealed(msgspec.structs.replace(CONTENT, **words), sealing.public_key(KEY), b"place")

    with pytest.raises(NotForUs):
        sealing.unsealed(KEY, box, b"place")


def test_the_longest_ticket_fits_into_a_message() -> None:
    longest = Content(
        name="Ә" * 200, phone="+77051234567", language="kk", text="\\Ә" * 2000, address="Ә" * 300, landmark="Ә" * 300,
        point=(69.123456789, 54.123456789),
    )  # fmt: skip
    box = sealing.sealed(longest, sealing.public_key(KEY), b"place")

    told = messages.offer(referral(reason="Ә" * 2000, sealed=box, other_slug="esil"), "petropavl")

    assert contract.decode_across(told.subject, told.payload)


def test_why_a_referral_was_refused_is_said_in_words_on_every_screen() -> None:
    refusals = {
        error.problem_type()
        for error in (
            model.ReferredToItself, model.NoSuchTenant, model.ReferredInACircle, model.StillUnanswered, model.NoKeyYet,
            WrongState,
        )
    }  # fmt: skip

    assert refusals <= WHY.keys()
    assert WHY.keys() == AT_REGION.keys()
