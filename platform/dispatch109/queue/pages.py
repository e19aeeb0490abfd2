"""The queue on screen: the page with its filter, the rows alone for live news, a short card, the export."""

from typing import Any

from litestar import get
from litestar.params import FromPath, FromQuery
from litestar.response import Stream, Template

from dispatch109.catalogue import service as catalogues
from dispatch109.queue import export
from dispatch109.queue import service as queue
from dispatch109.queue.asked import Asked
from dispatch109.queue.model import PAGE, Filter
from dispatch109.queue.repository import COUNT_LIMIT
from dispatch109.queue.routes import cursor_of, place_of
from dispatch109.tickets import reading
from dispatch109.tickets.model import State
from dispatch109.tickets.routes import Acting
from identity109.actor import Actor
from identity109.permissions import Permission as P
from identity109.permissions import requires
from ui109.templating import AnyRequest, language_of, page

QUEUE = "/t/{slug:str}/op/queue"
PANE_ROWS = 30


@get(QUEUE, opt=requires(P.TICKET_READ), include_in_schema=False)
async def show(request: AnyRequest, actor: Acting, cursor: FromQuery[str] = "") -> Template:
    """The queue with its filter bar."""
    asked = Asked.read(request.query_params)
    context = await rows_of(asked, cursor, actor)
    return page(request, "queue/queue.html", states=[state.value for state in State], **context)


@get(f"{QUEUE}/rows", opt=requires(P.TICKET_READ), include_in_schema=False)
async def rows(request: AnyRequest, actor: Acting, cursor: FromQuery[str] = "") -> Template:
    """The rows alone, read again after news and after a change of the filter."""
    asked = Asked.read(request.query_params)
    return page(request, "queue/rows.html", **await rows_of(asked, cursor, actor))


@get(f"{QUEUE}/pane", opt=requires(P.TICKET_READ), include_in_schema=False)
async def pane(request: AnyRequest, actor: Acting) -> Template:
    """The most urgent rows for the narrow pane beside the intake."""
    asked = Asked.read(request.query_params)
    return page(request, "queue/pane.html", **await rows_of(asked, "", actor, PANE_ROWS))


@get(f"{QUEUE}/count", opt=requires(P.TICKET_READ), include_in_schema=False)
async def count(request: AnyRequest, actor: Acting) -> Template:
    """How many tickets are open, for the main menu."""
    return page(
        request, "queue/count.html", count=await queue.count(Filter(), actor), count_limit=COUNT_LIMIT
    )


@get(f"{QUEUE}/{{ticket_id:str}}/brief", opt=requires(P.TICKET_READ), include_in_schema=False)
async def brief(request: AnyRequest, ticket_id: FromPath[str], actor: Acting) -> Template:
    """A short card of one ticket: its clocks, who is responsible, what was said."""
    ticket = await reading.ticket(ticket_id, actor)
    return page(request, "queue/brief.html", ticket=ticket, catalogue=await catalogues.of(actor.here))


@get("/t/{slug:str}/op/queue.xlsx", opt=requires(P.TICKET_EXPORT), include_in_schema=False)
async def export_xlsx(request: AnyRequest, actor: Acting) -> Stream:
    """The rows of the present filter as a workbook, with the columns of the list."""
    asked = Asked.read(request.query_params)
    book = await export.workbook(asked.filter(actor), actor, language_of(request))
    return Stream(
        book.chunks(),
        media_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        headers={"Content-Disposition": f'attachment; filename="{book.name}"'},
    )


async def rows_of(asked: Asked, cursor: str, actor: Actor, most: int = PAGE) -> dict[str, Any]:
    """One page of the queue as the templates `queue/rows.html` and `queue/pane.html` want it."""
    catalogue = await catalogues.of(actor.here)
    wanted, tenant_id = asked.filter(actor), actor.here.id
    found = await queue.page(wanted, place_of(cursor or None, tenant_id), most, actor)
    return {
        "asked": asked, "rows": found.rows, "count": found.count, "count_limit": COUNT_LIMIT,
        "catalogue": catalogue, "cursor": cursor, "next": cursor_of(found.next, tenant_id),
        "searched": bool(asked.q),
    }  # fmt: skip


PAGES = (show, rows, pane, count, brief, export_xlsx)
