"""The desk of an emergency service in a real browser, by keys: what it tells by itself, and what people decide."""

import asyncio
import re

import pytest
from playwright.async_api import expect
from tests import hub_makers
from tests.acceptance import keys
from tests.acceptance.browsing import Browsing
from tests.acceptance.desks import HubApi, Line, answered_by, at_desk
from tests.acceptance.waiting import until

from hub112.contract import Envelope

pytestmark = pytest.mark.usefixtures("quiet_desk")


async def state_of(hub_api: HubApi, said: Envelope, wanted: str) -> None:
    await until(lambda: hub_api.state(said), wanted)


async def test_a_browser_that_shows_a_new_emergency_says_so_by_itself_and_once_opened_that_it_was_seen(
    at_hub: Browsing, line: Line, hub_api: HubApi
) -> None:
    board = await at_desk(at_hub)

    said = await line.hand_over()
    await expect(board.row(said)).to_be_visible()
    await state_of(hub_api, said, "received")
    await board.focus(said)
    async with board.page.expect_navigation():
        await board.page.keyboard.press("o")

    await state_of(hub_api, said, "seen")
    await expect(board.page.locator("#card-title")).to_contain_text("Seen")


async def test_a_row_says_everything_that_decides(at_hub: Browsing, line: Line) -> None:
    board = await at_desk(at_hub)

    said = await line.hand_over()
    row = board.row(said)

    for words in (
        "P0",
        "H-",
        "Smell of gas indoors",
        "Интернациональная 30",
        "109",
        "u-17",
        "+7 705 123 45 67",
        "Русский",
    ):
        await expect(row).to_contain_text(words)
    await expect(row.locator("a[href='tel:+77051234567']")).to_be_visible()
    await expect(row.locator("sla-timer")).to_have_attribute("data-state", re.compile("ok|soon|late"))


async def test_enter_on_the_row_accepts_and_crews_are_led_to_the_end_by_keys(
    at_hub: Browsing, line: Line, hub_api: HubApi
) -> None:
    board = await at_desk(at_hub)
    page = board.page
    said = await line.hand_over()
    await board.focus(said)

    await page.keyboard.press("Enter")
    await expect(page.locator("#underway").locator(f"#h-{said.handoff_id}")).to_be_visible()
    await page.locator(f"#h-{said.handoff_id}").focus()
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/h/{said.handoff_id}")
    await page.locator("#card-acts").focus()
    await page.keyboard.press("u")
    await answered_by(page.locator("#unit-dialog"), ("#unit-call-sign", "Бригада 7"))
    for status in ("departed", "on_scene"):
        button = page.locator(f".crews button[value={status}]")
        await button.press("Enter")
        await expect(board.toasts).to_contain_text("Reported: Бригада 7")
    await expect(page.locator("#card-title")).to_contain_text("On scene")
    await page.locator("#card-acts").focus()
    await page.keyboard.press("x")
    await answered_by(
        page.locator("#close-dialog"), ("#close-outcome", "Taken"), ("#close-text", "в больницу №3")
    )

    await state_of(hub_api, said, "closed")
    await expect(page.locator("#card-head")).to_contain_text("Taken to hospital. в больницу №3")


async def test_of_two_who_accept_at_once_the_loser_reads_who_was_first_and_when(
    at_hub: Browsing, line: Line, hub_api: HubApi
) -> None:
    boards = [await at_desk(at_hub), await at_desk(at_hub, "operator2.103")]
    said = await line.hand_over()
    for board in boards:
        board.window.watch.allow(409)
        await board.focus(said)
    await state_of(hub_api, said, "received")

    await asyncio.gather(*(board.page.keyboard.press("Enter") for board in boards))
    await state_of(hub_api, said, "accepted")

    for board in boards:
        await expect(board.toasts).to_contain_text(re.compile("Accepted: H-|answered first"))
    told = [await board.toasts.inner_text() for board in boards]
    assert sorted("Accepted: H-" in words for words in told) == [False, True], told
    loser = boards[0] if "Accepted: H-" in told[1] else boards[1]
    await expect(loser.toasts).to_contain_text(re.compile(r"answered first, at \d\d:\d\d:\d\d: Accepted"))
    await expect(loser.row(said)).to_contain_text("accepted by")


async def test_a_refusal_goes_back_with_its_reason_and_a_deferral_with_its_minutes(
    at_hub: Browsing, line: Line, hub_api: HubApi
) -> None:
    board = await at_desk(at_hub)
    page = board.page
    refused, later = await line.hand_over(), await line.hand_over()

    await board.focus(refused)
    await page.keyboard.press("d")
    reason = ("#decline-reason-code", "No crew")
    await answered_by(page.locator("#decline-dialog"), reason, ("#decline-reason", "все на вызовах"))
    await board.focus(later)
    await page.keyboard.press("p")
    await answered_by(page.locator("#defer-dialog"), ("#defer-note", "через пять минут"))

    await state_of(hub_api, refused, "declined")
    await state_of(hub_api, later, "deferred")
    await expect(board.row(later)).to_contain_text("deferred until")
    await expect(board.strip).not_to_contain_text(f"s-{later.handoff_id}")


async def test_a_refusal_without_a_reason_is_not_sent_and_says_why(at_hub: Browsing, line: Line) -> None:
    board = await at_desk(at_hub)
    board.window.watch.allow(422)
    said = await line.hand_over()
    await board.focus(said)

    await board.page.keyboard.press("d")
    await board.page.keyboard.press("Control+Enter")

    await expect(board.page.locator("#decline-reason-code-error")).to_have_text(
        "Choose one of the listed values."
    )
    await expect(board.page.locator("#decline-reason-code")).to_be_focused()


async def test_a_cancellation_after_the_acceptance_is_confirmed_by_the_desk(
    at_hub: Browsing, line: Line, hub_api: HubApi
) -> None:
    board = await at_desk(at_hub)
    said = await hub_api.arrived(await line.hand_over())
    await state_of(hub_api, said, "received")
    await hub_api.verb("103", said, "accept", note="")
    await line.say(hub_makers.next_of(said, "cancel", 2))

    row = board.row(said)
    await expect(row.locator(".cancel-asked")).to_be_visible()
    await row.focus()
    await board.page.keyboard.press("c")
    await answered_by(board.page.locator("#confirm-cancel-dialog"))

    await state_of(hub_api, said, "cancelled")


async def test_news_leave_focus_and_typed_words_where_they_are(at_hub: Browsing, line: Line) -> None:
    board = await at_desk(at_hub)
    said = await line.hand_over()
    await board.focus(said)
    await board.page.keyboard.press("d")
    await keys.fill(board.page, "#decline-reason", "начало фразы")

    other = await line.hand_over()
    await expect(board.row(other)).to_be_attached()

    await expect(board.page.locator("#decline-reason")).to_be_focused()
    await expect(board.page.locator("#decline-reason")).to_have_value("начало фразы")
    await board.page.keyboard.press("Escape")
    await expect(board.row(said)).to_be_focused()
