"""Mandates on screen: what waits for an answer, what was answered, and a new one."""

from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromQuery, URLEncodedBody
from litestar.response import Template

from chassis109.kernel import clock
from identity109.actor import Actor
from identity109.permissions import Permission as P
from identity109.permissions import requires
from region109 import words
from region109.contract import MANDATE_KINDS
from region109.mandates import service as mandates
from region109.mandates.model import HOURS, Wish
from region109.mandates.routes import Acting, Key, answered
from region109.mandates.schemas import MandateForm
from region109.territories import service as territories
from ui109 import forms
from ui109.templating import AnyRequest, page

BOARD = "/rc/mandates"
PAGE = 25


@get(BOARD, opt=requires(P.WALL_READ), include_in_schema=False)
async def board(
    request: AnyRequest, actor: Acting, territory: FromQuery[str] = "", cursor: FromQuery[str] = ""
) -> Template:
    """All of them: what waits first."""
    return page(request, "mandates/mandates.html", **await _board(territory, cursor, actor))


@get(f"{BOARD}/rows", opt=requires(P.WALL_READ), include_in_schema=False)
async def rows(
    request: AnyRequest, actor: Acting, territory: FromQuery[str] = "", cursor: FromQuery[str] = ""
) -> Template:
    """The lists alone, read again after news."""
    return page(request, "mandates/rows.html", **await _board(territory, cursor, actor))


@get(f"{BOARD}/count", opt=requires(P.WALL_READ), include_in_schema=False)
async def count(request: AnyRequest, actor: Acting) -> Template:
    """How many answers are overdue, for the menu."""
    return page(request, "mandates/count.html", late=await mandates.late(actor))


@get(f"{BOARD}/new", opt=requires(P.MANDATE_ISSUE), include_in_schema=False)
async def new(
    request: AnyRequest, actor: Acting, territory: FromQuery[str] = "", ticket: FromQuery[UUID | None] = None
) -> Template:
    """The form: about a ticket when one is named, else a report."""
    number = await mandates.reference(territory, ticket, actor) if ticket else None
    return page(
        request, "mandates/new.html", place=territory, ticket=ticket if number else None, number=number, hours=HOURS,
        kinds={kind: words.MANDATE_KINDS[kind] for kind in (MANDATE_KINDS if number else ("report",))},
        territories=[one for one in await territories.all_() if one.active],
    )  # fmt: skip


@post(BOARD, opt=requires(P.MANDATE_ISSUE), include_in_schema=False)
async def issue(
    request: AnyRequest, data: URLEncodedBody[MandateForm], actor: Acting, key: Key
) -> Response[Any]:
    """Order it."""
    ticket = None
    with suppress(ValueError):
        ticket = UUID(data.ticket) if data.ticket else None
    deadline = clock.now() + timedelta(hours=int(data.hours)) if data.hours in map(str, HOURS) else None
    wish = Wish(data.territory, data.kind, ticket, data.to, data.reason, deadline)
    issued = await mandates.issue(wish, actor, key)
    return forms.answered(request, f"{BOARD}#m-{issued.id}")


async def _board(territory: str, cursor: str, actor: Actor) -> dict[str, Any]:
    shown = await answered(territory, cursor, PAGE, actor)
    return {
        "waiting": await mandates.waiting(territory, actor), "answered": shown.items, "next": shown.next,
        "cursor": cursor, "place": territory, "kinds": words.MANDATE_KINDS,
        "states": words.MANDATE_STATES, "why": words.MANDATE_REFUSALS,
        "territories": {one.slug: one for one in await territories.all_()},
    }  # fmt: skip


PAGES = (board, rows, count, new, issue)
