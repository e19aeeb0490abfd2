"""Callbacks over JSON: the list, an attempt, and the end after three attempts."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath, FromQuery, JSONBody

from chassis109.kernel.text import Form
from chassis109.store import idempotency
from chassis109.store.idempotency import RequestKey
from chassis109.web import paging
from dispatch109.callbacks import service as callbacks
from dispatch109.callbacks.model import Callback
from dispatch109.callbacks.schemas import AttemptIn, CallbackOut, CallbacksOut, CloseIn
from dispatch109.tickets.routes import Acting, Key
from identity109.actor import Actor
from identity109.permissions import Permission as P
from identity109.permissions import requires

ALL = "/api/v1/t/{slug:str}/callbacks"


@get(ALL, opt=requires(P.CALLBACK_RECORD), tags=["callbacks"])
async def due(
    actor: Acting,
    ticket: FromQuery[UUID | None] = None,
    incident: FromQuery[UUID | None] = None,
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int | None] = None,
) -> CallbacksOut:
    """Whom to call, the soonest due first; or all callbacks of one ticket or emergency, the latest first."""
    if ticket is not None:
        return _all(await callbacks.of_ticket(ticket, actor))
    if incident is not None:
        return _all(await callbacks.of_incident(incident, actor))
    most, tenant = paging.size(limit), actor.here.id
    found = await callbacks.due(paging.decode(cursor, tenant, tuple[datetime, UUID]), most + 1, actor)
    page = paging.page([CallbackOut.of(c) for c in found], most, tenant, lambda c: (c.due_at, c.id))
    return CallbacksOut(page.items, page.next)


def _all(found: list[Callback]) -> CallbacksOut:
    return CallbacksOut([CallbackOut.of(callback) for callback in reversed(found)], None)


@post(f"{ALL}/{{callback_id:uuid}}/attempts", opt=requires(P.CALLBACK_RECORD), tags=["callbacks"])
async def attempt(
    callback_id: FromPath[UUID], data: JSONBody[AttemptIn], actor: Acting, key: Key
) -> CallbackOut:
    """Record a call: confirmed closes the ticket, not_done reopens it, unreachable asks for another hour."""
    note = note_of(data.note)
    verb = partial(callbacks.record, callback_id, data.outcome, note, actor)
    return CallbackOut.of(await settled(key, actor, callback_id, verb))


@post(
    f"{ALL}/{{callback_id:uuid}}/close", opt=requires(P.CALLBACK_RECORD), tags=["callbacks"], status_code=200
)
async def close(callback_id: FromPath[UUID], data: JSONBody[CloseIn], actor: Acting, key: Key) -> CallbackOut:
    """Close a ticket whose applicant three attempts at different hours did not reach (else 409)."""
    note = note_of(data.note)
    verb = partial(callbacks.close_unreached, callback_id, note, actor)
    return CallbackOut.of(await settled(key, actor, callback_id, verb))


def note_of(typed: str) -> str:
    """A note as it will stand in the timeline; raises Invalid."""
    form = Form()
    note = form.text("note", typed, most=1000)
    form.done()
    return note


async def settled(
    key: RequestKey | None, actor: Actor, callback_id: UUID, verb: Callable[[], Awaitable[Callback]]
) -> Callback:
    """Run a verb on a callback once for each Idempotency-Key; a repetition answers the callback as it is now."""
    return await idempotency.settled(
        actor.here.id, key, callback_id, verb, lambda of: callbacks.read(of, actor)
    )


ROUTES = (due, attempt, close)
