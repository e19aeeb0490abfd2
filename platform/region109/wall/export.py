"""The tickets of a territory as CSV: the columns of the list; who took them out, and how many, is written into the
audit."""

import csv
from collections.abc import AsyncIterator
from datetime import datetime
from io import StringIO

from chassis109.kernel import clock
from chassis109.store import journal
from chassis109.store.unit import transaction
from identity109.actor import Actor
from region109.wall import service as wall
from region109.wall.asked import Filter
from region109.wall.ground import Ground, ground
from region109.wall.model import ALMATY
from region109.wall.telling import Ticket
from ui109.formatting import Formats
from ui109.i18n import Language, mark, translate
from ui109.statuses import STATUSES

MOST_ROWS = 50_000
PAGE_ROWS = 1000
HEADINGS = (
    mark("Number"), mark("Status"), mark("Category"), mark("Service"), mark("Priority"), mark("Registered at"),
    mark("To be done by"), mark("By law until"), mark("Done at"), mark("Closed at"), mark("Overdue"),
    mark("Did not react, times"), mark("Reopened, times"), mark("Referred from"), mark("Longitude"), mark("Latitude"),
)  # fmt: skip
_YES = mark("yes")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


async def name(slug: str) -> str:
    """What the file is called; raises NotFound for no territory."""
    territory = (await ground()).territory(slug)
    return f"109-{territory.slug}-{clock.now().astimezone(ALMATY).date().isoformat()}.csv"


async def table(
    registry: Ground, slug: str, wanted: Filter, language: Language, actor: Actor
) -> AsyncIterator[str]:
    """Up to 50 000 rows, page by page, for spreadsheets: UTF-8 with its mark, semicolons."""
    yield "\ufeff" + _line([translate(heading, language) for heading in HEADINGS])
    after, written, say = None, 0, Formats(language, clock.now())
    while written < MOST_ROWS:
        found = await wall.tickets(slug, wanted, after, PAGE_ROWS)
        yield "".join(_line(_cells(one, registry, say)) for one in found)
        written += len(found)
        if len(found) < PAGE_ROWS:
            break
        after = found[-1].sorted_by(wanted.all), found[-1].id
    async with transaction(actor.tenant_id):
        entry = journal.AuditEntry("ticket.export", "territory", slug, {"rows": written})
        await journal.write(actor.subject, actor.kind, [entry])


def _cells(one: Ticket, registry: Ground, say: Formats) -> list[str]:
    def at(moment: datetime | None) -> str:
        return say.moment(moment) if moment else ""

    return [
        one.reference, translate(STATUSES[one.state][1], say.language),
        say.name(registry.category(one.territory, one.category)),
        say.name(registry.service(one.territory, one.service)) if one.service else "", str(one.priority),
        at(one.opened_at), at(one.due_at), at(one.statutory_due), at(one.done_at), at(one.closed_at),
        translate(_YES, say.language) if one.overdue(say.now) else "", str(one.unanswered), str(one.reopened),
        one.origin or "", "" if one.lon is None else f"{one.lon:.3f}", "" if one.lat is None else f"{one.lat:.3f}",
    ]  # fmt: skip


def _line(cells: list[str]) -> str:
    """A row; what a spreadsheet would take for a formula is made text."""
    out = StringIO()
    safe = [f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells]
    csv.writer(out, delimiter=";", lineterminator="\r\n").writerow(safe)
    return out.getvalue()
