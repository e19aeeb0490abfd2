"""Handoffs over JSON, for a service's own system and for people's programs: the same verbs as the board."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import Annotated
from uuid import UUID

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter, SkipValidation
from msgspec import UNSET

from chassis109.kernel import clock
from chassis109.store import idempotency
from chassis109.store.idempotency import RequestKey
from chassis109.web import paging
from hub112.board.schemas import (
    AcceptIn,
    CardOut,
    CloseIn,
    DeclineIn,
    DeferIn,
    ForwardIn,
    HandoffOut,
    HandoffsOut,
    LineOut,
    NoteIn,
    StepOut,
    UnitIn,
    UnitOut,
)
from hub112.contract import Mode, State, Unit, UnitPoint, stamp
from hub112.desks import reading
from hub112.desks import service as desks
from hub112.desks.model import Handoff
from identity109.actor import Actor
from identity109.permissions import Permission as P
from identity109.permissions import requires

Acting = NamedDependency[SkipValidation[Actor]]
Key = NamedDependency[SkipValidation[RequestKey | None]]
Verb = Callable[[UUID, Actor], Awaitable[Handoff]]
ALL = "/api/v1/hub/{slug:str}/handoffs"
ONE = f"{ALL}/{{handoff_id:uuid}}"
States = Annotated[list[State] | None, QueryParameter(name="state")]


@get(ALL, opt=requires(P.HANDOFF_READ), tags=["handoffs"])
async def open_ones(actor: Acting, wanted: States = None, mode: FromQuery[Mode] = "live") -> HandoffsOut:
    """What waits for an answer, the most urgent first, then what is under way; `state` may be given repeatedly."""
    board = await reading.board(actor, mode)
    found = [row.handoff for row in (*board.waiting, *board.underway)]
    return HandoffsOut([HandoffOut.of(h) for h in found if not wanted or h.state in wanted], None)


@get(f"{ALL}/ended", opt=requires(P.HANDOFF_READ), tags=["handoffs"])
async def ended(
    actor: Acting,
    q: FromQuery[str] = "",
    mode: FromQuery[Mode] = "live",
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int | None] = None,
) -> HandoffsOut:
    """The archive, the latest first; `q` is a number (`H-12`, or the service's own) or an incident's id."""
    shown = await page_of_ended(q, cursor, paging.size(limit), actor, mode)
    return HandoffsOut([HandoffOut.of(h) for h in shown.items], shown.next)


@get(ONE, opt=requires(P.HANDOFF_READ), tags=["handoffs"])
async def one(handoff_id: FromPath[UUID], actor: Acting) -> CardOut:
    """One handoff with its crews, its steps and the joint log of all services of the incident."""
    card = await reading.card(handoff_id, actor)
    return CardOut(
        HandoffOut.of(card.handoff),
        [UnitOut.of(unit) for unit in card.units],
        [StepOut.of(step) for step in card.steps],
        [LineOut.of(line) for line in card.log],
    )


@post(f"{ONE}/receipt", opt=requires(P.HANDOFF_RECEIPT), tags=["handoffs"], status_code=200)
async def receipt(handoff_id: FromPath[UUID], actor: Acting, key: Key) -> HandoffOut:
    """The desk's software has it (T1). Said again, or later than the answer, it changes nothing."""
    return HandoffOut.of(await settled(key, actor, handoff_id, desks.receipt))


@post(f"{ONE}/seen", opt=requires(P.HANDOFF_RECEIPT), tags=["handoffs"], status_code=200)
async def seen(handoff_id: FromPath[UUID], actor: Acting, key: Key) -> HandoffOut:
    """A person looks at it (T2). Said again, or later than the answer, it changes nothing."""
    return HandoffOut.of(await settled(key, actor, handoff_id, desks.see))


@post(f"{ONE}/accept", opt=requires(P.HANDOFF_DECIDE), tags=["handoffs"], status_code=200)
async def accept(handoff_id: FromPath[UUID], data: JSONBody[AcceptIn], actor: Acting, key: Key) -> HandoffOut:
    """The desk takes it over (T3). Of two answers one wins; the other gets 409 with who was first and when."""
    verb = partial(desks.accept, external_id=data.external_id, note=data.note)
    return HandoffOut.of(await settled(key, actor, handoff_id, verb))


@post(f"{ONE}/decline", opt=requires(P.HANDOFF_DECIDE), tags=["handoffs"], status_code=200)
async def decline(
    handoff_id: FromPath[UUID], data: JSONBody[DeclineIn], actor: Acting, key: Key
) -> HandoffOut:
    """The desk cannot take it: responsibility returns to 109 with the reason."""
    verb = partial(
        desks.decline, reason_code=data.reason_code, reason=data.reason, forward_to=data.forward_to
    )
    return HandoffOut.of(await settled(key, actor, handoff_id, verb))


@post(f"{ONE}/defer", opt=requires(P.HANDOFF_DECIDE), tags=["handoffs"], status_code=200)
async def defer(handoff_id: FromPath[UUID], data: JSONBody[DeferIn], actor: Acting, key: Key) -> HandoffOut:
    """The desk will answer in so many minutes; it may still accept or decline at any time."""
    verb = partial(desks.defer, minutes=data.minutes, note=data.note)
    return HandoffOut.of(await settled(key, actor, handoff_id, verb))


@post(f"{ONE}/forward", opt=requires(P.HANDOFF_FORWARD), tags=["handoffs"], status_code=200)
async def forward(
    handoff_id: FromPath[UUID], data: JSONBody[ForwardIn], actor: Acting, key: Key
) -> HandoffOut:
    """Ask another desk to take it over; it is transferred once that desk has accepted."""
    verb = partial(desks.forward, to=data.to, reason=data.reason)
    return HandoffOut.of(await settled(key, actor, handoff_id, verb))


@post(f"{ONE}/units", opt=requires(P.HANDOFF_DECIDE), tags=["handoffs"], status_code=200)
async def report_unit(
    handoff_id: FromPath[UUID], data: JSONBody[UnitIn], actor: Acting, key: Key
) -> HandoffOut:
    """A crew is assigned, or reports where it stands. On a closed handoff it is kept and marked as late."""
    verb = partial(desks.report_unit, unit=report(data))
    return HandoffOut.of(await settled(key, actor, handoff_id, verb))


@post(f"{ONE}/close", opt=requires(P.HANDOFF_DECIDE), tags=["handoffs"], status_code=200)
async def close(handoff_id: FromPath[UUID], data: JSONBody[CloseIn], actor: Acting, key: Key) -> HandoffOut:
    """The work is over; 109 phones the caller."""
    return HandoffOut.of(
        await settled(key, actor, handoff_id, partial(desks.close, disposition=data.disposition))
    )


@post(f"{ONE}/confirm-cancel", opt=requires(P.HANDOFF_DECIDE), tags=["handoffs"], status_code=200)
async def confirm_cancel(
    handoff_id: FromPath[UUID], data: JSONBody[NoteIn], actor: Acting, key: Key
) -> HandoffOut:
    """109 has asked to cancel and the desk calls its crews back."""
    return HandoffOut.of(await settled(key, actor, handoff_id, partial(desks.confirm_cancel, note=data.text)))


@post(f"{ONE}/notes", opt=requires(P.HANDOFF_DECIDE), tags=["handoffs"], status_code=200)
async def note(handoff_id: FromPath[UUID], data: JSONBody[NoteIn], actor: Acting, key: Key) -> HandoffOut:
    """Words for the joint log and for 109."""
    return HandoffOut.of(await settled(key, actor, handoff_id, partial(desks.note, text=data.text)))


async def settled(key: RequestKey | None, actor: Actor, handoff_id: UUID, verb: Verb) -> Handoff:
    """Run a verb on a handoff once for each Idempotency-Key; a repetition answers the handoff as it is now."""

    async def again(of: UUID) -> Handoff:
        return await reading.handoff(of, actor)

    return await idempotency.settled(actor.here.id, key, handoff_id, lambda: verb(handoff_id, actor), again)


async def page_of_ended(
    q: str, cursor: str | None, most: int, actor: Actor, mode: Mode = "live"
) -> paging.Page[Handoff]:
    """One page of the archive."""
    tenant = actor.here.id
    after = paging.decode(cursor, tenant, tuple[datetime, UUID])
    found = await reading.ended(after, most + 1, actor, mode, q)
    return paging.page(found, most, tenant, lambda h: (h.ended_at or h.arrived_at, h.id))


def report(said: UnitIn) -> Unit:
    """What a crew reported, as the contract has it."""
    geo = UnitPoint(lat=said.lat, lon=said.lon) if said.lat is not None and said.lon is not None else UNSET
    return Unit(
        unit_id=said.unit_id, kind=said.kind, status=said.status, at=stamp(said.at or clock.now()),
        call_sign=said.call_sign or UNSET, eta=stamp(said.eta) if said.eta else UNSET, geo=geo,
    )  # fmt: skip


ROUTES = (
    open_ones, ended, one, receipt, seen, accept, decline, defer, forward, report_unit, close, confirm_cancel, note,
)  # fmt: skip
