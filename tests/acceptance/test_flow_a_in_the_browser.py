"""Flow A: a phone call becomes a ticket, is worked, called back and closed. By keyboard, in real browsers."""

from io import BytesIO
from pathlib import Path
from uuid import UUID

import pytest
from PIL import Image
from playwright.async_api import expect
from tests import makers
from tests.acceptance import keys
from tests.acceptance.api import Api
from tests.acceptance.browsing import Browsing
from tests.acceptance.screens import Call, Callbacks, Card, Inbox, Intake, call

GPS = 0x8825
LATITUDE = {1: "N", 2: (54.0, 52.0, 12.0)}


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A real JPEG that says where it was taken."""
    exif = Image.Exif()
    exif.get_ifd(GPS).update(LATITUDE)
    exif[0x0110] = "Phone of the plumber"
    path = tmp_path / "done.jpg"
    path.write_bytes(makers.photo("JPEG", (640, 480), exif=exif))
    with Image.open(path) as written:
        assert written.getexif().get_ifd(GPS)
    return path


async def test_a_call_becomes_a_ticket_is_worked_called_back_and_closed(
    browsing: Browsing, api: Api, photo: Path, environment: dict[str, str]
) -> None:
    said = call()
    operator, senior = await browsing.of("operator.petropavl"), await browsing.of("senior.petropavl")
    executor = await browsing.of("executor.petropavl")

    # A second person waits in the queue, with a search half typed.
    await senior.page.goto("/t/petropavl/op/queue")
    await expect(senior.page.locator("live-badge")).to_have_attribute("data-state", "live")
    await senior.page.keyboard.press("/")
    await senior.page.keyboard.type(said.token)
    await expect(senior.page.locator("#queue")).to_contain_text("Nothing was found")

    # The operator writes the call down and has its number at once.
    intake = Intake(operator.page)
    await intake.open()
    await intake.write(said)
    reference = await intake.save()
    await expect(intake.result).to_contain_text("water utility")
    await expect(operator.page.locator("#phone")).to_be_focused()
    await expect(operator.page.locator("#text")).to_have_value("")

    # The queue shows it by itself; the search and the focus are where they were.
    await expect(senior.page.locator("#queue")).to_contain_text(reference)
    search = senior.page.locator("#queue-filter [name=q]")
    await expect(search).to_have_value(said.token)
    await expect(search).to_be_focused()

    # The service accepts, begins, and reports it done with a photo.
    inbox = Inbox(executor.page)
    await inbox.open()
    await keys.seek(executor.page, reference)
    await expect(inbox.row(reference).locator("sla-timer")).to_contain_text("min")
    await executor.page.keyboard.press("a")
    await expect(inbox.row(reference)).to_have_count(0)
    await inbox.turn_to("accepted")
    await inbox.press(reference, "s")
    await expect(inbox.row(reference)).to_have_count(0)
    await inbox.turn_to("in_progress")
    await inbox.finish(reference, "Заменили вентиль", photo)
    await expect(inbox.row(reference)).to_have_count(0)

    # The applicant confirms on the phone, and only that closes the ticket.
    callbacks = Callbacks(operator.page)
    await callbacks.open()
    await callbacks.press(reference, "c")
    await expect(callbacks.toasts).to_contain_text(reference)

    # The card tells the whole story, with who and when.
    card = Card(senior.page, reference)
    await card.open()
    await expect(card.title).to_contain_text("Closed")
    ticket = await api.get("senior.petropavl", f"/t/petropavl/tickets/{reference}")
    history = await api.get("senior.petropavl", f"/t/petropavl/tickets/{ticket['id']}/history")
    assert [step["verb"] for step in history["steps"]] == [
        "open", "assign", "accept", "start", "finish", "plan_callback", "close",
    ]  # fmt: skip
    await expect(card.steps).to_have_count(len(history["steps"]))
    for place, step in enumerate(reversed(history["steps"])):
        await expect(card.steps.nth(place)).to_contain_text(step["actor"])
        await expect(card.steps.nth(place).locator("time")).to_have_count(1)
    assert {step["actor"] for step in history["steps"]} == {
        (await api.get(person, "/me"))["name"] for person in ("operator.petropavl", "executor.petropavl")
    }
    assert_without_exif(await card.work.locator("img").get_attribute("src") or "", environment)


def assert_without_exif(source: str, environment: dict[str, str]) -> None:
    """The stored file of a photo is a whole picture that says nothing of where and by what it was taken."""
    attachment = UUID(source.rsplit("/", 1)[1])
    (path,) = Path(environment["DISPATCH_FILES"]).glob(f"1/*/{attachment.hex}")
    with Image.open(BytesIO(path.read_bytes())) as stored:
        assert (stored.format, stored.size) == ("JPEG", (640, 480))
        assert not stored.getexif()
        assert not stored.info.get("exif")


async def test_a_wrong_phone_is_named_at_its_field_and_nothing_typed_is_lost(browsing: Browsing) -> None:
    window = await browsing.of("operator.petropavl")
    window.watch.allow(422)
    intake = Intake(window.page)
    await intake.open()
    said = call()

    await intake.write(Call(said.token, "8 705 12", said.address, said.text))
    await window.page.keyboard.press("Control+Enter")

    await expect(window.page.locator("#phone-error")).not_to_be_empty()
    await expect(window.page.locator("#phone")).to_be_focused()
    await expect(window.page.locator("#phone")).to_have_value("8 705 12")
    await expect(window.page.locator("#text")).to_have_value(said.text)
    await expect(window.page.locator("#address")).to_have_value(said.address)


async def test_a_question_answered_on_the_call_is_recorded_by_one_key(browsing: Browsing) -> None:
    window = await browsing.of("operator.petropavl")
    intake = Intake(window.page)
    await intake.open()
    await keys.fill(window.page, "#text", "Когда приём у акима?")

    await window.page.keyboard.press("Control+Shift+Enter")

    await expect(intake.result).to_contain_text("The consultation is recorded.")
    await expect(window.page.locator("#text")).to_have_value("")


async def test_earlier_tickets_of_the_phone_and_open_ones_near_appear_while_typing(
    browsing: Browsing, api: Api
) -> None:
    said = call()
    point = {"lon": 69.1455, "lat": 54.8712}
    before = await api.ticket(phone=said.phone, address=said.address, text=said.text, point=point)
    window = await browsing.of("operator.petropavl")
    intake = Intake(window.page)
    await intake.open()

    await window.page.keyboard.type(said.phone)
    await expect(window.page.locator("#earlier")).to_contain_text(before["reference"][4:])
    await keys.fill(window.page, "#address", said.address)
    await expect(window.page.locator("#near")).to_contain_text(before["reference"][4:])
    await keys.fill(window.page, "#lat", "54.8712")
    await keys.fill(window.page, "#lon", "69.1456")
    await window.page.keyboard.press("Tab")

    near = window.page.locator("#near [data-row]", has_text=before["reference"][4:])
    await expect(near).to_contain_text("m")
    await expect(window.page.locator("#phone")).to_have_value(said.phone)


async def test_not_done_reopens_the_ticket_with_the_applicants_words(browsing: Browsing, api: Api) -> None:
    ticket = await api.done()
    window = await browsing.of("operator.petropavl")
    callbacks = Callbacks(window.page)
    await callbacks.open()

    await callbacks.press(ticket["reference"], "n")
    await expect(window.page.locator("#attempts-dialog")).to_be_visible()
    if not await keys.focused(window.page, "#attempts-note"):
        await keys.tab_to(window.page, "#attempts-note")
    await window.page.keyboard.type("Кран снова течёт")
    await window.page.keyboard.press("Control+Enter")
    await expect(window.page.locator("#attempts-dialog")).to_be_hidden()

    card = Card(window.page, ticket["reference"])
    await card.open()
    await expect(card.title).to_contain_text("Assigned")
    await expect(card.title).to_contain_text("Reopened")
    await expect(card.story).to_contain_text("Кран снова течёт")
    again = await api.get("executor.petropavl", f"/t/petropavl/tickets/{ticket['id']}")
    assert (again["state"], again["service"], again["reopened"]) == ("assigned", "water", 1)


async def test_the_card_leads_to_the_call_that_is_owed_wherever_it_stands_in_the_list(
    browsing: Browsing, api: Api
) -> None:
    ticket = await api.done()
    window = await browsing.of("operator.petropavl")
    await Card(window.page, ticket["reference"]).open()

    await keys.tab_to(window.page, "#card-acts")
    await window.page.keyboard.press("c")

    await window.page.wait_for_url("**/op/callbacks**")
    await expect(window.page.locator("[data-row]").first).to_contain_text(ticket["reference"])


async def test_an_applicant_who_does_not_answer_is_phoned_at_another_hour(
    browsing: Browsing, api: Api
) -> None:
    ticket = await api.done()
    window = await browsing.of("operator.petropavl")
    window.watch.allow(409)
    callbacks = Callbacks(window.page)
    await callbacks.open()

    await callbacks.press(ticket["reference"], "u")
    row = window.page.locator("[data-row]", has_text=ticket["reference"])
    await expect(row).to_contain_text("Attempts: 1 of 3")
    await callbacks.press(ticket["reference"], "u")

    await expect(callbacks.toasts).to_contain_text("This hour was already tried")
    await expect(row).to_contain_text("Attempts: 1 of 3")
    assert (await api.get("senior.petropavl", f"/t/petropavl/tickets/{ticket['id']}"))[
        "state"
    ] == "callback_due"


async def test_a_ticket_returned_with_a_reason_is_routed_to_the_next_service(
    browsing: Browsing, api: Api
) -> None:
    north = {"lon": 69.1335, "lat": 54.9018}
    ticket = await api.ticket(category="yard-snow", text="Двор не чищен", point=north)
    assert ticket["service"] == "housing-bereke"
    window = await browsing.of("executor-housing-bereke.petropavl")
    inbox = Inbox(window.page)
    await inbox.open()

    await inbox.press(ticket["reference"], "r")
    await expect(window.page.locator("#return-dialog")).to_be_visible()
    if not await keys.focused(window.page, "#return-reason"):
        await keys.tab_to(window.page, "#return-reason")
    await window.page.keyboard.type("Это не наш двор")
    await window.page.keyboard.press("Control+Enter")
    await expect(inbox.row(ticket["reference"])).to_have_count(0)

    other = await browsing.of("executor-housing-dostyq.petropavl")
    theirs = Inbox(other.page)
    await theirs.open()
    await keys.seek(other.page, ticket["reference"])
    await other.page.keyboard.press("Enter")
    await expect(Card(other.page, ticket["reference"]).story).to_contain_text("Это не наш двор")


async def test_of_two_who_correct_at_once_the_second_sees_both_versions_and_what_he_typed(
    browsing: Browsing, api: Api
) -> None:
    ticket = await api.ticket(text="Нет воды в подъезде")
    first, second = await browsing.of("operator.petropavl"), await browsing.of("operator2.petropavl")
    second.watch.allow(409)
    cards = [Card(window.page, ticket["reference"]) for window in (first, second)]
    for card, words in zip(cards, ("Нет воды в доме 5", "Нет воды во всём квартале"), strict=True):
        await card.open()
        await keys.tab_to(card.page, "#amend-text")
        await card.page.keyboard.press("Control+a")
        await card.page.keyboard.type(words)

    async with first.page.expect_navigation():
        await first.page.keyboard.press("Control+Enter")
    await second.page.keyboard.press("Control+Enter")

    merge = second.page.locator("[data-merge]")
    await expect(merge).to_contain_text("Нет воды в доме 5")
    await expect(merge).to_contain_text("Нет воды во всём квартале")
    await expect(second.page.locator("#amend-text")).to_have_value("Нет воды во всём квартале")
    await expect(merge).to_be_focused()
    async with second.page.expect_navigation():
        await second.page.keyboard.press("Control+Enter")
    stored = await api.get("senior.petropavl", f"/t/petropavl/tickets/{ticket['id']}")
    assert stored["text"] == "Нет воды во всём квартале"
