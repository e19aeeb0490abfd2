"""The wall, a territory, a ticket's card of facts, and what was refused, on screen."""

from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from uuid import UUID

from litestar import get
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Stream, Template

from chassis109.kernel import clock
from identity109.actor import Actor
from identity109.permissions import Permission as P
from identity109.permissions import requires
from region109 import words
from region109.territories.model import Territory
from region109.wall import drawing, export, model, telling
from region109.wall import service as wall
from region109.wall.asked import STATES, Asked
from region109.wall.ground import Ground, ground
from region109.wall.routes import PAGE, Acting, Order, page_of_handoffs, page_of_refused, page_of_tickets
from ui109.templating import AnyRequest, language_of, page

TERRITORY = "/rc/territories/{territory:str}"
TICKET = f"{TERRITORY}/tickets/{{ticket_id:uuid}}"
Way = Literal["", "best"]
Form = Annotated[Literal["", "table"], QueryParameter(name="as")]


@get("/rc/wall", opt=requires(P.WALL_READ), include_in_schema=False)
async def show(
    request: AnyRequest, order: FromQuery[Order] = "overdue", way: FromQuery[Way] = "", form: Form = ""
) -> Template:
    """The whole region on one screen."""
    return page(request, "wall/wall.html", **await _board(order, way, form))


@get("/rc/wall/part", opt=requires(P.WALL_READ), include_in_schema=False)
async def part(
    request: AnyRequest, order: FromQuery[Order] = "overdue", way: FromQuery[Way] = "", form: Form = ""
) -> Template:
    """The same without its frame, read again after news."""
    return page(request, "wall/board.html", **await _board(order, way, form))


@get(TERRITORY, opt=requires(P.WALL_READ), include_in_schema=False)
async def territory(
    request: AnyRequest, territory: FromPath[str], actor: Acting, cursor: FromQuery[str] = ""
) -> Template:
    """One territory: its figures, services, points and tickets."""
    return page(request, "wall/territory.html", **await _place(request, territory, cursor, actor))


@get(f"{TERRITORY}/part", opt=requires(P.WALL_READ), include_in_schema=False)
async def territory_part(
    request: AnyRequest, territory: FromPath[str], actor: Acting, cursor: FromQuery[str] = ""
) -> Template:
    """The same without its frame, read again after news and after a change of the filter."""
    return page(request, "wall/tickets.html", **await _place(request, territory, cursor, actor))


@get(f"{TERRITORY}/tickets.csv", opt=requires(P.WALL_READ), include_in_schema=False)
async def tickets_csv(request: AnyRequest, territory: FromPath[str], actor: Acting) -> Stream:
    """The tickets of the present filter as a table."""
    asked = Asked.read(request.query_params)
    rows = export.table(await ground(), territory, asked.filter(), language_of(request), actor)
    return Stream(
        rows, media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{await export.name(territory)}"'},
    )  # fmt: skip


@get(TICKET, opt=requires(P.WALL_READ), include_in_schema=False)
async def ticket(request: AnyRequest, territory: FromPath[str], ticket_id: FromPath[UUID]) -> Template:
    """A ticket's card of facts."""
    return page(request, "wall/ticket.html", **await _card(territory, ticket_id))


@get(f"{TICKET}/part", opt=requires(P.WALL_READ), include_in_schema=False)
async def ticket_part(request: AnyRequest, territory: FromPath[str], ticket_id: FromPath[UUID]) -> Template:
    """The same without its frame, read again after news."""
    return page(request, "wall/card.html", **await _card(territory, ticket_id))


@get(f"{TERRITORY}/handoffs", opt=requires(P.WALL_READ), include_in_schema=False)
async def handoffs(
    request: AnyRequest, territory: FromPath[str], actor: Acting, cursor: FromQuery[str] = ""
) -> Template:
    """The handoffs of a territory to the emergency services, with their clocks."""
    registry = await ground()
    place = registry.territory(territory)
    shown = await page_of_handoffs(territory, cursor, PAGE, actor)
    return page(request, "wall/handoffs.html", shown=shown, cursor=cursor, **_words(registry, place))


@get("/rc/refused", opt=requires(P.WALL_READ), include_in_schema=False)
async def refused(request: AnyRequest, actor: Acting, cursor: FromQuery[str] = "") -> Template:
    """Messages without effect: why, and where they stand in their stream; never what they said."""
    registry = await ground()
    shown, counts = await page_of_refused(cursor, PAGE, actor), await wall.refused_counts()
    return page(
        request, "wall/refused.html", shown=shown, cursor=cursor, counts=counts, telling=telling,
        territories=registry.numbered,
    )  # fmt: skip


async def _place(request: AnyRequest, slug: str, cursor: str, actor: Actor) -> dict[str, Any]:
    """A territory as the templates `wall/territory.html` and `wall/tickets.html` want it."""
    asked, registry = Asked.read(request.query_params), await ground()
    local = await wall.local(slug)
    place = local.standing.territory
    return {
        "local": local, "board": local, "asked": asked, "cursor": cursor, "states": STATES,
        "shown": await page_of_tickets(slug, asked.filter(), cursor, PAGE, actor),
        "sketch": drawing.sketch(registry.outlines[place.id], local.spots), **_words(registry, place),
    }  # fmt: skip


async def _card(slug: str, ticket_id: UUID) -> dict[str, Any]:
    """A ticket as the templates `wall/ticket.html` and `wall/card.html` want it."""
    registry, card = await ground(), await wall.card(slug, ticket_id)
    place = registry.territory(slug)
    spots = [telling.Spot.of(card.ticket, clock.now())] if card.ticket.lon is not None else []
    return {
        "card": card,
        "sketch": drawing.sketch(registry.outlines[place.id], spots),
        **_words(registry, place),
    }


def _words(registry: Ground, place: Territory) -> dict[str, Any]:
    return {"registry": registry, "place": place, "telling": telling, "words": words, "model": model}


async def _board(order: str, way: str, form: str) -> dict[str, Any]:
    """The board as the templates `wall/wall.html` and `wall/board.html` want it."""
    registry, board = await ground(), await wall.board()
    given = {"order": order if order != "overdue" else "", "way": way, "as": form}

    def query(**other: str) -> str:
        return urlencode([(name, value) for name, value in (given | other).items() if value])

    return {
        "board": board, "ranking": board.ranked(order, reverse=way == "best"), "order": order, "way": way,
        "form": form, "query": query, "map": registry.map, "registry": registry, "flow": drawing.flow(board.hours),
        "model": model, "width": drawing.WIDTH, "flow_size": (drawing.FLOW_WIDTH, drawing.FLOW_HEIGHT),
    }  # fmt: skip


PAGES = (show, part, territory, territory_part, tickets_csv, ticket, ticket_part, handoffs, refused)
