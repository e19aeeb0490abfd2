"""`figures_page`: a page of figures, the longest CSV and the largest workbook over three years of daily figures.

A database of the benchmark's own with a row for every day, territory and category of the registry; statements, report
and files are those behind the screen.
"""

import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from statistics import median

import asyncpg
from tests.bench.figure import Figure, note, spread
from tests.databases import Database, Databases, storing

from chassis109.store import unit
from region109.figures import export, repository
from region109.figures import service as figures
from region109.figures.asked import MOST_DAYS, Asked
from region109.figures.model import Ground

ROUNDS = int(os.environ.get("FIGURES_ROUNDS", "15"))
PERIODS = {"month": 30, "year": 365, "three_years": MOST_DAYS}
GOALS = {"month": "value <= 100", "year": "value <= 500", "three_years": "value <= 1000"}
_FILL = f"""
INSERT INTO region.daily (day, territory, category, registered, consulted, closed, on_time, did_not_react, reopened,
    confirmed)
SELECT current_date - d, c.territory, c.code, 9, 5, 8, 6, 1, 1, 7
FROM generate_series({MOST_DAYS}, 0, -1) d, region.category c;
INSERT INTO region.overdue (day, territory, category, open_overdue)
SELECT current_date - d, c.territory, c.code, 1 FROM generate_series({MOST_DAYS}, 1, -1) d, region.category c
WHERE c.position % 3 = 0;
INSERT INTO region.overdue (day, territory, category, open_overdue)
SELECT current_date - d, t.id, '', 0 FROM generate_series({MOST_DAYS}, 1, -1) d, region.territory t
"""


async def measure() -> list[Figure]:
    """Milliseconds of a page by the length of its period; seconds and memory of the two largest files."""
    databases = await Databases.open(dict(os.environ))
    try:
        database = await databases.clone("region")
        await _fill(database)
        async with storing(database.app, size=2):
            pages = [figure for name, days in PERIODS.items() for figure in await _page(name, days)]
            return [*pages, *await _table(), *await _workbook()]
    finally:
        await databases.close()


async def _fill(database: Database) -> None:
    connection = await asyncpg.connect(database.superuser)
    await connection.execute(_FILL)
    for table in ("daily", "overdue"):
        await connection.execute(f"VACUUM (ANALYZE) region.{table}")
    note(f"{await connection.fetchval('SELECT count(*) FROM region.daily')} daily rows")
    await connection.close()


async def _asked(days: int) -> tuple[Asked, Ground]:
    ground = await figures.ground()
    return Asked(ground.today - timedelta(days=days - 1), ground.today), ground


async def _page(name: str, days: int) -> list[Figure]:
    """What the database needs for the page, and the report with its sums, sorting and the registry."""
    asked, ground = await _asked(days)
    whole = asked.first, asked.last, (None, None)
    statements: tuple[Callable[[], Awaitable[object]], ...] = (
        lambda: repository.days(*whole), lambda: repository.cells(*whole), lambda: repository.ends(*whole),
        lambda: repository.now(ground.at, (None, None)),
    )  # fmt: skip

    async def sql() -> None:
        async with unit.transaction(None):
            for statement in statements:
                await statement()

    async def report() -> None:
        await figures.report(asked, await figures.ground())

    alone, together = await _times(sql), await _times(report)
    return [
        Figure(f"figures_page.{name}.sql", median(alone), "ms", None, GOALS[name], spread(alone)),
        Figure(f"figures_page.{name}", median(together), "ms", None, "", spread(together)),
    ]


async def _times(work: Callable[[], Awaitable[None]]) -> list[float]:
    """Milliseconds of each round; the first, that only warms, is not counted."""
    times = []
    for _ in range(ROUNDS + 1):
        started = time.perf_counter()
        await work()
        times.append((time.perf_counter() - started) * 1000)
    return times[1:]


async def _table() -> list[Figure]:
    asked, ground = await _asked(MOST_DAYS)
    lines = export.Lines("", asked, ground, 0, figures.each(asked, ground))
    return await _file("csv", (piece.encode() async for piece in export.table(lines, "ru")))


async def _workbook() -> list[Figure]:
    asked, ground = await _asked(1)
    asked, ground = await _asked(export.MOST_SHEET_ROWS // await figures.rows_of_each(asked, ground))
    rows = await figures.rows_of_each(asked, ground)
    note(f"{rows} lines in the workbook")
    lines = export.Lines("", asked, ground, rows, figures.each(asked, ground))
    return await _file("xlsx", export.workbook(lines, "ru"))


async def _file(form: str, pieces: AsyncIterator[bytes]) -> list[Figure]:
    before, written, started = _peak(), 0, time.perf_counter()
    async for piece in pieces:
        written += len(piece)
    seconds = time.perf_counter() - started
    note(f"{form}: {written / 1e6:.1f} MB written")
    grown = f"peak of the process before: {before:.0f} MB"
    return [
        Figure(f"figures_page.{form}", seconds, "s"),
        Figure(f"figures_page.{form}.memory", _peak() - before, "MB", None, "", grown),
    ]


def _peak() -> float:
    """The most that this process has had in memory so far."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024
