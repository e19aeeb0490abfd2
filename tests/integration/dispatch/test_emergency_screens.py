"""What the emergency screens put together: the list, the strip of alarms, the card, the form."""

from datetime import timedelta
from typing import Any

import pytest
from tests import makers
from tests.emergencies import Hub, handed, now
from tests.emergencies import said as reported

from chassis109.kernel import clock
from chassis109.kernel.errors import NotFound
from dispatch109.calls import service as calls
from dispatch109.emergencies import board, forms, watchdog
from dispatch109.emergencies import service as emergencies
from dispatch109.emergencies.forms import FactsForm, HandOffForm
from dispatch109.emergencies.model import Alarm, Incident
from identity109.actor import Actor
from tenancy109.model import Tenant


def numbers(shown: dict[str, Any]) -> list[str]:
    return [line.incident.number_said for line in shown["lines"]]


def lines_of(strip: dict[str, Any], incident: Incident) -> list[tuple[Alarm, bool]]:
    return [(one.kind, one.stands) for about, one in strip["found"] if about.id == incident.id]


async def test_the_list_shows_the_open_ones_newest_first_and_exercises_apart(operator: Actor) -> None:
    first, _ = await handed(operator)
    second, _ = await handed(operator)
    drill, _ = await handed(operator, mode="exercise")

    opened, every = await board.rows("open", "", operator), await board.rows("all", "", operator)
    drills = await board.rows("exercise", "", operator)

    assert numbers(opened)[:3] == [drill.number_said, second.number_said, first.number_said]
    assert drill.number_said not in numbers(every)
    assert numbers(drills)[0] == drill.number_said


async def test_all_of_them_can_be_paged(operator: Actor) -> None:
    for _ in range(board.PAGE + 1):
        await handed(operator)

    first = await board.rows("all", "", operator)
    second = await board.rows("all", first["next"], operator)

    assert len(first["lines"]) == board.PAGE
    assert set(numbers(first)).isdisjoint(numbers(second))


@pytest.mark.parametrize(
    "written", ["{year}.{number}", " № {year}.{number}", "{number}", "kz.sko.petropavl.{year}.{number}"]
)
async def test_an_emergency_is_found_by_its_number_as_people_type_it(operator: Actor, written: str) -> None:
    incident, _ = await handed(operator)

    found = await board.by_number(written.format(year=incident.year, number=incident.number), operator)

    assert found is not None
    assert found.incident.id == incident.id


@pytest.mark.parametrize("written", ["0", "2026.99999999", "kz.sko.aiyrtau.2026.1", "'; --", "№", "9" * 400])
async def test_what_is_no_number_of_ours_finds_nothing(operator: Actor, written: str) -> None:
    assert await board.by_number(written, operator) is None


async def test_the_neighbour_sees_none_of_it(operator: Actor, neighbour: Tenant) -> None:
    incident, _ = await handed(operator)
    stranger = makers.operator(neighbour)

    with pytest.raises(NotFound):
        await board.card(str(incident.id), stranger)
    assert (await board.rows("all", "", stranger))["lines"] == []
    assert (await board.watched(stranger))["found"] == []


async def test_every_clock_of_the_own_handoff_is_prepared_in_the_strip(
    operator: Actor, senior: Actor
) -> None:
    incident, _ = await handed(operator)

    assert lines_of(await board.watched(operator), incident) == [
        (Alarm.NO_HUB, False), (Alarm.NO_RECEIPT, False), (Alarm.NOT_SEEN, False), (Alarm.NOT_DECIDED, False),
        (Alarm.EXPIRED, False),
    ]  # fmt: skip
    assert lines_of(await board.watched(senior), incident) == []


async def test_an_alarm_that_stands_is_shown_to_everybody_until_somebody_has_phoned(
    operator: Actor, senior: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board, "MOST_ALARMS", 1000)  # other tests left theirs
    with clock.frozen(clock.now() - timedelta(seconds=7)):  # the sweep reads the database's clock
        incident, handoff = await handed(operator)
    await watchdog.sweep(operator.here.id)
    before = await board.watched(senior)
    assert lines_of(before, incident) == [(Alarm.NO_HUB, True)]

    await emergencies.phoned(handoff.id, "кезекші", senior)

    after = await board.watched(senior)
    assert lines_of(after, incident) == []
    assert after["news"] != before["news"]


async def test_the_alarms_of_drills_stand_behind_those_of_others_that_are_live(
    operator: Actor, senior: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board, "MOST_ALARMS", 1000)  # other tests left theirs
    with clock.frozen(clock.now() - timedelta(seconds=7)):
        live, _ = await handed(senior)
        drill, _ = await handed(operator, mode="exercise")
    await watchdog.sweep(operator.here.id)

    standing = [incident.id for incident, one in (await board.watched(operator))["found"] if one.stands]
    assert standing.index(live.id) < standing.index(drill.id)


async def test_the_strip_says_that_something_is_new_when_a_desk_answers(
    operator: Actor, tenant: Tenant
) -> None:
    incident, handoff = await handed(operator)
    before = (await board.watched(operator))["news"]

    await Hub(tenant).returns(incident, handoff, "receipt", 1)

    assert (await board.watched(operator))["news"] != before
    assert (await now(handoff, operator)).receipt_at is not None


async def test_every_service_has_a_number_to_phone(operator: Actor) -> None:
    assert all(board.phones(operator).values())


async def test_the_card_offers_what_may_be_done_and_the_services_that_do_not_have_it(operator: Actor) -> None:
    incident, handoff = await handed(operator)

    card = await board.card(incident.number_said, operator)

    assert "cancel" in card["deeds"][handoff.id]
    assert card["more"] == ["101", "102", "104", "112"]
    assert not card["may_take_back"]


async def test_what_is_cancelled_everywhere_is_the_operators_again(operator: Actor) -> None:
    incident, handoff = await handed(operator)

    await emergencies.cancel(handoff.id, "Жалған дабыл", operator)

    assert (await board.card(str(incident.id), operator))["may_take_back"]


async def test_a_bare_call_stands_in_the_log_of_calls(operator: Actor) -> None:
    incident, _ = await handed(operator)

    line = (await calls.log(None, "handed_off", 1, operator))[0]

    assert (line.outcome, line.emergency, line.incident_id) == (
        "handed_off",
        incident.number_said,
        incident.id,
    )


async def test_a_correction_begins_with_what_stands(operator: Actor) -> None:
    incident, _ = await handed(operator, hazards=("gas", "fire"), can_talk=False)

    draft = forms.from_incident(incident, "kk")
    form = FactsForm(**{name: draft[name] for name in FactsForm.__struct_fields__ if name != "hazards"})
    corrected = await emergencies.amend(
        incident.id, incident.version, form.said(type=incident.type), operator
    )

    assert corrected.can_talk is False
    assert corrected.text == reported().text
    assert corrected.hazards == ()


def test_one_checkbox_arrives_as_text_and_several_as_a_list() -> None:
    assert HandOffForm(services="103").first().services == ("103",)
    assert HandOffForm(services=["101", "103"]).first().services == ("101", "103")
    assert HandOffForm().first().services == ()
