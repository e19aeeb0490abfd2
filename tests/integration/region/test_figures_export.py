"""What leaves as a file, what a page of figures costs the database, and what a long export costs the process."""

import asyncio
import csv
import io
import zipfile
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta

import asyncpg
import pytest
import pytest_asyncio
from tests.databases import Database
from tests.integration.region import facts
from tests.integration.region.facts import NOON, SNOW, WATER, consultation, feed_of, project, ticket
from tests.integration.region.test_wall_export import commander

from chassis109.kernel import clock
from chassis109.store import unit
from region109.figures import export
from region109.figures import service as figures
from region109.figures.asked import BYS, Asked
from region109.figures.export import TooManyRows

TODAY = date(2026, 11, 23)
MONTH = Asked(TODAY - timedelta(days=29), TODAY, "month")
HOSTILE = '=HYPERLINK("http://example.org";"x")\n'


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def told(region: Database, superuser: asyncpg.Connection) -> AsyncIterator[None]:
    await superuser.execute(
        "TRUNCATE " + ", ".join(f"region.{table}" for table in facts.TABLES) + ", chassis.audit"
    )
    await superuser.execute(
        "UPDATE region.category SET names = jsonb_build_object('ru', $1::text) WHERE code = $2", HOSTILE, SNOW
    )
    with clock.frozen(NOON + timedelta(hours=1)):
        late = {"opened_at": NOON - timedelta(days=2), "due_at": NOON}
        await project(
            feed_of(
                [
                    ticket(), ticket(category=SNOW), ticket("aqzhar", category=SNOW, **late),
                    consultation(category=None),
                    ticket(**late, state="closed", done_at=NOON, closed_at=NOON, confirmed=True),
                ]
            )
        )  # fmt: skip
        yield


async def csv_of(asked: Asked, *, apart: bool = False, language: str = "ru") -> list[list[str]]:
    lines = await export.lines(asked, apart=apart, actor=await commander(), form="csv")
    said = "".join([part async for part in export.table(lines, language)])  # type: ignore[arg-type]
    assert said.startswith("\ufeff")
    return list(csv.reader(io.StringIO(said[1:]), delimiter=";"))


async def sheets_of(asked: Asked, *, apart: bool = False) -> dict[str, str]:
    lines = await export.lines(asked, apart=apart, actor=await commander(), form="xlsx")
    whole = b"".join([part async for part in export.workbook(lines, "ru")])
    with zipfile.ZipFile(io.BytesIO(whole)) as book:
        return {name: book.read(name).decode() for name in book.namelist() if name.startswith("xl/")}


async def test_a_table_has_the_lines_of_the_page_in_the_readers_language(region: Database) -> None:
    rows = await csv_of(replace(MONTH, by="both"))

    assert rows[0][:5] == ["День", "Территория", "Группа", "Вид", "Зарегистрировано"]
    report = await figures.report(replace(MONTH, by="both"), await figures.ground())
    assert [row[4:9] for row in rows[1:]] == [
        [str(getattr(row.sums, name)) for name in ("registered", "consulted", "closed", "on_time", "overdue")]
        for row in report.rows
    ]
    assert {row[0] for row in rows[1:]} == {"25.10.2026–23.11.2026"}
    assert "Вид не назван" in [row[3] for row in rows]
    assert [row[-1] for row in rows if row[8] == "1"] == [
        "слишком мало, чтобы судить; нет вестей с 23.11.2026 12:00"
    ]


async def test_a_hostile_name_is_text_in_every_file(region: Database) -> None:
    for asked, apart in ((replace(MONTH, by="category"), False), (MONTH, True)):
        names = [row[3] for row in await csv_of(asked, apart=apart)]
        assert f"'{HOSTILE}" in names
        assert not [name for name in names if name.startswith(("=", "+", "-", "@"))]
        book = await sheets_of(asked, apart=apart)
        assert "<f>" not in book["xl/worksheets/sheet1.xml"]
        assert "hyperlink" not in book["xl/worksheets/sheet1.xml"].lower().replace("=hyperlink(", "")
        assert 'quotePrefix="1"' in book["xl/styles.xml"]


async def test_a_workbook_says_on_its_second_sheet_how_it_is_counted(region: Database) -> None:
    book = await sheets_of(MONTH)
    assert 'name="Показатели"' in book["xl/workbook.xml"]
    assert 'name="Как считается"' in book["xl/workbook.xml"]
    assert "Закрыто в срок ÷ (закрыто + просрочено и открыто)" in "".join(book.values())


async def test_every_day_apart_adds_up_to_the_period(region: Database) -> None:
    rows = (await csv_of(MONTH, apart=True))[1:]
    total = (await figures.report(MONTH, await figures.ground())).total

    assert sum(int(row[4]) for row in rows) == total.registered == 4
    assert sum(int(row[6]) for row in rows) == total.closed == 1
    today = [int(row[8]) for row in rows if row[0] == TODAY.isoformat() and row[8]]
    assert sum(today) == total.overdue == 1
    assert {row[0] for row in rows} == {"2026-11-21", "2026-11-23"}


async def test_who_took_which_figures_is_written_down_before_the_first_line_leaves(
    region: Database, superuser: asyncpg.Connection
) -> None:
    await export.lines(MONTH, apart=False, actor=await commander(), form="csv")

    rows = await superuser.fetch(
        "SELECT object_id, detail::text FROM chassis.audit WHERE action = 'figures.export'"
    )
    assert [tuple(row) for row in rows] == [
        ("csv", '{"by": "territory", "to": "2026-11-23", "from": "2026-10-25", "rows": 14}')
    ]


async def test_a_workbook_of_too_many_lines_is_refused_before_it_is_begun_and_csv_is_not(
    region: Database, monkeypatch: pytest.MonkeyPatch, superuser: asyncpg.Connection
) -> None:
    monkeypatch.setattr(export, "MOST_SHEET_ROWS", 3)
    with pytest.raises(TooManyRows):
        await sheets_of(MONTH, apart=True)
    assert await superuser.fetchval("SELECT count(*) FROM chassis.audit WHERE action = 'figures.export'") == 0
    assert len(await csv_of(MONTH, apart=True)) > 3


@pytest.mark.parametrize("by", BYS)
async def test_a_page_takes_as_many_statements_however_much_it_shows(region: Database, by: str) -> None:
    heard: list[str] = []
    await figures.report(replace(MONTH, by=by), await figures.ground())  # type: ignore[arg-type]
    connections = [holder._con for holder in unit.engine().connections()._holders if holder._con]
    for one in connections:
        one.add_query_logger(note := lambda query: heard.append(query.query))
    try:
        await figures.report(replace(MONTH, by=by), await figures.ground())  # type: ignore[arg-type]
        await asyncio.sleep(0)
    finally:
        for one in connections:
            one.remove_query_logger(note)

    assert len([query for query in heard if "region." in query]) == (6 if by == "day" else 7)


async def test_others_are_answered_while_a_long_export_is_written(
    region: Database, superuser: asyncpg.Connection
) -> None:
    """60 days × 14 territories × 40 categories: the loop never waits for a whole piece of it."""
    await superuser.execute(
        """INSERT INTO region.daily (day, territory, category, registered)
           SELECT $1::date - d, t, 'c' || c, 1 FROM generate_series(0, 59) d, generate_series(1, 14) t,
               generate_series(1, 40) c""",
        TODAY,
    )  # fmt: skip
    asked = Asked(TODAY - timedelta(days=59), TODAY)
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    beside = asyncio.create_task(others())
    rows = await csv_of(asked, apart=True)
    beside.cancel()

    assert len(rows) > 60 * 14 * 40
    assert turns > 100
    assert {row[3] for row in rows} >= {"c1", "c40"}
    assert WATER not in {row[3] for row in rows}
