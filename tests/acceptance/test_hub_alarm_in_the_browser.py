"""The alarm of a desk in a real browser: when it rings, when it is still, and what it shows when the line is down."""

import asyncio
import re

import pytest
from playwright.async_api import Route, expect
from tests.acceptance import keys
from tests.acceptance.browsing import Browsing
from tests.acceptance.desks import Board, HubApi, Line, answered_by, at_desk, incident
from tests.acceptance.waiting import patience

OFF, ON = re.compile("SOUND IS OFF"), re.compile("Sound is on")
READ_SECONDS = 1.0
# Three times as fast as the parts of the page ask again.
POUR = """() => {
    window.poured = 0;
    setInterval(() => {
        window.poured += 1;
        document.body.dispatchEvent(new CustomEvent('live:handoff'));
    }, 100);
}"""

pytestmark = pytest.mark.usefixtures("quiet_desk")


async def test_the_desk_is_silent_until_the_shift_begins_and_then_rings_for_what_waits(
    at_hub: Browsing, line: Line
) -> None:
    board = await at_desk(at_hub)
    state = board.sound.locator("[data-sound-state]")
    await expect(state).to_have_text(OFF)

    await board.page.keyboard.press("F4")
    await expect(state).to_have_text(ON)
    before = int(await board.sound.get_attribute("data-rung") or 0)
    said = await line.hand_over()
    await expect(board.strip).to_contain_text("P0")
    await expect(board.row(said)).to_be_visible()

    await expect(board.sound).not_to_have_attribute("data-rung", str(before))
    await expect(board.page).to_have_title(re.compile("NOT ACCEPTED: "))


async def test_the_shift_goes_on_from_page_to_page_until_it_is_ended(at_hub: Browsing) -> None:
    board = await at_desk(at_hub)
    state = board.sound.locator("[data-sound-state]")
    await board.page.keyboard.press("F4")
    await expect(state).to_have_text(ON)

    async with board.page.expect_navigation():
        await board.page.locator("nav a", has_text="Archive").press("Enter")
    await expect(state).to_have_text(ON)
    await keys.tab_to(board.page, "[data-end-shift]")
    await board.page.keyboard.press("Enter")

    await expect(state).to_have_text(OFF)
    await expect(board.page.locator("[data-start-shift]")).to_be_focused()


async def test_a_person_silences_the_own_screen_for_a_reason_and_the_strip_stays(
    at_hub: Browsing, line: Line
) -> None:
    board = await at_desk(at_hub)
    await line.hand_over()
    await board.page.keyboard.press("F4")
    await keys.tab_to(board.page, "[data-silence]")
    await board.page.keyboard.press("Enter")

    await answered_by(board.page.locator("#silence-dialog"), ("#silence-reason", "говорю по телефону"))

    await expect(board.sound).to_have_attribute("data-state", "silent")
    await expect(board.strip.locator("li").first).to_be_visible()


async def test_when_the_line_is_down_the_phones_and_the_waiting_numbers_are_on_the_screen(
    at_hub: Browsing, line: Line, hub_api: HubApi
) -> None:
    said = await hub_api.arrived(await line.hand_over())
    number = (await hub_api.send("103", "GET", f"/103/handoffs/{said.handoff_id}")).json()["handoff"][
        "number"
    ]
    board = Board(await at_hub.of("operator.103"))
    board.window.watch.lines_may_break = True
    await board.page.route("**/hub/103/live", lambda route: route.abort())

    await board.page.goto(board.path)
    down = board.page.locator("#line-down")

    await expect(down).to_contain_text(number)
    for phone in ("103", "112", "+77152109"):
        await expect(down.locator(f"a[href='tel:{phone}']").first).to_be_visible()
    await board.page.unroute("**/hub/103/live")
    await expect(down).to_be_hidden()


async def test_a_board_that_cannot_be_read_says_so_and_asks_again_until_it_can(
    at_hub: Browsing, line: Line
) -> None:
    board = await at_desk(at_hub)
    board.window.watch.lines_may_break = True
    down = board.page.locator("#line-down")
    for part in ("strip", "part?mode=live"):
        await board.page.route(f"**/hub/103/{part}", lambda route: route.abort())

    said = await line.hand_over()
    await expect(down).to_be_visible()
    await board.page.unroute_all()

    await expect(board.row(said)).to_be_visible(timeout=patience(15) * 1000)
    await expect(down).to_be_hidden()


async def test_the_strip_and_the_board_are_read_to_the_end_while_events_pour_in(
    at_hub: Browsing, line: Line
) -> None:
    """A reading that takes longer than the rest between two events is not given up for the next one."""

    async def slowly(route: Route) -> None:
        await asyncio.sleep(READ_SECONDS)
        await route.continue_()

    board = await at_desk(at_hub)
    for part in ("strip", "part?mode=live"):
        await board.page.route(f"**/hub/103/{part}", slowly)
    await board.page.evaluate(POUR)

    said = await line.hand_over()

    await expect(board.page.locator(f"#s-{said.handoff_id}")).to_be_attached(timeout=patience(10) * 1000)
    await expect(board.row(said)).to_be_visible(timeout=patience(10) * 1000)
    poured = await board.page.evaluate("window.poured")
    await board.page.wait_for_function("before => window.poured > before", arg=poured)
    await board.page.unroute_all(behavior="ignoreErrors")


@pytest.mark.parametrize("where", ["", "?mode=exercise"])
async def test_a_drill_is_shown_as_a_drill_and_apart(at_hub: Browsing, line: Line, where: str) -> None:
    board = await at_desk(at_hub)
    await board.open(where)

    said = await line.hand_over(mode="exercise", incident=incident(priority="P1"))

    await expect(board.page.locator(f"#s-{said.handoff_id}")).to_contain_text("EXERCISE")
    if where:
        await expect(board.row(said)).to_contain_text("EXERCISE")
        await expect(board.page.locator("#drill-banner")).to_be_visible()
    else:
        await expect(board.row(said)).to_have_count(0)
