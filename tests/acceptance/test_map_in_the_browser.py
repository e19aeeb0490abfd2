"""The map of the intake: a new ticket stands on it at once, a click opens it; a broken line spoils nothing."""

import math

from playwright.async_api import Page, expect
from tests.acceptance.api import Api
from tests.acceptance.browsing import Browsing
from tests.acceptance.screens import Intake
from tests.acceptance.waiting import patience, until

HOME = "/t/esil"
MIDDLE = """async (url) => {
    const pairs = /\\[-?\\d+(?:\\.\\d+)?,-?\\d+(?:\\.\\d+)?\\]/g;
    const flat = (await (await fetch(url)).text()).match(pairs).map((pair) => JSON.parse(pair));
    const [lon, lat] = [0, 1].map((n) => flat.map((place) => place[n]));
    return [Math.min(...lon), Math.min(...lat), Math.max(...lon), Math.max(...lat)];
}"""


def between(south: float, north: float) -> float:
    """The latitude that a Web Mercator map draws in the middle of two."""
    drawn = [math.asinh(math.tan(math.radians(latitude))) for latitude in (south, north)]
    return math.degrees(math.atan(math.sinh(sum(drawn) / 2)))


async def click_the_middle(page: Page) -> None:
    await expect(page.locator("tenant-map")).to_have_attribute("data-map-state", "idle")
    await page.locator("tenant-map canvas").click()


async def test_a_new_ticket_stands_on_the_map_by_itself_and_a_click_opens_it(
    browsing: Browsing, api: Api
) -> None:
    window = await browsing.of("operator.esil")
    page = window.page
    await Intake(page, "esil").open()
    await expect(page.locator("live-badge")).to_have_attribute("data-state", "live", timeout=30_000)
    assert await page.locator("tenant-map").get_attribute("data-map-kind") == "webgl"
    west, south, east, north = await page.evaluate(MIDDLE, f"{HOME}/map/outline")

    async with page.expect_response(
        lambda answer: "/map/tiles/" in answer.url, timeout=patience(20) * 1000
    ) as tile:
        here = {"lon": (west + east) / 2, "lat": between(south, north)}
        ticket = await api.ticket("esil", point=here)
    assert (await tile.value).status == 200

    async def opened() -> bool:
        await click_the_middle(page)
        return ticket["reference"] in await page.locator("#brief").inner_text()

    await until(opened, wanted=True)  # the tile is drawn a moment after it came


async def test_a_map_that_cannot_read_its_points_stays_and_takes_a_place(browsing: Browsing) -> None:
    window = await browsing.of("operator.esil")
    window.watch.lines_may_break = True
    await window.page.route("**/map/tiles/**", lambda route: route.abort())
    await Intake(window.page, "esil").open()

    await click_the_middle(window.page)

    await expect(window.page.locator("[name=lat]")).not_to_have_value("")
    assert await window.page.locator("tenant-map").get_attribute("data-map-kind") == "webgl"
