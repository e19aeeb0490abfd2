"""Figures as XLSX and CSV: the lines of the page, or every day, territory and category by itself. Written piece by
piece in a thread, so that other people's requests go on; who took what is in the audit before the first line leaves."""

import asyncio
import csv
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import date
from io import StringIO
from typing import IO, Any

from chassis109.kernel.errors import Refused
from chassis109.store import journal
from chassis109.store.unit import transaction
from identity109.actor import Actor
from region109.contract import STALE_SECONDS
from region109.figures import model, service, telling
from region109.figures.asked import Asked
from region109.figures.model import Ground, Row
from ui109.formatting import Formats
from ui109.i18n import Language, mark, translate
from ui109.workbooks import Workbook, pieces

MOST_SHEET_ROWS = 100_000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
HEADINGS = (
    (mark("Day"), 24), (mark("Territory"), 34), (mark("Group"), 26), (mark("Category"), 34),
    *((heading, 14) for heading in telling.HEADINGS.values()), (mark("Note"), 40),
)  # fmt: skip
_NO_END, _FEW = mark("the end of the day was not written down"), mark("too few to judge")
_turn = asyncio.Lock()
Cell = str | int | float | date | None


class TooManyRows(Refused):
    """A workbook holds at most {most} lines, these are {rows}: take CSV or a shorter period."""

    status = 422


@dataclass(frozen=True)
class Lines:
    """What a file is made of: its name, how many lines, and they themselves in pieces."""

    name: str
    asked: Asked
    ground: Ground
    count: int
    pieces: AsyncIterator[list[Row]]


async def lines(asked: Asked, *, apart: bool, actor: Actor, form: str) -> Lines:
    """What the file will hold; `apart`: every day, territory and category by itself. Raises TooManyRows."""
    ground = await service.ground()
    if apart:
        count, pieces = await service.rows_of_each(asked, ground), service.each(asked, ground)
    else:
        report = await service.report(asked, ground)
        count, pieces = len(report.rows), _one(report.rows)
    if form == "xlsx" and count > MOST_SHEET_ROWS:
        raise TooManyRows(most=MOST_SHEET_ROWS, rows=count)
    async with transaction(actor.tenant_id):
        said = {
            "from": str(asked.first),
            "to": str(asked.last),
            "by": "each" if apart else asked.by,
            "rows": count,
        }
        entry = journal.AuditEntry("figures.export", "figures", form, said)
        await journal.write(actor.subject, actor.kind, [entry])
    name = f"109-figures-{asked.first.isoformat()}-{asked.last.isoformat()}.{form}"
    return Lines(name, asked, ground, count, pieces)


async def _one(rows: list[Row]) -> AsyncIterator[list[Row]]:
    yield rows


async def table(wanted: Lines, language: Language) -> AsyncIterator[str]:
    """For spreadsheets: UTF-8 with its mark, semicolons, decimal commas where people write them."""
    say = _Say(wanted, language)
    yield "\ufeff" + _csv([[translate(heading, language) for heading, _ in HEADINGS]], say)
    async for rows in wanted.pieces:
        yield await asyncio.to_thread(_csv, (say.cells(row) for row in rows), say)


async def workbook(wanted: Lines, language: Language) -> AsyncIterator[bytes]:
    """The same as a workbook, with how it is counted on a second sheet; one is written at a time."""
    async with _turn:
        book = _Book(_Say(wanted, language))
        async for rows in wanted.pieces:
            await asyncio.to_thread(book.add, rows)
        file = await asyncio.to_thread(book.finished)
    async for piece in pieces(file):
        yield piece


class _Say:
    """A line's cells in the reader's language."""

    def __init__(self, wanted: Lines, language: Language) -> None:
        self.language, self.ground, self.asked = language, wanted.ground, wanted.asked
        self.fmt = Formats(language, wanted.ground.at)
        self._span = f"{_written(wanted.asked.first)}–{_written(wanted.asked.last)}"

    def word(self, message: str, **params: object) -> str:
        """A sentence."""
        return translate(message, self.language, **params)

    def cells(self, row: Row) -> list[Cell]:
        """In the order of HEADINGS."""
        sums, place = row.sums, self.ground.territories.get(row.territory or 0)
        group, category = self._category(row.category)
        return [
            row.day or self._span, self.fmt.name(place.names) if place else "", group, category, sums.registered,
            sums.consulted, sums.closed, sums.on_time, sums.overdue, sums.percent, sums.did_not_react, sums.reopened,
            sums.confirmed, "; ".join(self._notes(row)),
        ]  # fmt: skip

    def _category(self, code: str | None) -> tuple[str, str]:
        if not code:
            return "", "" if code is None else self.word("No category named")
        known = self.ground.categories.get(code)
        return (self.fmt.name(known.group), self.fmt.name(known.names)) if known else ("", code)

    def _notes(self, row: Row) -> Iterable[str]:
        if row.sums.overdue is None:
            yield self.word(_NO_END)
        if row.sums.few:
            yield self.word(_FEW)
        if row.territory and self.ground.stale(row.territory):
            at = self.ground.heard.get(row.territory)
            yield (
                self.word("no word since {time}", time=self.fmt.moment(at))
                if at
                else self.word("never heard")
            )

    def method(self) -> Iterable[tuple[str, str]]:
        """How each figure is counted, then what is missing and who is silent."""
        for name, sentence in telling.DEFINITIONS.items():
            heading = telling.HEADINGS.get(name, mark("Day"))
            yield self.word(heading), self.word(sentence, few=model.FEW)
        yield self.word("Later facts"), self.word(telling.LATER)
        yield self.word("Days without an end"), self.word(telling.MISSING)
        yield self.word("Silent territories"), self.word(telling.STALE, seconds=STALE_SECONDS)
        for place in self.ground.territories.values():
            at = self.ground.heard.get(place.id)
            yield self.fmt.name(place.names), self.fmt.moment(at) if at else self.word("never heard")


class _Book:
    """The workbook, filled line after line."""

    def __init__(self, say: _Say) -> None:
        self._say, self._next = say, 1
        self._file = Workbook()
        self._book, self._text = self._file.book, self._file.text
        self._day = self._book.add_format({"num_format": "dd.mm.yyyy", "align": "left"})
        self._bold = self._book.add_format({"bold": True, "text_wrap": True})
        self._sheet = self._book.add_worksheet(say.word("Figures"))
        for column, (message, width) in enumerate(HEADINGS):
            self._sheet.set_column(column, column, width)
            self._sheet.write_string(0, column, say.word(message), self._bold)
        self._sheet.freeze_panes(1, 0)

    def add(self, rows: list[Row]) -> None:
        """Write further lines."""
        for row in rows:
            for column, value in enumerate(self._say.cells(row)):
                self._write(column, value)
            self._next += 1

    def finished(self) -> IO[bytes]:
        """The whole file, at its beginning."""
        sheet = self._book.add_worksheet(self._say.word("How it is counted")[:31])
        wrapped = self._book.add_format({"text_wrap": True, "valign": "top", "quote_prefix": True})
        sheet.set_column(0, 0, 34)
        sheet.set_column(1, 1, 110)
        for number, (name, sentence) in enumerate(self._say.method()):
            sheet.write_string(number, 0, name, wrapped)
            sheet.write_string(number, 1, sentence, wrapped)
        return self._file.finished()

    def _write(self, column: int, value: Any) -> None:  # noqa: ANN401 - a cell
        if isinstance(value, date):
            self._sheet.write_datetime(self._next, column, value, self._day)
        elif isinstance(value, int | float):
            self._sheet.write_number(self._next, column, value)
        elif value:
            self._sheet.write_string(self._next, column, value, self._text)


def _csv(rows: Iterable[list[Any]], say: _Say) -> str:
    """Lines; what a spreadsheet would take for a formula is made text."""
    out = StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    for row in rows:
        writer.writerow([_plain(cell, say) for cell in row])
    return out.getvalue()


def _plain(cell: Cell, say: _Say) -> str | int:
    if isinstance(cell, str):
        return f"'{cell}" if cell.startswith(_FORMULA) else cell
    if isinstance(cell, float):
        return str(cell) if say.language == "en" else str(cell).replace(".", ",")
    if isinstance(cell, date):
        return cell.isoformat()
    return "" if cell is None else cell


def _written(day: date) -> str:
    return day.strftime("%d.%m.%Y")
