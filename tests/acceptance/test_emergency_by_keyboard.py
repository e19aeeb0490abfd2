"""F9 by keys alone: a bare call, a ticket, what is refused, and what the page does when nobody answers any more."""

import re

from playwright.async_api import Locator, Page, expect
from tests.acceptance import axe, keys
from tests.acceptance.api import CENTRE, Api
from tests.acceptance.browsing import PHONE, WIDE, Browsing
from tests.acceptance.screens import Card, Intake, call

NUMBER = re.compile(r"20\d\d\.\d+")
WITHIN_THE_DEADLINE = 40_000  # milliseconds: 30 s to the decision on P0, and what a busy machine adds


async def opened_form(page: Page) -> Locator:
    """F9; the kind of emergency has the focus."""
    await page.keyboard.press("F9")
    dialog = page.locator("#emergency-dialog")
    await expect(dialog.locator("#em-type")).to_be_focused()
    return dialog


async def kind(page: Page, words: str) -> None:
    """Typed words find the kind."""
    await page.keyboard.type(words)
    await page.keyboard.press("Enter")


async def handed(page: Page, address: str) -> str:
    """A bare call from F9 to its number, on the intake."""
    dialog = await opened_form(page)
    await kind(page, "запах газа в помещении")
    await keys.fill(page, "#em-address", address)
    await page.keyboard.press("Control+Enter")
    await expect(dialog).to_be_hidden()
    return await number_of(page)


async def number_of(page: Page) -> str:
    result = page.locator("#result")
    await expect(result).to_contain_text(NUMBER)
    found = NUMBER.search(await result.inner_text())
    assert found
    return found[0]


async def test_a_bare_call_is_handed_off_and_its_bar_stands_on_the_intake(browsing: Browsing) -> None:
    window = await browsing.of("operator.petropavl")
    page, said = window.page, call("запах газа")
    await Intake(page).open()
    await page.keyboard.type(said.phone)

    dialog = await opened_form(page)
    await expect(dialog.locator("#em-phone")).to_have_value(said.phone)
    await kind(page, "газ иісі үй")
    await expect(dialog.locator("[name=services]:checked")).to_have_count(3)
    await expect(dialog.locator("#em-priority")).to_have_value("P0")
    await expect(dialog.get_by_role("button", name="Hand to 101, 103, 104")).to_be_visible()
    await keys.fill(page, "#em-text", said.text)
    await keys.fill(page, "#em-address", said.address)
    await page.keyboard.press("Control+Enter")

    number = await number_of(page)
    mine = page.locator("#mine [data-incident]", has_text=number)
    await expect(mine.locator("[data-service]")).to_have_count(3)
    await expect(page.locator("#phone")).to_be_focused()
    await expect(page.locator("#phone")).to_have_value("")


async def test_services_and_priority_can_be_changed_and_the_button_says_who_gets_it(
    browsing: Browsing,
) -> None:
    page = (await browsing.of("operator.petropavl")).page
    await Intake(page).open()
    dialog = await opened_form(page)
    await kind(page, "fight")
    await expect(dialog.get_by_role("button", name="Hand to 102")).to_be_visible()

    await keys.tab_to(page, "[name=services][value='103']")
    await page.keyboard.press("Space")

    await expect(dialog.get_by_role("button", name="Hand to 102, 103")).to_be_visible()
    await keys.tab_to(page, "[name=mode][value=live]")
    await page.keyboard.press("ArrowRight")
    await expect(dialog.get_by_role("button", name="Exercise: hand to 102, 103")).to_be_visible()
    await expect(dialog.locator(".em-drill")).to_be_visible()


async def test_what_is_missing_is_named_and_nothing_typed_is_lost(browsing: Browsing) -> None:
    window = await browsing.of("operator.petropavl")
    window.watch.allow(422)
    page = window.page
    await Intake(page).open()
    dialog = await opened_form(page)
    await keys.fill(page, "#em-text", "Қызметке керек мәтін")
    await page.keyboard.press("Control+Enter")

    await expect(dialog.locator("#em-type-error")).not_to_be_empty()
    await expect(dialog.locator("[data-field=address] .field-error")).not_to_be_empty()
    await expect(dialog.locator("#em-text")).to_have_value("Қызметке керек мәтін")
    await expect(dialog).to_be_visible()


async def test_a_ticket_is_handed_off_from_its_card(browsing: Browsing, api: Api) -> None:
    ticket = await api.ticket(point=CENTRE)
    page = (await browsing.of("operator.petropavl")).page
    card = Card(page, ticket["reference"])
    await card.open()

    dialog = await opened_form(page)
    await kind(page, "люк")
    await expect(dialog.locator("#em-address")).to_have_value(ticket["address"])
    async with page.expect_navigation():
        await page.keyboard.press("Control+Enter")

    await expect(page.locator("#em-head")).to_contain_text(ticket["reference"])
    await expect(page.locator("#em-services [data-service='112'] [data-stage='saved']")).to_have_attribute(
        "data-state", "done"
    )
    await card.open()
    await expect(page.locator("#card-emergencies [data-service='112']")).to_be_visible()


async def test_a_note_stands_in_the_log_of_every_service(browsing: Browsing, api: Api) -> None:
    emergency = await api.emergency()
    page = (await browsing.of("operator.petropavl")).page
    await page.goto(f"/t/petropavl/op/emergencies/e/{emergency['incident']['number']}")

    await page.keyboard.press("F4")
    await page.keyboard.type("Есік ашық, төртінші қабат")
    await page.keyboard.press("Control+Enter")

    noted = page.locator(".em-log li", has_text="Есік ашық, төртінші қабат")
    await expect(noted).to_have_count(3)


async def test_the_list_opens_a_card_by_its_number(browsing: Browsing, api: Api) -> None:
    emergency = await api.emergency()
    page = (await browsing.of("operator.petropavl")).page
    await page.goto("/t/petropavl/op/emergencies")

    await page.keyboard.press("/")
    await page.keyboard.type(emergency["incident"]["number"])
    async with page.expect_navigation():
        await page.keyboard.press("Enter")

    await expect(page.locator("#em-title")).to_contain_text(emergency["incident"]["number"])


async def test_the_page_says_phone_now_by_itself_when_nothing_is_heard_any_more(browsing: Browsing) -> None:
    window = await browsing.of("operator.petropavl")
    window.watch.lines_may_break = True
    page, said = window.page, call("запах газа")
    await Intake(page).open()
    await handed(page, said.address)
    prepared = page.locator("handoff-alarms [data-alarm=not_decided][data-service='103']").last
    await prepared.wait_for(state="attached")

    await window.context.set_offline(True)

    alarm = page.locator("handoff-alarms [data-level=phone][data-service='103']:visible").first
    await expect(alarm).to_be_visible(timeout=WITHIN_THE_DEADLINE)
    await expect(alarm.locator("a[href^='tel:+7']")).to_be_visible()
    await expect(page.get_by_role("alert").first).to_contain_text("phone now")
    await window.context.set_offline(False)


async def test_a_form_that_cannot_be_sent_says_whom_to_phone_and_is_sent_once_the_line_is_back(
    browsing: Browsing, api: Api
) -> None:
    window = await browsing.of("operator.petropavl")
    window.watch.lines_may_break = True
    page, said = window.page, call("запах газа")
    await Intake(page).open()
    dialog = await opened_form(page)
    await kind(page, "запах газа в помещении")
    await keys.fill(page, "#em-address", said.address)

    await window.context.set_offline(True)
    await page.keyboard.press("Control+Enter")
    await expect(dialog.locator("[data-phone-now] [data-service='101'] a[href^='tel:']")).to_be_visible()
    await expect(dialog.locator("#em-address")).to_have_value(said.address)
    await window.context.set_offline(False)

    number = await number_of(page)
    found = await api.get("operator.petropavl", "/t/petropavl/emergencies?limit=20")
    assert [line["incident"]["number"] for line in found["items"]].count(number) == 1
    assert [line["incident"]["address"] for line in found["items"]].count(said.address) == 1


async def test_an_alarm_rings_after_the_start_of_the_shift_and_who_has_phoned_writes_it_down(
    browsing: Browsing,
) -> None:
    page, said = (await browsing.of("operator.petropavl")).page, call("запах газа")
    await Intake(page).open()
    sound = page.locator("handoff-sound")
    await page.keyboard.press("Alt+s")
    await expect(sound).to_have_attribute("data-state", "on")
    number = await handed(page, said.address)
    alarm = page.locator("handoff-alarms [data-alarm]:visible", has_text=number).first
    await expect(alarm).to_be_visible(timeout=WITHIN_THE_DEADLINE)
    await expect(sound).not_to_have_attribute("data-rung", "0")

    await page.keyboard.press("Alt+a")
    await expect(page.locator("handoff-alarms [data-alarm]:visible a[href^='tel:']").first).to_be_focused()
    await keys.tab_to(page, "[name=said_to]")
    await page.keyboard.type("дежурный Ахметов")
    await page.keyboard.press("Enter")

    await expect(page.locator("#toasts")).to_contain_text("you have phoned")


async def test_a_handoff_is_cancelled_with_a_reason_and_the_senior_reopens_it(
    browsing: Browsing, api: Api
) -> None:
    emergency = await api.emergency(services=["103"], mode="test")
    path = f"/t/petropavl/op/emergencies/e/{emergency['incident']['number']}"
    page = (await browsing.of("operator.petropavl")).page
    await page.goto(path)
    handoff = page.locator("#em-services [data-service='103']")

    await handoff.get_by_role("button", name="Cancel 103…").press("Enter")
    await expect(page.locator("#cancel-reason")).to_be_focused()
    await page.keyboard.type("Қате қоңырау")
    await page.keyboard.press("Control+Enter")

    await expect(handoff).to_have_attribute("data-state", "cancelled")
    await expect(page.locator(".em-log li[data-event=cancel]")).to_contain_text("Қате қоңырау")
    await expect(handoff.get_by_role("button", name="Reopen 103…")).to_have_count(0)

    page = (await browsing.of("senior.petropavl")).page
    await page.goto(path)
    handoff = page.locator("#em-services [data-service='103']")
    await handoff.get_by_role("button", name="Reopen 103…").press("Enter")
    await page.keyboard.type("Қайта қоңырау шалды")
    await page.keyboard.press("Control+Enter")

    await expect(page.locator(".em-log li[data-event=reopen]")).to_contain_text("Қайта қоңырау шалды")
    await expect(handoff).not_to_have_attribute("data-state", "cancelled")


async def test_a_correction_reaches_the_services_at_once(browsing: Browsing, api: Api) -> None:
    emergency = await api.emergency(services=["103"], mode="test")
    page = (await browsing.of("operator.petropavl")).page
    await page.goto(f"/t/petropavl/op/emergencies/e/{emergency['incident']['number']}")

    await page.locator(".em-amend summary").press("Enter")
    await keys.tab_to(page, "#amend-address")
    await page.keyboard.press("Control+A")
    await page.keyboard.type("Абай көшесі 40")
    async with page.expect_navigation():
        await page.keyboard.press("Control+Enter")

    await expect(page.locator("#em-head")).to_contain_text("Абай көшесі 40")
    await expect(page.locator(".em-log li[data-event=update]")).to_have_count(1)


async def test_what_no_service_took_goes_back_to_the_intake_with_its_data(
    browsing: Browsing, api: Api
) -> None:
    emergency = await api.emergency(services=["103"], mode="test", address="Абай көшесі 12")
    incident = emergency["incident"]
    handoff = f"/t/petropavl/emergencies/{incident['id']}/handoffs/{emergency['handoffs'][0]['id']}"
    await api.post("operator.petropavl", f"{handoff}/cancel", {"reason": "Қате"})
    page = (await browsing.of("operator.petropavl")).page
    await page.goto(f"/t/petropavl/op/emergencies/e/{incident['number']}")

    await page.get_by_role("link", name="Open the intake with these data").press("Enter")

    await expect(page.locator("#address")).to_have_value("Абай көшесі 12")
    await expect(page.locator("#phone")).to_have_value("+77051234567")


async def test_the_dialog_has_no_findings_in_every_language_and_width(browsing: Browsing) -> None:
    window = await browsing.of("operator.petropavl")
    page, faults = window.page, list[str]()
    for language in ("en", "ru", "kk"):
        for size in (WIDE, PHONE):
            await window.speak(language)
            await page.set_viewport_size({"width": size["width"], "height": size["height"]})
            await page.goto("/t/petropavl/op")
            await page.locator("#emergency-dialog form").wait_for(state="attached")
            dialog = await opened_form(page)
            await kind(page, "газ")
            await expect(dialog.locator("[name=services]:checked")).not_to_have_count(0)
            faults += [f"{language} {size['width']}: {finding}" for finding in await axe.findings(page)]
            if wider := await axe.overflow(page):
                faults.append(f"{language} {size['width']}: {wider} pixels wider than the window")
            await page.keyboard.press("Escape")
    assert faults == []
