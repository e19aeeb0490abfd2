"""109 and 112 in one browser: one host name, two ports, two realms, and both stay signed in."""

from collections.abc import Mapping

from playwright.async_api import Page, expect
from tests.acceptance.browsing import Browsing


async def signed_in_as(page: Page, home: str, role: str) -> None:
    await page.goto(f"{home}/me")
    await expect(page.locator("main")).to_contain_text(role)


async def test_two_consoles_in_one_browser_both_stay_signed_in(
    browsing: Browsing, environment: Mapping[str, str]
) -> None:
    dispatch, hub = environment["DISPATCH_URL"], environment["HUB_URL"]
    window = await browsing.open()
    await browsing.sign_in(window, "operator.petropavl")
    desk = await window.context.new_page()
    await desk.goto(f"{hub}/login?next=/me")
    await browsing.answer_keycloak(desk, "operator.103")
    await desk.wait_for_url(f"{hub}/me")

    await signed_in_as(desk, hub, "Operator of the desk")
    await signed_in_as(window.page, dispatch, "Operator")
    assert await window.cookie("__Host-sid") != await window.cookie("__Host-sid-112") != ""

    await desk.locator("main").get_by_role("button", name="Log out", exact=True).click()
    await desk.wait_for_url(f"{hub}/signed-out")
    await signed_in_as(window.page, dispatch, "Operator")
