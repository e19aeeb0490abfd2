"""What people type: it survives the news of others, a place is chosen by keys, and hostile text is shown as text."""

import re

from playwright.async_api import expect
from tests.acceptance import keys
from tests.acceptance.api import Api
from tests.acceptance.browsing import Browsing
from tests.acceptance.screens import Card, Intake, call

HOSTILE = """<img src=x onerror="alert(1)"><script>alert(2)</script> =HYPERLINK("http://x","y") {{7*7}} 'O"""


async def test_a_card_follows_the_work_of_others_while_someone_types_in_it(
    browsing: Browsing, api: Api
) -> None:
    ticket = await api.ticket()
    window = await browsing.of("senior.petropavl")
    card = Card(window.page, ticket["reference"])
    await card.open()
    await expect(window.page.locator("live-badge")).to_have_attribute("data-state", "live")
    await keys.fill(window.page, "#amend-landmark", "за школой")

    await api.move("executor.petropavl", "petropavl", ticket, "accept")

    await expect(card.title).to_contain_text("Accepted")
    await expect(card.steps.first).to_contain_text((await api.get("executor.petropavl", "/me"))["name"])
    await expect(window.page.locator("#amend-landmark")).to_have_value("за школой")
    await expect(window.page.locator("#amend-landmark")).to_be_focused()
    async with window.page.expect_navigation():
        await window.page.keyboard.press("Control+Enter")
    await expect(card.head).to_contain_text("за школой")


async def test_a_place_is_chosen_on_the_map_by_keys_and_named_when_it_is_outside(browsing: Browsing) -> None:
    window = await browsing.of("operator.petropavl")
    window.watch.allow(422)
    intake = Intake(window.page)
    await intake.open()
    said = call()
    await keys.fill(window.page, "#text", said.text)
    await expect(window.page.locator("[data-take-category]").first).to_be_visible()
    await window.page.keyboard.press("Alt+k")

    await window.page.keyboard.press("F8")
    await window.page.keyboard.press("Enter")
    await expect(window.page.locator("#lat")).to_have_value(re.compile(r"54\.8\d{5}"))
    await window.page.locator("#lat").fill("43.2")
    await window.page.keyboard.press("Control+Enter")

    await expect(window.page.locator("#point-error")).to_contain_text("lies outside")
    await expect(window.page.locator("#phone-error")).not_to_be_empty()
    await expect(window.page.locator("#text")).to_have_value(said.text)


async def test_hostile_text_is_shown_as_it_was_typed(browsing: Browsing, api: Api) -> None:
    ticket = await api.ticket(text=f"{HOSTILE} {call().token}", applicant=HOSTILE[:60], landmark=HOSTILE)
    window = await browsing.of("senior.petropavl")
    window.page.on("dialog", lambda dialog: window.watch.faults.append(f"dialog: {dialog.message}"))

    await Card(window.page, ticket["reference"]).open()
    await expect(window.page.locator("#card-story .said").first).to_contain_text(HOSTILE)
    await expect(window.page.locator("#amend-landmark")).to_have_value(HOSTILE)
    await window.page.goto(f"/t/petropavl/op/queue?q={ticket['reference']}")

    await expect(window.page.locator("#queue [data-row]").first).to_contain_text("<img src=x onerror=")
