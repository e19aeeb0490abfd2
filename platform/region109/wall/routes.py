"""The wall over JSON: the same readings as on screen."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter, SkipValidation

from chassis109.kernel import clock
from chassis109.web import paging
from identity109.actor import Actor
from identity109.permissions import Permission as P
from identity109.permissions import requires
from region109.contract import TicketState
from region109.wall import service as wall
from region109.wall.asked import Asked, Filter
from region109.wall.ground import ground
from region109.wall.schemas import (
    CardOut,
    HandoffOut,
    HandoffsOut,
    RefusalOut,
    RefusalsOut,
    TerritoriesOut,
    TerritoryOut,
    TicketOut,
    TicketsOut,
    WallOut,
)
from region109.wall.telling import Handoff, Refusal, Ticket

Acting = NamedDependency[SkipValidation[Actor]]
States = Annotated[TicketState | None, QueryParameter(name="state")]
Order = Literal["overdue", "in_time", "silent", "open"]
ALL = "/api/v1/rc/territories"
ONE = f"{ALL}/{{territory:str}}"
PAGE = 50


@get("/api/v1/rc/wall", opt=requires(P.WALL_READ), tags=["wall"])
async def figures() -> WallOut:
    """The figures of the wall: today, what is open, the flow of 24 hours, handoffs, the latest facts."""
    return WallOut.of(await wall.board(), await ground())


@get(ALL, opt=requires(P.WALL_READ), tags=["territories"])
async def territories(order: FromQuery[Order] = "overdue") -> TerritoriesOut:
    """The territories, the worst first: by share of overdue, punctuality, missing reaction, or what is open."""
    board = await wall.board()
    return TerritoriesOut([TerritoryOut.of(one, board.at) for one in board.ranked(order)])


@get(f"{ONE}/tickets", opt=requires(P.WALL_READ), tags=["territories"])
async def tickets(  # noqa: PLR0913, PLR0917 - one argument a filter
    territory: FromPath[str],
    actor: Acting,
    view: FromQuery[Literal["open", "all"]] = "open",
    wanted: States = None,
    category: FromQuery[str] = "",
    service: FromQuery[str] = "",
    overdue: FromQuery[bool] = False,
    silent: FromQuery[bool] = False,
    q: FromQuery[str] = "",
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int | None] = None,
) -> TicketsOut:
    """What is open by its due time (`view=open`), or everything, the newest first; `q` is a number."""
    asked = Asked(view, wanted or "", category, service, overdue, silent, q).checked()
    shown = await page_of_tickets(territory, asked.filter(), cursor, paging.size(limit), actor)
    now = clock.now()
    return TicketsOut([TicketOut.of(one, now) for one in shown.items], shown.next)


@get(f"{ONE}/tickets/{{ticket_id:uuid}}", opt=requires(P.WALL_READ), tags=["territories"])
async def ticket(territory: FromPath[str], ticket_id: FromPath[UUID]) -> CardOut:
    """Everything that is known of a ticket, and what was ordered about it."""
    return CardOut.of(await wall.card(territory, ticket_id), clock.now())


@get(f"{ONE}/handoffs", opt=requires(P.WALL_READ), tags=["territories"])
async def handoffs(
    territory: FromPath[str],
    actor: Acting,
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int | None] = None,
) -> HandoffsOut:
    """The handoffs of a territory to the emergency services, the latest first, with every clock."""
    shown = await page_of_handoffs(territory, cursor, paging.size(limit), actor)
    return HandoffsOut([HandoffOut.of(one) for one in shown.items], shown.next)


@get("/api/v1/rc/refused", opt=requires(P.WALL_READ), tags=["wall"])
async def refused(
    actor: Acting, cursor: FromQuery[str | None] = None, limit: FromQuery[int | None] = None
) -> RefusalsOut:
    """Messages without effect, the latest first: why, and where they stand in their stream; never what they said."""
    shown, registry = await page_of_refused(cursor, paging.size(limit), actor), await ground()
    return RefusalsOut([RefusalOut.of(one, registry.numbered) for one in shown.items], shown.next)


async def page_of_tickets(
    territory: str, wanted: Filter, cursor: str | None, most: int, actor: Actor
) -> paging.Page[Ticket]:
    """One page of a territory's tickets."""
    after = paging.decode(cursor, actor.here.id, tuple[datetime, UUID])
    found = await wall.tickets(territory, wanted, after, most + 1)
    return paging.page(found, most, actor.here.id, lambda one: (one.sorted_by(wanted.all), one.id))


async def page_of_handoffs(
    territory: str, cursor: str | None, most: int, actor: Actor
) -> paging.Page[Handoff]:
    """One page of a territory's handoffs."""
    after = paging.decode(cursor, actor.here.id, tuple[datetime, UUID])
    found = await wall.handoffs(territory, after, most + 1)
    return paging.page(found, most, actor.here.id, lambda one: (one.sent_at, one.id))


async def page_of_refused(cursor: str | None, most: int, actor: Actor) -> paging.Page[Refusal]:
    """One page of what was refused."""
    after = paging.decode(cursor, actor.here.id, tuple[datetime, str, int])
    found = await wall.refused(after, most + 1)
    return paging.page(found, most, actor.here.id, lambda one: (one.heard_at, one.stream, one.seq))


ROUTES = (figures, territories, tickets, ticket, handoffs, refused)
