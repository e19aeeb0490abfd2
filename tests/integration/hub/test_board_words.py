"""What the board says and offers, and what people type at it, without a browser."""

from datetime import timedelta
from typing import get_args

import asyncpg
import msgspec
import pytest
from tests.hub_makers import accepted, at_desk, handed_over, incident, stands

from chassis109.kernel import clock
from chassis109.kernel.errors import Invalid
from chassis109.store.idempotency import request_key
from hub112.board import model, service
from hub112.board.pages import PAGES
from hub112.board.routes import ROUTES, page_of_ended, report, settled
from hub112.board.schemas import HandoffOut, UnitIn
from hub112.contract import (
    LADDER,
    FaultCode,
    Hazard,
    Reason,
    State,
    Text,
    UnitKind,
    UnitStatus,
)
from hub112.desks import reading, watchdog
from hub112.desks import service as desks
from hub112.desks.model import RUNGS, WrongState
from identity109.permissions import HUB_ROLES
from ui109.formatting import ZONE
from ui109.statuses import STATUSES

pytestmark = pytest.mark.usefixtures("hub")


def test_every_word_of_the_contract_has_a_sentence() -> None:
    assert model.HAZARDS.keys() == set(get_args(Hazard))
    assert model.REASONS.keys() == set(get_args(Reason))
    assert model.UNIT_KINDS.keys() == set(get_args(UnitKind))
    assert model.UNIT_STATUSES.keys() == set(get_args(UnitStatus))
    assert model.RUNGS.keys() == set(RUNGS) >= set(LADDER)
    assert model.FAULTS.keys() == {code.name.lower() for code in FaultCode}
    assert {state.value for state in State} <= STATUSES.keys()


@pytest.mark.parametrize(
    ("state", "buttons"),
    [
        (State.DISPATCHED, {"accept", "decline", "defer", "forward", "note"}),
        (State.SEEN, {"accept", "decline", "defer", "forward", "note"}),
        (State.DEFERRED, {"accept", "decline", "forward", "note"}),
        (State.EXPIRED, {"accept", "note"}),
        (State.ACCEPTED, {"assign_unit", "close", "forward", "note"}),
        (State.ON_SCENE, {"assign_unit", "close", "forward", "note"}),
        (State.CLOSED, {"assign_unit", "note"}),
        (State.CANCELLED, {"note"}),
    ],
)
def test_the_buttons_of_a_handoff_are_what_the_table_of_the_contract_allows(
    state: State, buttons: set[str]
) -> None:
    assert model.acts(state, cancel_requested=False) == buttons


def test_a_cancellation_is_confirmed_only_where_109_has_asked_for_it() -> None:
    assert "confirm_cancel" in model.acts(State.EN_ROUTE, cancel_requested=True)
    assert "confirm_cancel" not in model.acts(State.SEEN, cancel_requested=True)


async def test_a_deferral_is_quiet_until_its_time_is_over() -> None:
    first = await handed_over()
    await desks.see(first.handoff_id, at_desk())
    deferred = await desks.defer(first.handoff_id, at_desk(), 5)

    async def ringing() -> bool:
        told = service.unanswered(await service.both(at_desk()))
        return first.handoff_id in {handoff.id for handoff in told}

    assert not await ringing()
    assert deferred.deferred_until
    with clock.frozen(deferred.deferred_until):
        assert await ringing()


async def test_what_has_expired_stands_behind_what_can_still_be_in_time() -> None:
    old, new = await handed_over(service="101"), await handed_over(service="101")
    with clock.frozen(clock.now() + timedelta(hours=1)):
        await watchdog.sweep(101)
    late = await handed_over(service="101")

    both = await service.both(at_desk("101"))

    assert [row.handoff.id for row in both["live"].waiting] == [
        late.handoff_id,
        old.handoff_id,
        new.handoff_id,
    ]


async def test_a_life_in_danger_stands_before_what_has_waited_longer() -> None:
    with clock.frozen(clock.now() - timedelta(minutes=10)):
        rubbish = await handed_over(service="102", incident=incident(priority="P2"))
    life = await handed_over(service="102")

    both = await service.both(at_desk("102"))

    waiting = [row.handoff.id for row in both["live"].waiting]
    assert waiting.index(life.handoff_id) < waiting.index(rubbish.handoff_id)


async def test_the_loser_of_two_is_told_by_name_and_local_time() -> None:
    first, winner = await accepted()
    with pytest.raises(WrongState) as refused:
        await desks.decline(first.handoff_id, at_desk(), "duplicate")

    told = model.AnsweredBefore(refused.value, ZONE)
    decided = (await stands(first)).decided_at

    assert decided
    assert told.params == {
        "name": winner.name, "time": decided.astimezone(ZONE).strftime("%H:%M:%S"), "state": "accepted",
    }  # fmt: skip
    assert told.members()["decided_by"] == winner.name


async def test_a_text_is_shown_in_the_language_of_the_page_or_in_the_one_there_is() -> None:
    both = Text(kk="Жұмабаев көшесі", ru="улица Жумабаева")

    assert model.said(both, "ru") == ("улица Жумабаева", "ru")
    assert model.said(both, "en") == ("Жұмабаев көшесі", "kk")


def test_the_kinds_of_crews_begin_with_what_the_desk_usually_sends() -> None:
    kinds = model.kinds_for("103")

    assert kinds[:2] == ("bls", "als")
    assert set(kinds) == set(get_args(UnitKind))


async def test_silence_needs_a_reason_and_leaves_an_audited_note(superuser: asyncpg.Connection) -> None:
    with pytest.raises(Invalid):
        await service.silence(" ", at_desk())

    await service.silence("говорю по телефону", at_desk())

    rows = await superuser.fetch("SELECT action, detail FROM chassis.audit WHERE action = 'board.silence'")
    assert [msgspec.json.decode(row["detail"]) for row in rows] == [
        {"reason": "говорю по телефону", "seconds": 30}
    ]


def test_how_it_ended_is_kept_in_words() -> None:
    assert service.disposition("hospital", "больница №3", "ru") == "Доставлен в больницу. больница №3"
    assert service.disposition("other", "сами справились", "ru") == "сами справились"
    with pytest.raises(Invalid):
        service.disposition("other", "", "ru")
    with pytest.raises(Invalid):
        service.disposition("", "слова", "ru")


def test_a_crew_is_known_by_its_call_sign_until_a_system_gives_it_an_id() -> None:
    assert service.unit("", "Бригада 7", "bls", "assigned").unit_id == "Бригада 7"
    assert service.unit("A-7", "Бригада 7", "bls", "departed").unit_id == "A-7"
    with pytest.raises(Invalid):
        service.unit("", "", "bicycle", "assigned")


@pytest.mark.parametrize(("typed", "minutes"), [("5", 5), ("", 0), ("five", 0), ("٥", 0), ("999999999", 0)])
def test_minutes_are_read_as_a_number_or_as_none(typed: str, minutes: int) -> None:
    assert service.minutes(typed) == minutes


async def test_a_repeated_key_answers_the_handoff_as_it_is_now() -> None:
    first = await handed_over()
    key = request_key(at_desk().subject, "k" * 20, b"accept")
    await settled(key, at_desk(), first.handoff_id, desks.see)
    await desks.accept(first.handoff_id, at_desk())

    again = await settled(key, at_desk(), first.handoff_id, desks.see)

    assert again.state is State.ACCEPTED


async def test_the_archive_goes_page_by_page_the_latest_first() -> None:
    for _ in range(3):
        first = await handed_over(service="102")
        await desks.see(first.handoff_id, at_desk("102"))
        await desks.decline(first.handoff_id, at_desk("102"), "false_alarm")

    first_page = await page_of_ended("", None, 2, at_desk("102"))
    second_page = await page_of_ended("", first_page.next, 2, at_desk("102"))

    numbers = [h.number for h in (*first_page.items, *second_page.items)]
    assert numbers == sorted(numbers, reverse=True)
    assert (len(numbers), second_page.next) == (3, None)


async def test_the_board_tells_how_far_the_other_services_are() -> None:
    first = await handed_over(service="101")
    shared = {"incident_id": first.incident_id}
    await handed_over(service="104", **shared)

    board = await reading.board(at_desk("104"))
    row = next(row for row in board.waiting if row.handoff.incident_id == first.incident_id)

    assert [(other.service, other.state) for other in row.others] == [("101", State.DISPATCHED)]


async def test_what_the_api_says_of_a_handoff_can_be_read_back() -> None:
    first = await handed_over(incident=incident(priority="P1"))

    said = msgspec.json.decode(msgspec.json.encode(HandoffOut.of(await stands(first))), type=HandoffOut)

    assert (said.id, said.priority, said.incident) == (first.handoff_id, "P1", first.incident)
    assert said.number.startswith("H-")


def test_a_report_without_a_moment_is_of_now_and_a_place_needs_both_degrees() -> None:
    with clock.frozen(at := clock.now()):
        unit = report(UnitIn(unit_id="A-7", kind="als", status="departed", lon=69.1))

    assert unit.at == at.isoformat(timespec="milliseconds")
    assert not unit.geo


def test_every_right_of_a_desk_is_held_by_somebody() -> None:
    held = frozenset().union(*HUB_ROLES.values())

    assert {handler.opt["permission"] for handler in (*ROUTES, *PAGES)} <= held
