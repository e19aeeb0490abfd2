"""The map of the intake: a new ticket stands on it at once, a click opens it; a broken line spoils nothing."""

import math
from dataclasses import dataclass
from random import uniform

from playwright.async_api import Page, expect
from tests.acceptance.api import Api
from tests.acceptance.browsing import Browsing
from tests.acceptance.screens import Intake
from tests.acceptance.waiting import patience, until

HOME, PADDING = "/t/esil", 16
BOUNDS = """async (url) => {
    const pairs = /\\[-?\\d+(?:\\.\\d+)?,-?\\d+(?:\\.\\d+)?\\]/g;
    const flat = (await (await fetch(url)).text()).match(pairs).map((pair) => JSON.parse(pair));
    const [lon, lat] = [0, 1].map((n) => flat.map((place) => place[n]));
    return [Math.min(...lon), Math.min(...lat), Math.max(...lon), Math.max(...lat)];
}"""


def drawn(latitude: float) -> float:
    """How far north a Web Mercator map draws it, in degrees of longitude."""
    return math.degrees(math.asinh(math.tan(math.radians(latitude))))


@dataclass(frozen=True)
class Spot:
    """A place near the middle of a tenant's map, so many shares of its extent away; each test has one of its own."""

    right: float
    up: float
    bounds: tuple[float, float, float, float]

    @classmethod
    async def of(cls, page: Page) -> "Spot":
        bounds = await page.evaluate(BOUNDS, f"{HOME}/map/outline")
        right, up = (uniform(-0.2, 0.2) for _ in "xy")  # noqa: S311 - a place, no secret
        return cls(right, up, tuple(bounds))

    @property
    def extent(self) -> tuple[float, float]:
        west, south, east, north = self.bounds
        return east - west, drawn(north) - drawn(south)

    @property
    def point(self) -> dict[str, float]:
        west, south, east, north = self.bounds
        up = (drawn(south) + drawn(north)) / 2 + self.up * self.extent[1]
        latitude = math.degrees(math.atan(math.sinh(math.radians(up))))
        return {"lon": (west + east) / 2 + self.right * self.extent[0], "lat": latitude}

    async def click(self, page: Page) -> None:
        """Where the map, which shows the whole of its tenant, has drawn it."""
        canvas = page.locator("tenant-map canvas")
        box = await canvas.bounding_box()
        assert box
        width, height = self.extent
        scale = min((box["width"] - 2 * PADDING) / width, (box["height"] - 2 * PADDING) / height)
        x = box["width"] / 2 + self.right * width * scale
        y = box["height"] / 2 - self.up * height * scale
        await canvas.click(position={"x": x, "y": y})


async def test_a_new_ticket_stands_on_the_map_by_itself_and_a_click_opens_it(
    browsing: Browsing, api: Api
) -> None:
    page = (await browsing.of("operator.esil")).page
    await Intake(page, "esil").open()
    await expect(page.locator("live-badge")).to_have_attribute("data-state", "live", timeout=30_000)
    assert await page.locator("tenant-map").get_attribute("data-map-kind") == "webgl"
    spot = await Spot.of(page)

    async with page.expect_response(
        lambda answer: "/map/tiles/" in answer.url, timeout=patience(20) * 1000
    ) as tile:
        ticket = await api.ticket("esil", point=spot.point)
    assert (await tile.value).status == 200

    async def opened() -> bool:
        await spot.click(page)
        return ticket["reference"] in await page.locator("#brief").inner_text()

    await until(opened, wanted=True)  # the tile is drawn a moment after it came


async def test_a_map_that_cannot_read_its_points_stays_and_takes_a_place(browsing: Browsing) -> None:
    window = await browsing.of("operator.esil")
    window.watch.lines_may_break = True
    await window.page.route("**/map/tiles/**", lambda route: route.abort())
    await Intake(window.page, "esil").open()

    await window.page.locator("tenant-map canvas").click()

    await expect(window.page.locator("#lat")).not_to_have_value("")
    assert await window.page.locator("tenant-map").get_attribute("data-map-kind") == "webgl"
