"""Figures in a browser: a period by keys, filter and grouping, the chart's table, files that say what the page says."""

import asyncio
import csv
import re
import zipfile
from collections.abc import AsyncIterator
from datetime import date
from io import BytesIO, StringIO
from pathlib import Path
from xml.etree import ElementTree

import asyncpg
import pytest_asyncio
from playwright.async_api import Page, expect
from tests.acceptance import keys
from tests.acceptance.api import Api
from tests.acceptance.browsing import Browsing
from tests.acceptance.test_every_screen_is_accessible import settle

COMMAND = "region.command"
NOBODY_HERE = 404
# Long before anything else that a stack holds. Day and month are the same number: whether people type the one or the
# other first depends on the browser's language.
FIRST, MIDDLE, LAST = date(2024, 2, 2), date(2024, 2, 10), date(2024, 3, 3)
PERIOD = f"from={FIRST}&to={LAST}"
DAYS = (LAST - FIRST).days + 1
_FIGURES = """
INSERT INTO region.daily (day, territory, category, registered, consulted, closed, on_time, did_not_react, reopened,
    confirmed) VALUES
    ($1, 1, 'water-no-supply', 1200, 300, 1000, 900, 50, 7, 800), ($2, 1, 'water-no-supply', 20, 4, 30, 25, 2, 1, 20),
    ($3, 1, 'yard-snow', 9, 0, 6, 6, 0, 0, 5), ($2, 3, 'yard-snow', 4, 1, 4, 3, 1, 0, 2)
"""
# The end of the last day was written down in every territory, that of the days before nowhere.
_END = """
INSERT INTO region.overdue (day, territory, category, open_overdue)
SELECT $1::date, id, '', 0 FROM region.territory UNION ALL SELECT $1, 1, 'water-no-supply', 12
"""
SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
NUMBERS = ("Registered", "Consulted", "Closed", "Closed in time", "Overdue at the end", "Did not react", "Reopened",
           "Confirmed by a call")  # fmt: skip


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def written(region_superuser: asyncpg.Connection) -> AsyncIterator[None]:
    """Three days of figures, gone afterwards."""
    await _forget(region_superuser)
    await region_superuser.execute(_FIGURES, FIRST, MIDDLE, LAST)
    await region_superuser.execute(_END, LAST)
    yield
    await _forget(region_superuser)


async def _forget(superuser: asyncpg.Connection) -> None:
    for table in ("daily", "overdue"):
        await superuser.execute(f"DELETE FROM region.{table} WHERE day BETWEEN $1 AND $2", FIRST, LAST)


async def opened(at_region: Browsing, query: str = PERIOD) -> Page:
    """The page of figures before the commander."""
    page = (await at_region.of(COMMAND)).page
    await page.goto(f"/rc/figures?{query}")
    await settle(page)
    return page


async def lines(page: Page) -> dict[str, list[str]]:
    """The table as it is read: the first words of a line, then its cells; thousands without their commas."""
    found = {}
    for row in await page.locator(".figures-table tbody tr, .figures-table tfoot tr").all():
        name, *cells = await row.locator("th, td").all_inner_texts()
        found[name.split("\n")[0]] = [" ".join(cell.replace(",", "").split()) for cell in cells]
    return found


async def test_a_period_a_territory_and_a_grouping_are_chosen_by_keys(at_region: Browsing) -> None:
    page = await opened(at_region, "")

    await page.keyboard.press("/")
    assert await keys.focused(page, "#from")
    await page.keyboard.type(FIRST.strftime("%d%m%Y"))
    await keys.tab_to(page, "#to")
    await page.keyboard.type(LAST.strftime("%d%m%Y"))
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile(f"from={FIRST}&to={LAST}"))
    await expect(page.locator("h1")).to_contain_text("02.02.2024–03.03.2024")
    assert (await lines(page))["In all"][:3] == ["1233", "305", "1040"]

    await keys.tab_to(page, "#territory")
    await page.keyboard.type("Aqzhar")
    await page.keyboard.press("Tab")
    await keys.tab_to(page, "#figures-filter button")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("territory=aqzhar"))
    assert (await lines(page))["In all"][:3] == ["4", "1", "4"]

    await keys.tab_to(page, "#list-title ~ nav a[href*='by=category']")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("by=category.*territory=aqzhar"))
    assert len(await lines(page)) == 2


async def test_a_share_stands_beside_its_denominator_and_too_few_are_marked(at_region: Browsing) -> None:
    said = await lines(await opened(at_region))

    assert said["Petropavl city"][4:6] == ["12", "88.8 % 931 ÷ 1048"]
    assert said["Aqzhar District"][4:6] == ["0", "too few 75.0 % 3 ÷ 4"]
    assert said["Esil District"][5].startswith("–")


async def test_the_chart_has_a_table_with_the_same_days(at_region: Browsing) -> None:
    page = await opened(at_region)
    drawn = await page.locator(".chart-registered").get_attribute("points") or ""
    legend = await page.locator("#chart-title .key-registered").inner_text()

    await keys.tab_to(page, "#chart-title a")
    await page.keyboard.press("Enter")

    await expect(page).to_have_url(re.compile("by=day"))
    said = await lines(page)
    total = said.pop("In all")
    assert len(drawn.split()) == len(said) == DAYS
    assert sum(int(cells[0]) for cells in said.values()) == int(total[0]) == 1233
    assert legend == "Registered: 1,233"
    assert said["03.03.2024"][4:6] == ["12", "33.3 % 6 ÷ 18"]
    assert said["02.02.2024"][4:6] == ["not known", "not known"]


async def test_a_bad_period_is_refused_beside_its_field(at_region: Browsing) -> None:
    window = await at_region.of(COMMAND)
    window.watch.allow(422)
    wrong = {
        f"from={LAST}&to={FIRST}": ("to", "The last day is before the first one."),
        "from=2024-13-01&to=2024-02-02": ("from", "A day looks like 2026-11-24."),
        "from=2024-02-02&to=2999-01-01": ("to", "That day has not come yet."),
        "from=2001-01-01&to=2024-02-02": ("from", "There are no figures before 01.01.2024."),
        f"{PERIOD}&territory=nowhere": ("territory", "Choose one of the listed values."),
    }

    for query, (field, words) in wrong.items():
        answer = await window.page.goto(f"/rc/figures?{query}")
        assert answer is not None
        assert answer.status == 422
        assert await window.page.locator(".field-error:not(:empty)").all_inner_texts() == [words]
        await expect(window.page.locator(f"#{field}")).to_have_accessible_description(re.compile(words))


async def test_the_files_say_what_the_page_says_and_the_audit_says_who_took_them(
    at_region: Browsing, region_superuser: asyncpg.Connection
) -> None:
    page = await opened(at_region)
    shown = await lines(page)
    shown.pop("In all")

    table = await taken(page, "#csv")
    records = list(csv.DictReader(StringIO(table.decode("utf-8-sig")), delimiter=";"))
    book = zipfile.ZipFile(BytesIO(await taken(page, "#xlsx")))
    sheet = cells(book, 1)

    assert [row["Territory"].casefold() for row in records] == [name.casefold() for name in shown]
    for record, page_says in zip(records, shown.values(), strict=True):
        # The share stands apart here: its denominator is two columns of the same line.
        assert [record[name] for name in NUMBERS] == [*page_says[:5], *page_says[6:]]
        assert record["In time, %"] in page_says[5]
    assert [row[0] for row in sheet[1:]] == [record["Day"] for record in records]
    assert [numbers(row) for row in sheet[1:]] == [numbers(list(record.values())) for record in records]
    method = dict(row[:2] for row in cells(book, 2))
    assert "÷ (closed + open overdue)" in method["In time, %"]
    audit = await region_superuser.fetch(
        "SELECT object_id, detail FROM chassis.audit WHERE action = 'figures.export' ORDER BY id DESC LIMIT 2"
    )
    assert [row["object_id"] for row in audit] == ["xlsx", "csv"]
    assert all(str(FIRST) in row["detail"] for row in audit)


def numbers(line: list[str]) -> list[float | None]:
    """The figures of a file's line; what is not known has none."""
    return [float(cell) if cell else None for cell in line[4:13]]


async def taken(page: Page, link: str) -> bytes:
    """The file behind a link, fetched by keys."""
    async with page.expect_download() as waiting:
        await keys.tab_to(page, link)
        await page.keyboard.press("Enter")
    return await asyncio.to_thread(Path(await (await waiting.value).path()).read_bytes)


def cells(book: zipfile.ZipFile, number: int) -> list[list[str]]:
    """A sheet's lines, all of one length; what is not written is empty."""
    rows = []
    for row in ElementTree.fromstring(book.read(f"xl/worksheets/sheet{number}.xml")).iter(f"{SHEET}row"):  # noqa: S314
        line = [""] * 14
        for cell in row.iter(f"{SHEET}c"):
            column = ord(cell.attrib["r"].rstrip("0123456789")) - ord("A")
            line[column] = "".join(cell.itertext())
        rows.append(line)
    return rows


async def test_how_it_is_counted_names_the_days_that_are_not_known(at_region: Browsing) -> None:
    page = await opened(at_region)

    await page.keyboard.press("Alt+m")

    assert await keys.focused(page, "#method")
    method = page.locator("#method")
    await expect(method.locator("dd", has_text="÷ (closed + open overdue)")).to_be_visible()
    await expect(method).to_contain_text("In this period: 02.02.2024–02.03.2024.")
    await expect(method.locator("tbody tr")).to_have_count(14)


async def test_the_api_says_what_the_page_says(at_region: Browsing, region_api: Api) -> None:
    shown = await lines(await opened(at_region))

    answer = await region_api.get(COMMAND, f"/rc/figures?{PERIOD}")

    assert [str(one["figures"]["registered"]) for one in answer["items"]] == [
        cells[0] for name, cells in shown.items() if name != "In all"
    ]
    assert (answer["total"]["overdue"], answer["total"]["judged"]) == (12, 1052)
    assert answer["missing"] == [{"first": "2024-02-02", "last": "2024-03-02"}]


async def test_nobody_of_a_tenant_gets_a_figure_in_any_form(at_region: Browsing, region_api: Api) -> None:
    for person in ("head.petropavl", "analyst.petropavl", "operator.aiyrtau"):
        window = await at_region.of(person)
        for path in ("/rc/figures", "/rc/figures.csv", "/rc/figures.xlsx", "/rc/figures.csv?each=true"):
            answer = await window.context.request.get(path, max_redirects=0)
            assert answer.status == NOBODY_HERE, (person, path)
        said = await region_api.send(person, "GET", f"/rc/figures?{PERIOD}")
        assert said.status_code == NOBODY_HERE, person
