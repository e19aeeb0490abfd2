"""Alerts over JSON: what the region warns of, and that the shift has read it."""

from datetime import datetime
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath, FromQuery

from chassis109.web import paging
from dispatch109.alerts import service as alerts
from dispatch109.alerts.model import Alert
from dispatch109.alerts.schemas import AlertOut, AlertsOut
from dispatch109.tickets.routes import Acting
from identity109.actor import Actor
from identity109.permissions import Permission as P
from identity109.permissions import requires

ALL = "/api/v1/t/{slug:str}/alerts"


@get(ALL, opt=requires(P.TICKET_READ), tags=["alerts"])
async def listed(
    actor: Acting, cursor: FromQuery[str | None] = None, limit: FromQuery[int | None] = None
) -> AlertsOut:
    """What the region has warned of, the latest first."""
    shown = await paged(cursor, paging.size(limit), actor)
    return AlertsOut([AlertOut.of(one) for one in shown.items], shown.next)


@post(f"{ALL}/{{alert_id:uuid}}/read", opt=requires(P.ALERT_ACKNOWLEDGE), tags=["alerts"], status_code=200)
async def read(alert_id: FromPath[UUID], actor: Acting) -> AlertOut:
    """Say that you have read it; a second time changes nothing."""
    return AlertOut.of(await alerts.read(alert_id, actor))


async def paged(cursor: str | None, most: int, actor: Actor) -> paging.Page[Alert]:
    """One page of alerts."""
    after = paging.decode(cursor or None, actor.here.id, tuple[datetime, UUID])
    found = await alerts.page(after, most + 1, actor)
    return paging.page(found, most, actor.here.id, lambda one: (one.issued_at, one.id))


ROUTES = (listed, read)
