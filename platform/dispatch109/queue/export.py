"""The queue as an XLSX workbook: the columns of the list, no names and no phones, headers in the person's language."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any

from chassis109.kernel import clock
from chassis109.store import journal
from chassis109.store.unit import transaction
from dispatch109.catalogue import service as catalogues
from dispatch109.queue import service as queue
from dispatch109.queue.model import Filter, Row
from dispatch109.tickets.model import ALMATY
from identity109.actor import Actor
from tenancy109.model import Catalogue
from ui109.i18n import Language, mark, translate
from ui109.statuses import STATUSES
from ui109.workbooks import Workbook, pieces

MOST_ROWS = 50_000
PAGE_ROWS = 1000
_YES = mark("yes")
HEADINGS = (
    (mark("Number"), 16), (mark("Status"), 16), (mark("Category"), 28), (mark("What is asked"), 60),
    (mark("Address"), 32), (mark("Landmark"), 24), (mark("Service"), 32), (mark("Priority"), 10),
    (mark("Registered at"), 17), (mark("To be done by"), 17), (mark("Done at"), 17), (mark("Overdue"), 12),
    (mark("Did not react, times"), 14), (mark("Reopened, times"), 14),
)  # fmt: skip


@dataclass(frozen=True)
class Exported:
    """A finished workbook; it is read once and then gone."""

    name: str
    file: IO[bytes]

    def chunks(self) -> AsyncIterator[bytes]:
        """The file in pieces."""
        return pieces(self.file)


async def workbook(wanted: Filter, actor: Actor, language: Language) -> Exported:
    """Up to 50 000 rows of the filter; who took them out, and how many, is written into the audit."""
    sheet = _Sheet(await catalogues.of(actor.here), actor.here.names[language], language)
    place, written = None, 0
    while written < MOST_ROWS:
        found = await queue.page(wanted, place, min(PAGE_ROWS, MOST_ROWS - written), actor, counted=False)
        # Written in a thread: other people's requests go on meanwhile.
        await asyncio.to_thread(sheet.add, found.rows)
        place, written = found.next, written + len(found.rows)
        if place is None:
            break
    async with transaction(actor.tenant_id):
        entry = journal.AuditEntry("ticket.export", "queue", "xlsx", {"rows": written})
        await journal.write(actor.subject, actor.kind, [entry])
    file = await asyncio.to_thread(sheet.finished)
    day = clock.now().astimezone(ALMATY).date()
    return Exported(f"109-{actor.here.slug}-{day.isoformat()}.xlsx", file)


class _Sheet:
    """The one sheet of the workbook, filled row after row."""

    def __init__(self, catalogue: Catalogue, title: str, language: Language) -> None:
        self._catalogue, self._language, self._at = catalogue, language, clock.now()
        self._file = Workbook()
        self._book, self._text = self._file.book, self._file.text
        self._moment = self._book.add_format({"num_format": "dd.mm.yyyy hh:mm"})
        self._sheet = self._book.add_worksheet(_sheet_name(title))
        self._next = 1
        heading = self._book.add_format({"bold": True})
        for column, (message, width) in enumerate(HEADINGS):
            self._sheet.set_column(column, column, width)
            self._sheet.write_string(0, column, translate(message, language), heading)
        self._sheet.freeze_panes(1, 0)

    def add(self, rows: list[Row]) -> None:
        """Write further rows."""
        for row in rows:
            for column, value in enumerate(self._cells(row)):
                self._write(column, value)
            self._next += 1

    def finished(self) -> IO[bytes]:
        """The whole file, at its beginning."""
        return self._file.finished()

    def _cells(self, row: Row) -> tuple[str | int | datetime | None, ...]:
        category = self._catalogue.category_ever(row.category_code)
        service = self._catalogue.service_ever(row.service_code) if row.service_code else None
        return (
            row.reference, self._say(STATUSES[row.state.value][1]),
            category.names[self._language] if category else row.category_code, row.text, row.address,
            row.landmark, service.names[self._language] if service else row.service_code, row.priority,
            row.opened_at, row.due_at, row.done_at, self._say(_YES) if row.overdue(self._at) else "",
            row.unanswered, row.reopened,
        )  # fmt: skip

    def _write(self, column: int, value: Any) -> None:  # noqa: ANN401 - a cell
        if isinstance(value, datetime):
            local = value.astimezone(ALMATY).replace(tzinfo=None)  # XLSX knows no time zones
            self._sheet.write_datetime(self._next, column, local, self._moment)
        elif isinstance(value, int):
            self._sheet.write_number(self._next, column, value)
        elif value:
            self._sheet.write_string(self._next, column, value, self._text)

    def _say(self, message: str) -> str:
        return translate(message, self._language)


def _sheet_name(title: str) -> str:
    """A sheet's name has at most 31 characters and none of []:*?/\\ ."""
    return "".join(character for character in title if character not in "[]:*?/\\")[:31]
