"""Flow B: an emergency goes from F9 to a desk, comes back with receipts, and ends with the callback. By keyboard."""

from playwright.async_api import expect
from tests.acceptance.api import Api
from tests.acceptance.browsing import Browsing
from tests.acceptance.flow_b import Desk, Operator, rows_in_hub
from tests.acceptance.screens import Callbacks, call


async def test_an_emergency_reaches_the_desk_comes_back_step_by_step_and_the_caller_is_phoned(
    browsing: Browsing, at_hub: Browsing, api: Api, environment: dict[str, str]
) -> None:
    said = call("болит сердце")
    operator = Operator((await browsing.of("operator.petropavl")).page, api)
    desk = Desk((await at_hub.of("operator.103")).page)
    await desk.open()

    # F9: the number at once; the stream has it, and the desk's screen says by itself that it shows it.
    emergency = await operator.hand_off(said)
    await operator.reached("received")
    handoff = (await operator.handoff(emergency))["id"]

    # Enter at the desk: the operator reads who accepted, and under which number.
    await desk.accept(handoff)
    await operator.reached("accepted")
    accepted = await operator.handoff(emergency)
    await expect(operator.bar()).to_contain_text(accepted["decided_by"])
    await expect(operator.bar()).to_contain_text(accepted["external_id"])

    # The crew goes, arrives, and the service closes.
    await desk.open_card(handoff)
    await expect(desk.page.locator("#card-incident")).to_contain_text(said.text)
    await desk.send_crew("Бригада 7")
    await operator.reached("units")
    await expect(operator.bar()).to_contain_text("Бригада 7")
    await desk.crew("departed")
    await desk.crew("on_scene")
    await operator.reached("on_scene")
    await desk.close("Госпитализирован")
    await operator.reached("closed")
    await expect(operator.bar()).to_contain_text("Госпитализирован")

    # Closing owes the caller a call, and the operator phones.
    number = (await operator.page.locator("#em-title .em-number").inner_text()).strip()
    callbacks = Callbacks(operator.page)
    await callbacks.open()
    await callbacks.press(number, "c")
    await expect(callbacks.toasts).to_contain_text(number)
    owed = await api.get("operator.petropavl", f"/t/petropavl/callbacks?incident={emergency}")
    assert [callback["state"] for callback in owed["items"]] == ["confirmed"]
    assert await rows_in_hub(environment, handoff) == ["closed"]


async def test_a_desk_that_is_not_the_right_one_gives_its_reason_and_the_operator_hands_on_with_one_key(
    browsing: Browsing, at_hub: Browsing, api: Api
) -> None:
    operator = Operator((await browsing.of("operator.petropavl")).page, api)
    desk = Desk((await at_hub.of("operator.103")).page)
    await desk.open()
    emergency = await operator.hand_off(call("драка у магазина"))
    await operator.reached("received")
    handoff = (await operator.handoff(emergency))["id"]

    await desk.page.goto(f"/hub/103/h/{handoff}")
    await desk.page.locator("#card-acts").focus()
    await desk.page.keyboard.press("d")
    dialog = desk.page.locator("#decline-dialog")
    await dialog.locator("[name=reason_code]").select_option("wrong_service")
    await dialog.locator("[name=forward_to]").select_option("102")
    await desk.page.keyboard.press("Control+Enter")
    await expect(dialog).to_be_hidden()

    await expect(operator.bar()).to_have_attribute("data-state", "declined")
    instead = operator.page.get_by_role("button", name="Hand to 102 instead")
    await instead.focus()
    await operator.page.keyboard.press("Enter")
    await expect(operator.bar("102")).to_be_visible()
