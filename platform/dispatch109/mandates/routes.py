"""The region's mandates over JSON: what it ordered, and the head's answer."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath, FromQuery, JSONBody

from chassis109.store import idempotency
from chassis109.store.idempotency import RequestKey
from chassis109.web import paging
from dispatch109.mandates import service as mandates
from dispatch109.mandates.model import Mandate
from dispatch109.mandates.schemas import AnswerIn, MandateOut, MandatesOut
from dispatch109.tickets.routes import Acting, Key
from identity109.actor import Actor
from identity109.permissions import Permission as P
from identity109.permissions import requires

ALL = "/api/v1/t/{slug:str}/mandates"


@get(ALL, opt=requires(P.MANDATE_READ), tags=["mandates"])
async def ordered(
    actor: Acting, cursor: FromQuery[str | None] = None, limit: FromQuery[int | None] = None
) -> MandatesOut:
    """What the region ordered, the latest first."""
    shown = await listed(cursor, paging.size(limit), actor)
    return MandatesOut([MandateOut.of(one) for one in shown.items], shown.next)


@post(f"{ALL}/{{mandate_id:uuid}}/answer", opt=requires(P.MANDATE_ANSWER), tags=["mandates"], status_code=200)
async def answer(mandate_id: FromPath[UUID], data: JSONBody[AnswerIn], actor: Acting, key: Key) -> MandateOut:
    """Report to the region what it asked for (409 once it has been answered)."""
    verb = partial(mandates.answer, mandate_id, data.text, actor)
    return MandateOut.of(await settled(key, actor, mandate_id, verb))


@post(f"{ALL}/{{mandate_id:uuid}}/seen", opt=requires(P.MANDATE_ANSWER), tags=["mandates"], status_code=200)
async def seen(mandate_id: FromPath[UUID], actor: Acting) -> MandateOut:
    """Take note of what was ordered."""
    return MandateOut.of(await mandates.take_note(mandate_id, actor))


async def listed(cursor: str | None, most: int, actor: Actor) -> paging.Page[Mandate]:
    """One page of orders."""
    after = paging.decode(cursor or None, actor.here.id, tuple[datetime, UUID])
    found = await mandates.page(after, most + 1, actor)
    return paging.page(found, most, actor.here.id, lambda one: (one.received_at, one.id))


async def settled(
    key: RequestKey | None, actor: Actor, mandate_id: UUID, verb: Callable[[], Awaitable[Mandate]]
) -> Mandate:
    """Run a verb once for each Idempotency-Key; a repetition answers the mandate as it is now."""
    return await idempotency.settled(
        actor.here.id, key, mandate_id, verb, lambda of: mandates.read(of, actor)
    )


ROUTES = (ordered, answer, seen)
