"""Alerts over JSON."""

from datetime import datetime
from uuid import UUID

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, SkipValidation

from chassis109.store.idempotency import RequestKey
from chassis109.web import paging
from identity109.actor import Actor
from identity109.permissions import Permission as P
from identity109.permissions import requires
from region109.alerts import service as alerts
from region109.alerts.model import Alert
from region109.alerts.schemas import AlertIn, AlertOut, AlertsOut

ALL = "/api/v1/rc/alerts"
Acting = NamedDependency[SkipValidation[Actor]]
Key = NamedDependency[SkipValidation[RequestKey | None]]


@post(ALL, opt=requires(P.ALERT_ISSUE), tags=["alerts"])
async def issue(data: JSONBody[AlertIn], actor: Acting, key: Key) -> AlertOut:
    """Warn the operators of some territories: it stands at the top of their screens within a second."""
    return AlertOut.of(await alerts.issue(data.wish(), actor, key))


@get(ALL, opt=requires(P.WALL_READ), tags=["alerts"])
async def listed(
    actor: Acting, cursor: FromQuery[str | None] = None, limit: FromQuery[int | None] = None
) -> AlertsOut:
    """All warnings, the latest first, with where they have arrived and who has read them."""
    shown = await paged(cursor, paging.size(limit), actor)
    return AlertsOut([AlertOut.of(one) for one in shown.items], shown.next)


@post(f"{ALL}/{{alert_id:uuid}}/cancel", opt=requires(P.ALERT_ISSUE), tags=["alerts"], status_code=200)
async def cancel(alert_id: FromPath[UUID], actor: Acting) -> AlertOut:
    """Call a warning off (409 once it is over)."""
    return AlertOut.of(await alerts.cancel(alert_id, actor))


async def paged(cursor: str | None, most: int, actor: Actor) -> paging.Page[Alert]:
    """One page of warnings."""
    after = paging.decode(cursor or None, actor.here.id, tuple[datetime, UUID])
    found = await alerts.page(after, most + 1, actor)
    return paging.page(found, most, actor.here.id, lambda one: (one.issued_at, one.id))


ROUTES = (issue, listed, cancel)
