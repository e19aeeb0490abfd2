"""Every screen of a desk × kk, ru, en × a desk's and a phone's width, as the screens of 109 are looked at."""

from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import expect
from tests import hub_makers
from tests.acceptance.browsing import Browsing
from tests.acceptance.desks import HubApi, Line, incident
from tests.acceptance.test_every_screen_is_accessible import (
    LANGUAGES,
    Screen,
    at_both_widths,
    in_every_language_and_width,
    pictures,
    settle,
)
from tests.acceptance.waiting import until

__all__ = ["pictures"]

SCREENS = (
    Screen("hub-start", "", "/"),
    Screen("hub-choose", "lead.112", "/tenants"),
    Screen("hub-board", "lead.112", "/hub/101"),
    Screen("hub-board-exercise", "operator.101", "/hub/101?mode=exercise"),
    Screen("hub-card-waiting", "lead.112", "/hub/101/h/{waiting}"),
    Screen("hub-card-underway", "operator.101", "/hub/101/h/{underway}"),
    Screen("hub-archive", "operator.101", "/hub/101/archive"),
    Screen("hub-put-aside", "operator.101", "/hub/101/put-aside"),
    Screen("hub-refused-404", "operator.101", "/hub/103", 404),
)
DIALOGS = ("decline", "defer", "forward", "unit", "close", "confirm-cancel", "note", "silence")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def handoffs(line: Line, hub_api: HubApi) -> dict[str, str]:
    """At the desk of the fire service: one waits, one is under way and asked to be cancelled, one has ended, one is a
    drill, and a message was put aside."""
    shared = f"kz.sko.petropavl.2026.{hub_makers.uuid4().int % 10**9:09d}"
    waiting = await line.hand_over("101", incident_id=shared)
    await line.hand_over("104", incident_id=shared)
    drill = await line.hand_over("101", mode="exercise", incident=incident(priority="P2"))
    underway, ended = await line.hand_over("101"), await line.hand_over("101")
    for said in (waiting, drill, underway, ended):
        await hub_api.arrived(said)
    for said in (underway, ended):
        await hub_api.verb("101", said, "receipt")
        await hub_api.verb("101", said, "accept", note="")
        crew = {"unit_id": "F-2", "call_sign": "Пожарные 2", "kind": "fire_engine", "status": "departed"}
        await hub_api.verb("101", said, "units", **crew)
    await hub_api.verb("101", ended, "close", disposition="Потушено")
    await line.say(hub_makers.next_of(underway, "cancel", 2))
    await line.say(hub_makers.next_of(ended, "cancel", 2))  # refused: it has ended

    async def asked() -> bool:
        found = await hub_api.send("101", "GET", f"/101/handoffs/{underway.handoff_id}")
        return bool(found.json()["handoff"]["cancel_requested"])

    await until(asked, wanted=True)
    return {"waiting": str(waiting.handoff_id), "underway": str(underway.handoff_id)}


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.name)
async def test_a_screen_of_a_desk_is_accessible_in_every_language_and_width(
    screen: Screen, at_hub: Browsing, handoffs: dict[str, str], pictures: Path
) -> None:
    faults = await in_every_language_and_width(screen, at_hub, handoffs, pictures)

    assert not faults, "\n".join(faults)


async def test_the_dialogs_of_a_desk_are_accessible(
    at_hub: Browsing, handoffs: dict[str, str], pictures: Path
) -> None:
    window = await at_hub.of("lead.112")
    faults: list[str] = []

    for place, name in enumerate(DIALOGS):
        language = LANGUAGES[place % len(LANGUAGES)]
        await window.speak(language)
        await window.page.goto("/hub/101")
        await settle(window.page)
        dialog = window.page.locator(f"#{name}-dialog")
        await dialog.evaluate("dialog => dialog.showModal()")
        await expect(dialog).to_be_visible()
        file = f"hub-dialog-{name}-{language}"
        faults += await at_both_widths(window.page, lambda at, of=file: pictures / f"{of}-{at}.png")

    assert not faults, "\n".join(faults)
