"""Alerts on screen: what warns now and how far it has come, and a new one."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from chassis109.kernel import clock
from identity109.actor import Actor
from identity109.permissions import Permission as P
from identity109.permissions import requires
from region109.alerts import service as alerts
from region109.alerts.model import HOURS, Wish
from region109.alerts.routes import Acting, Key, paged
from region109.territories import service as territories
from ui109.forms import answered
from ui109.i18n import mark
from ui109.templating import AnyRequest, page

BOARD = "/rc/alerts"
PAGE = 10
KINDS = {
    "flood": mark("Flood"), "blizzard": mark("Blizzard"), "road": mark("Road closed"), "other": mark("Warning"),
}  # fmt: skip


@get(BOARD, opt=requires(P.WALL_READ), include_in_schema=False)
async def board(request: AnyRequest, actor: Acting, cursor: FromQuery[str] = "") -> Template:
    """All warnings, the latest first."""
    return page(request, "alerts/alerts.html", **await _board(cursor, actor))


@get(f"{BOARD}/rows", opt=requires(P.WALL_READ), include_in_schema=False)
async def rows(request: AnyRequest, actor: Acting, cursor: FromQuery[str] = "") -> Template:
    """The list alone, read again after news."""
    return page(request, "alerts/rows.html", **await _board(cursor, actor))


@get(f"{BOARD}/new", opt=requires(P.ALERT_ISSUE), include_in_schema=False)
async def new(request: AnyRequest) -> Template:
    """The form."""
    known = [one for one in await territories.all_() if one.active]
    return page(request, "alerts/new.html", kinds=KINDS, territories=known, hours=HOURS)


@post(BOARD, opt=requires(P.ALERT_ISSUE), include_in_schema=False)
async def issue(request: AnyRequest, actor: Acting, key: Key) -> Response[Any]:
    """Warn."""
    form = await request.form()
    said = {name: str(form.get(name, "")) for name in ("kind", "kk", "ru", "en", "hours")}
    hours = said.pop("hours")
    until = clock.now() + timedelta(hours=int(hours)) if hours in map(str, HOURS) else None
    area = tuple(str(slug) for slug in form.getall("territories", []))
    await alerts.issue(Wish(territories=area, expires_at=until, **said), actor, key)
    return answered(request, BOARD)


@post(f"{BOARD}/{{alert_id:uuid}}/cancel", opt=requires(P.ALERT_ISSUE), include_in_schema=False)
async def cancel(request: AnyRequest, alert_id: FromPath[UUID], actor: Acting) -> Response[Any]:
    """Call it off."""
    await alerts.cancel(alert_id, actor)
    return answered(request, BOARD)


async def _board(cursor: str, actor: Actor) -> dict[str, Any]:
    shown = await paged(cursor, PAGE, actor)
    return {
        "alerts": shown.items, "next": shown.next, "cursor": cursor, "kinds": KINDS,
        "territories": {one.slug: one for one in await territories.all_()},
    }  # fmt: skip


PAGES = (board, rows, new, issue, cancel)
