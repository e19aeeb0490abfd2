"""Referrals over JSON: both sides' lists, sending, deciding, and telling the applicant."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath, FromQuery, JSONBody

from chassis109.store import idempotency
from chassis109.store.idempotency import RequestKey
from chassis109.web import paging
from dispatch109.referrals import reading
from dispatch109.referrals import service as referrals
from dispatch109.referrals.model import Referral
from dispatch109.referrals.reading import Line
from dispatch109.referrals.schemas import (
    AcceptIn,
    OneOut,
    ReferIn,
    ReferralOut,
    ReferralsOut,
    RefuseIn,
    Side,
    WithdrawIn,
)
from dispatch109.tickets import reading as ticket_reading
from dispatch109.tickets.model import Ticket
from dispatch109.tickets.routes import ONE as TICKET
from dispatch109.tickets.routes import Acting, Key
from dispatch109.tickets.schemas import TicketOut
from identity109.actor import Actor
from identity109.permissions import Permission as P
from identity109.permissions import requires

ALL = "/api/v1/t/{slug:str}/referrals"
ONE = f"{ALL}/{{referral_id:uuid}}"


@get(ALL, opt=requires(P.CALL_READ), tags=["referrals"])
async def listed(
    actor: Acting,
    side: FromQuery[Side] = "",
    waiting: FromQuery[bool] = False,
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int | None] = None,
) -> ReferralsOut:
    """What waits for this tenant first, the urgent before; `waiting`: only what is not done with."""
    shown = await page(cursor, paging.size(limit), actor, side=side, waiting=waiting)
    return ReferralsOut([ReferralOut.of(line.referral) for line in shown.items], shown.next)


@get(ONE, opt=requires(P.CALL_READ), tags=["referrals"])
async def one(referral_id: FromPath[UUID], actor: Acting) -> OneOut:
    """One referral; the person masked unless you decide or phone."""
    return OneOut.of(await reading.one(referral_id, actor))


@post(f"{TICKET}/refer", opt=requires(P.REFERRAL_SEND), tags=["referrals"], status_code=200)
async def refer(ticket_id: FromPath[str], data: JSONBody[ReferIn], actor: Acting, key: Key) -> ReferralOut:
    """Offer a ticket to another tenant before the work begins; its duties stay here until that one accepts."""
    ticket = await ticket_reading.ticket(ticket_id, actor)
    return ReferralOut.of(await sent(key, actor, ticket, data.version, data.to, data.reason))


@post(f"{ONE}/accept", opt=requires(P.REFERRAL_DECIDE), tags=["referrals"], status_code=200)
async def accept(referral_id: FromPath[UUID], data: JSONBody[AcceptIn], actor: Acting, key: Key) -> TicketOut:
    """Take the ticket over, with its clocks and its number beside ours."""
    return TicketOut.of(await accepted(key, actor, referral_id, data.category))


@post(f"{ONE}/refuse", opt=requires(P.REFERRAL_DECIDE), tags=["referrals"], status_code=200)
async def refuse(
    referral_id: FromPath[UUID], data: JSONBody[RefuseIn], actor: Acting, key: Key
) -> ReferralOut:
    """It stays with the sender, who reads the reason."""
    return ReferralOut.of(
        await settled(key, actor, referral_id, lambda: referrals.refuse(referral_id, data.reason, actor))
    )


@post(f"{ONE}/withdraw", opt=requires(P.REFERRAL_SEND), tags=["referrals"], status_code=200)
async def withdraw(
    referral_id: FromPath[UUID], data: JSONBody[WithdrawIn], actor: Acting, key: Key
) -> ReferralOut:
    """Ask for an unanswered offer back; it is `withdrawn` as soon as the other side says so."""
    return ReferralOut.of(
        await settled(key, actor, referral_id, lambda: referrals.withdraw(referral_id, data.reason, actor))
    )


@post(f"{ONE}/told", opt=requires(P.REFERRAL_SEND), tags=["referrals"], status_code=200)
async def told(referral_id: FromPath[UUID], actor: Acting, key: Key) -> ReferralOut:
    """The applicant was phoned and knows who is responsible now."""
    return ReferralOut.of(
        await settled(key, actor, referral_id, lambda: referrals.note_told(referral_id, actor))
    )


async def page(
    cursor: str | None, most: int, actor: Actor, *, side: Side = "", waiting: bool = False
) -> paging.Page[Line]:
    """One page of referrals."""
    after = paging.decode(cursor or None, actor.here.id, tuple[int, int, UUID])
    found = await reading.page(after, most + 1, actor, side=side, waiting=waiting)
    return paging.page(found, most, actor.here.id, lambda line: line.place)


async def sent(
    key: RequestKey | None, actor: Actor, ticket: Ticket, version: int, to: str, reason: str
) -> Referral:
    """Offer it once for each Idempotency-Key; a repetition answers the last referral of the ticket as it is now."""

    async def again(_: UUID) -> Referral:
        return (await reading.of_ticket(ticket, actor))[-1]

    return await idempotency.settled(
        actor.here.id, key, ticket.id, lambda: referrals.send(ticket.id, version, to, reason, actor), again
    )


async def accepted(key: RequestKey | None, actor: Actor, referral_id: UUID, category: str) -> Ticket:
    """Take it over once for each Idempotency-Key; a repetition answers the ticket as it is now."""

    async def again(_: UUID) -> Ticket:
        line = await reading.one(referral_id, actor)
        return await ticket_reading.known(str(line.referral.ticket_id), actor)

    return await idempotency.settled(
        actor.here.id, key, referral_id, lambda: referrals.accept(referral_id, category, actor), again
    )


async def settled(
    key: RequestKey | None, actor: Actor, referral_id: UUID, verb: Callable[[], Awaitable[Referral]]
) -> Referral:
    """Run a verb once for each Idempotency-Key; a repetition answers the referral as it is now."""

    async def again(_: UUID) -> Referral:
        return (await reading.one(referral_id, actor)).referral

    return await idempotency.settled(actor.here.id, key, referral_id, verb, again)


ROUTES = (listed, one, refer, accept, refuse, withdraw, told)
