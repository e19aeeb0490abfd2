"""Mandates over JSON: ordered here, carried out or refused in the tenant."""

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
from region109.mandates import service as mandates
from region109.mandates.model import Mandate
from region109.mandates.schemas import MandateIn, MandateOut, MandatesOut

ALL = "/api/v1/rc/mandates"
Acting = NamedDependency[SkipValidation[Actor]]
Key = NamedDependency[SkipValidation[RequestKey | None]]


@post(ALL, opt=requires(P.MANDATE_ISSUE), tags=["mandates"])
async def issue(data: JSONBody[MandateIn], actor: Acting, key: Key) -> MandateOut:
    """Order a tenant to raise a ticket's priority, to report, or to refer a ticket to another tenant."""
    return MandateOut.of(await mandates.issue(data.wish(), actor, key))


@get(ALL, opt=requires(P.WALL_READ), tags=["mandates"])
async def ordered(
    actor: Acting,
    territory: FromQuery[str] = "",
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int | None] = None,
) -> MandatesOut:
    """What was ordered: all that waits for an answer, and a page of what is answered, the latest first."""
    shown = await answered(territory, cursor, paging.size(limit), actor)
    waiting = await mandates.waiting(territory, actor)
    return MandatesOut(
        [MandateOut.of(one) for one in waiting], [MandateOut.of(one) for one in shown.items], shown.next
    )


@get(f"{ALL}/{{mandate_id:uuid}}", opt=requires(P.WALL_READ), tags=["mandates"])
async def read(mandate_id: FromPath[UUID], actor: Acting) -> MandateOut:
    """One order with every moment of it."""
    return MandateOut.of(await mandates.read(mandate_id, actor))


async def answered(territory: str, cursor: str | None, most: int, actor: Actor) -> paging.Page[Mandate]:
    """One page of what is answered."""
    after = paging.decode(cursor or None, actor.here.id, tuple[datetime, UUID])
    found = await mandates.answered(territory, after, most + 1, actor)
    return paging.page(found, most, actor.here.id, lambda one: (one.issued_at, one.id))


ROUTES = (issue, ordered, read)
