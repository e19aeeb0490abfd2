"""Warnings of the region: the strip at the top of every page, and all of them."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from dispatch109.alerts import service as alerts
from dispatch109.alerts.routes import paged
from dispatch109.tickets.routes import Acting
from identity109.permissions import Permission as P
from identity109.permissions import requires
from ui109.forms import answered
from ui109.i18n import mark
from ui109.templating import AnyRequest, page

BOARD = "/t/{slug:str}/op/alerts"
PAGE = 25
KINDS = {
    "flood": mark("Flood"), "blizzard": mark("Blizzard"), "road": mark("Road closed"), "other": mark("Warning"),
}  # fmt: skip


@get(BOARD, opt=requires(P.TICKET_READ), include_in_schema=False)
async def board(request: AnyRequest, actor: Acting, cursor: FromQuery[str] = "") -> Template:
    """All of them, the latest first."""
    shown = await paged(cursor, PAGE, actor)
    return page(request, "alerts/alerts.html", shown=shown, cursor=cursor, kinds=KINDS)


@get(f"{BOARD}/strip", opt=requires(P.TICKET_READ), include_in_schema=False)
async def strip(request: AnyRequest, actor: Acting) -> Template:
    """What warns now; every page asks for it."""
    return page(request, "alerts/strip.html", alerts=await alerts.running(actor), kinds=KINDS)


@post(f"{BOARD}/{{alert_id:uuid}}/read", opt=requires(P.ALERT_ACKNOWLEDGE), include_in_schema=False)
async def read(request: AnyRequest, alert_id: FromPath[UUID], actor: Acting) -> Response[Any]:
    """Somebody of the shift has read it."""
    await alerts.read(alert_id, actor)
    return answered(request, f"/t/{actor.here.slug}/op/alerts")


PAGES = (board, strip, read)
