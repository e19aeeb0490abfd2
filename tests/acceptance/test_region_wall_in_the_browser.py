"""The wall in a browser: every page for everybody, the way to a ticket by keys, news without a reload."""

import re
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect
from tests.acceptance import axe, keys
from tests.acceptance.api import CENTRE, Api
from tests.acceptance.browsing import PHONE, Browsing
from tests.acceptance.test_every_screen_is_accessible import (
    Screen,
    in_every_language_and_width,
    pictures,
    settle,
)
from tests.acceptance.waiting import until

__all__ = ["pictures"]

COMMAND = "region.command"
WALL = {"width": 1920, "height": 1080}
HIGHER = "document.scrollingElement.scrollHeight - document.scrollingElement.clientHeight"
CUT = """() => [...document.querySelectorAll('.panel')].filter(
    (panel) => panel.scrollHeight > panel.clientHeight + 1).map((panel) => panel.id)"""
SCREENS = (
    Screen("region-wall", COMMAND, "/rc/wall"),
    Screen("region-wall-tables", COMMAND, "/rc/wall?as=table&order=open"),
    Screen("region-territory", COMMAND, "/rc/territories/petropavl"),
    Screen("region-territory-found", COMMAND, "/rc/territories/petropavl?view=all&q={reference}"),
    Screen("region-territory-empty", COMMAND, "/rc/territories/petropavl?q=109-25-999999"),
    Screen("region-ticket", COMMAND, "/rc/territories/petropavl/tickets/{id}"),
    Screen("region-handoffs", COMMAND, "/rc/territories/petropavl/handoffs"),
    Screen("region-refused", COMMAND, "/rc/refused"),
    Screen("region-refused-404", COMMAND, "/rc/territories/nowhere", 404),
)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def told(api: Api, region_api: Api) -> dict[str, str]:
    """A ticket and an emergency of the city that the region has heard of."""
    ticket = await api.ticket(point=CENTRE)
    await api.emergency(mode="exercise")
    await heard(region_api, ticket)
    return {"id": ticket["id"], "reference": ticket["reference"]}


async def heard(region_api: Api, ticket: dict[str, Any], slug: str = "petropavl") -> None:
    """Wait until the region knows a ticket."""

    async def known() -> bool:
        answer = await region_api.send(COMMAND, "GET", f"/rc/territories/{slug}/tickets/{ticket['id']}")
        return answer.is_success

    await until(known, wanted=True)


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.name)
async def test_a_screen_of_the_wall_is_accessible_in_every_language_and_width(
    screen: Screen, at_region: Browsing, told: dict[str, str], pictures: Path
) -> None:
    faults = await in_every_language_and_width(screen, at_region, told, pictures)

    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
async def test_the_wall_fits_where_it_hangs_without_scrolling(
    at_region: Browsing, told: dict[str, str], pictures: Path, language: str
) -> None:
    window = await at_region.of(COMMAND, language=language, size=WALL)

    await window.page.goto("/rc/wall")
    await settle(window.page)
    await window.page.screenshot(path=pictures / f"region-wall-{language}-1920.png")

    assert await axe.overflow(window.page) == 0
    assert await window.page.evaluate(HIGHER) == 0
    assert await window.page.evaluate(CUT) == []
    assert await axe.findings(window.page) == []


async def test_keys_alone_lead_from_the_wall_to_a_ticket_and_its_mandate(
    at_region: Browsing, told: dict[str, str]
) -> None:
    page = (await at_region.of(COMMAND, size=WALL)).page
    await page.goto("/rc/wall")
    await settle(page)

    await keys.tab_to(page, "#land-petropavl")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("/rc/territories/petropavl$"))
    await settle(page)
    await page.keyboard.press("/")
    await page.keyboard.type(told["reference"])
    await expect(page.locator("[data-row]", has_text=told["reference"])).to_have_count(1)
    await keys.seek(page, told["reference"])
    await page.keyboard.press("Enter")

    await expect(page.locator("h1")).to_contain_text(told["reference"])
    mandate = page.locator("[data-key='Alt+N']")
    await expect(mandate).to_have_attribute("href", re.compile(f"territory=petropavl&ticket={told['id']}$"))


async def test_every_graphic_has_a_table_with_the_same_numbers(
    at_region: Browsing, told: dict[str, str]
) -> None:
    page = (await at_region.of(COMMAND, size=WALL)).page
    await page.goto("/rc/wall")
    await settle(page)
    shares = await page.locator(".land").count()

    await page.keyboard.press("Alt+t")

    await expect(page).to_have_url(re.compile("as=table"))
    await expect(page.locator("svg.region-map, svg.flow")).to_have_count(0)
    tables = page.locator("table")
    await expect(tables).to_have_count(4)
    await expect(tables.nth(0).locator("tbody tr")).to_have_count(shares)
    await expect(tables.nth(1).locator("tbody tr")).to_have_count(24)


async def test_a_heading_ranks_the_territories_and_a_second_time_the_other_way_round(
    at_region: Browsing,
) -> None:
    page = (await at_region.of(COMMAND, size=WALL)).page
    await page.goto("/rc/wall")
    await keys.tab_to(page, "#by-open")
    await page.keyboard.press("Enter")
    heading = page.locator("th", has=page.locator("#by-open"))
    await expect(heading).to_have_attribute("aria-sort", "descending")
    first = await ranked(page)

    await keys.tab_to(page, "#by-open")
    await page.keyboard.press("Enter")

    await expect(heading).to_have_attribute("aria-sort", "ascending")
    assert first[0] == "rank-petropavl"
    assert (await ranked(page))[-1] == "rank-petropavl"


async def ranked(page: Page) -> list[str]:
    """The rows of the ranking, from the top."""
    return [str(await row.get_attribute("id")) for row in await page.locator(".ranking tbody tr").all()]


async def test_a_new_ticket_comes_by_itself_and_leaves_the_focus_where_it_is(
    at_region: Browsing, api: Api
) -> None:
    page = (await at_region.of(COMMAND, size=WALL)).page
    await page.goto("/rc/wall")
    await settle(page)
    await keys.tab_to(page, "#land-aqzhar")

    ticket = await api.ticket("aqzhar")

    news = page.locator(f".events a[href$='{ticket['id']}']")
    await expect(news).to_have_count(1)
    assert await keys.focused(page, "#land-aqzhar")


async def test_the_wall_rotates_only_when_it_is_told_to(at_region: Browsing) -> None:
    page = (await at_region.of(COMMAND, size=WALL)).page
    await page.goto("/rc/wall")
    await settle(page)
    board, rotate = page.locator("wall-board"), page.locator("[data-rotate]")
    await expect(board).to_have_attribute("data-view", "all")

    await page.keyboard.press("Alt+r")
    await expect(rotate).to_have_attribute("aria-pressed", "true")
    await expect(board).to_have_attribute("data-view", "map")
    await expect(page.locator("#panel-ranking")).to_be_hidden()
    assert await axe.findings(page) == []

    await page.keyboard.press("Alt+r")
    await expect(board).to_have_attribute("data-view", "all")
    await expect(page.locator("#panel-ranking")).to_be_visible()


async def test_a_phone_reads_the_wall_in_one_column(at_region: Browsing) -> None:
    page = (await at_region.of(COMMAND, size=PHONE)).page
    await page.goto("/rc/wall")
    await settle(page)

    lefts = await page.locator(".panel").evaluate_all("panels => panels.map((one) => one.offsetLeft)")

    assert len(set(lefts)) == 1
    assert await axe.overflow(page) == 0


async def test_the_list_of_a_territory_is_taken_along_as_csv(
    at_region: Browsing, told: dict[str, str]
) -> None:
    window = await at_region.of(COMMAND)
    answer = await window.context.request.get(
        f"/rc/territories/petropavl/tickets.csv?view=all&q={told['reference']}"
    )

    lines = (await answer.body()).decode("utf-8-sig").splitlines()
    assert (len(lines), lines[1].split(";")[0]) == (2, told["reference"])
    assert "attachment" in answer.headers["content-disposition"]


async def test_the_api_says_what_the_wall_says(region_api: Api, told: dict[str, str]) -> None:
    wall = await region_api.get(COMMAND, "/rc/wall")
    ranking = await region_api.get(COMMAND, "/rc/territories?order=open")
    card = await region_api.get(COMMAND, f"/rc/territories/petropavl/tickets/{told['id']}")

    assert len(wall["territories"]) == len(ranking["items"]) == 14
    assert wall["open"] == sum(one["open"] for one in wall["territories"])
    assert sum(cell["open"] for cell in wall["cells"]) == wall["open"]
    assert card["ticket"]["reference"] == told["reference"]
    assert card["ticket"].keys().isdisjoint({"phone", "applicant", "text", "address", "landmark", "photos"})
