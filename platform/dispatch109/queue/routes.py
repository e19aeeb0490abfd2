"""Lists of tickets over JSON."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from litestar import get
from litestar.params import FromQuery, QueryParameter

from chassis109.kernel import clock
from chassis109.web import paging
from dispatch109.queue import service as queue
from dispatch109.queue.model import Filter, Place
from dispatch109.queue.schemas import PageOut, RowOut
from dispatch109.tickets.model import State
from dispatch109.tickets.routes import Acting
from identity109.permissions import Permission as P
from identity109.permissions import requires


@get("/api/v1/t/{slug:str}/tickets", opt=requires(P.TICKET_READ), tags=["tickets"])
async def page(  # noqa: PLR0913, PLR0917 - one argument a filter
    actor: Acting,
    view: FromQuery[Literal["open", "all"]] = "open",
    states: Annotated[list[State] | None, QueryParameter(name="state")] = None,
    service: FromQuery[str | None] = None,
    category: FromQuery[str | None] = None,
    overdue: FromQuery[bool] = False,
    unanswered: FromQuery[bool] = False,
    q: Annotated[str, QueryParameter(description="words of text and place, a number, or a phone")] = "",
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int | None] = None,
) -> PageOut:
    """Open tickets, the most urgent first (`view=open`), or all, the newest first (`view=all`, and every search)."""
    wanted = Filter(view, tuple(states or ()), service, category, overdue, unanswered)
    wanted, most = queue.searched(wanted, q, actor), paging.size(limit)
    found = await queue.page(wanted, place_of(cursor, actor.here.id), most, actor)
    now = clock.now()
    return PageOut(
        [RowOut.of(row, now) for row in found.rows], cursor_of(found.next, actor.here.id), found.count
    )


def place_of(cursor: str | None, tenant: int) -> Place | None:
    """Where a cursor points; raises Invalid for what is none of ours."""
    key = paging.decode(cursor, tenant, tuple[datetime, UUID])
    return Place(*key) if key else None


def cursor_of(place: Place | None, tenant: int) -> str | None:
    """The cursor of a place."""
    return paging.encode(tenant, place.at, place.id) if place else None


ROUTES = (page,)
