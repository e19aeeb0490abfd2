"""The list of referrals: what is offered to us, whom to phone about what went away, and what is unanswered."""

from functools import partial
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Template

from dispatch109.catalogue import service as catalogues
from dispatch109.referrals import reading
from dispatch109.referrals import service as referrals
from dispatch109.referrals.model import LOOP, UNREADABLE, Referral
from dispatch109.referrals.reading import Line
from dispatch109.referrals.routes import accepted, settled
from dispatch109.referrals.routes import page as listed
from dispatch109.referrals.schemas import AcceptForm, RefuseForm, WithdrawForm
from dispatch109.tickets.routes import Acting, Key
from identity109.actor import Actor, spoken
from identity109.permissions import Permission as P
from identity109.permissions import requires
from tenancy109 import directory
from tenancy109.model import Tenant
from ui109.formatting import moment
from ui109.forms import answered
from ui109.i18n import mark, translate
from ui109.templating import AnyRequest, page

BOARD = "/t/{slug:str}/op/referrals"
PAGE = 25
STATES = {
    "sent": ("waiting", mark("Waits for their answer")), "offered": ("new", mark("Offered to us")),
    "accepted": ("assigned", mark("Taken over")), "refused": ("rejected", mark("Not taken over")),
    "ended": ("done", mark("Ended there")), "withdrawn": ("rejected", mark("Taken back")),
}  # fmt: skip
RULES = {
    LOOP: mark("It had been there already: a ticket does not go in a circle."),
    UNREADABLE: mark("What was sealed did not open there; send it again."),
}
"""Why a referral was refused by itself, in words."""
PARTS = (
    mark("Offered to us"), mark("The applicant must be told"), mark("Sent, not answered yet"), mark("All others"),
)  # fmt: skip
"""Headings of the list, by rank."""


@get(BOARD, opt=requires(P.CALL_READ), include_in_schema=False)
async def board(request: AnyRequest, actor: Acting, cursor: FromQuery[str] = "") -> Template:
    """What waits for us first, the urgent before."""
    return page(request, "referrals/referrals.html", **await _board(cursor, actor))


@get(f"{BOARD}/rows", opt=requires(P.CALL_READ), include_in_schema=False)
async def rows(request: AnyRequest, actor: Acting, cursor: FromQuery[str] = "") -> Template:
    """The list alone, read again after news."""
    return page(request, "referrals/rows.html", **await _board(cursor, actor))


@get(f"{BOARD}/count", opt=requires(P.CALL_READ), include_in_schema=False)
async def count(request: AnyRequest, actor: Acting) -> Template:
    """How many wait for somebody here, and how many are unanswered for too long, for the menu."""
    waiting, late = await reading.waiting(actor)
    return page(request, "referrals/count.html", waiting=waiting, late=late)


@post(f"{BOARD}/{{referral_id:uuid}}/accept", opt=requires(P.REFERRAL_DECIDE), include_in_schema=False)
async def accept(
    request: AnyRequest,
    referral_id: FromPath[UUID],
    data: URLEncodedBody[AcceptForm],
    actor: Acting,
    key: Key,
) -> Response[Any]:
    """Take the ticket over."""
    await accepted(key, actor, referral_id, data.category)
    return answered(request, f"/t/{actor.here.slug}/op/referrals")


@post(f"{BOARD}/{{referral_id:uuid}}/refuse", opt=requires(P.REFERRAL_DECIDE), include_in_schema=False)
async def refuse(
    request: AnyRequest,
    referral_id: FromPath[UUID],
    data: URLEncodedBody[RefuseForm],
    actor: Acting,
    key: Key,
) -> Response[Any]:
    """It stays with the sender, who reads the reason."""
    await settled(key, actor, referral_id, partial(referrals.refuse, referral_id, data.reason, actor))
    return answered(request, f"/t/{actor.here.slug}/op/referrals")


@post(f"{BOARD}/{{referral_id:uuid}}/withdraw", opt=requires(P.REFERRAL_SEND), include_in_schema=False)
async def withdraw(
    request: AnyRequest,
    referral_id: FromPath[UUID],
    data: URLEncodedBody[WithdrawForm],
    actor: Acting,
    key: Key,
) -> Response[Any]:
    """Ask for an unanswered offer back."""
    await settled(key, actor, referral_id, partial(referrals.withdraw, referral_id, data.reason, actor))
    return answered(request, f"/t/{actor.here.slug}/op/referrals")


@post(f"{BOARD}/{{referral_id:uuid}}/told", opt=requires(P.REFERRAL_SEND), include_in_schema=False)
async def told(request: AnyRequest, referral_id: FromPath[UUID], actor: Acting, key: Key) -> Response[Any]:
    """The applicant was phoned."""
    await settled(key, actor, referral_id, partial(referrals.note_told, referral_id, actor))
    return answered(request, f"/t/{actor.here.slug}/op/referrals")


async def _board(cursor: str, actor: Actor) -> dict[str, Any]:
    shown = await listed(cursor, PAGE, actor)
    tenants = {tenant.slug: tenant for tenant in await directory.all()}
    return {
        "lines": shown.items, "cursor": cursor, "next": shown.next, "states": STATES, "rules": RULES, "parts": PARTS,
        "catalogue": await catalogues.of(actor.here), "tenants": tenants,
        "say": {
            line.referral.id: what_to_say(line, actor.here, tenants) for line in shown.items if line.referral.to_tell
        },
    }  # fmt: skip


def what_to_say(line: Line, here: Tenant, tenants: dict[str, Tenant]) -> list[str]:
    """The call that tells the applicant who is responsible now, in the applicant's own language."""
    referral, language = line.referral, spoken(line.content.language if line.content else None)
    name = line.content.name if line.content and not line.masked else ""
    slug, number = _where_now(referral)
    there = tenants.get(slug)
    hello = translate("Hello, {name}!", language, name=name) if name else translate("Hello!", language)
    passed = translate(
        "Your request {number} of {date} was passed on: {tenant} is responsible for it now.", language,
        number=referral.reference, date=moment(referral.opened_at, language, "dd.MM.yyyy"),
        tenant=there.names[language] if there else slug,
    )  # fmt: skip
    known = translate("Its number there is {number}; the old number is good there as well.", language,
                      number=number) if number else ""  # fmt: skip
    ended = translate("It has been dealt with there already.", language) if referral.ended_at else translate(
        "The deadline stays the same. They will phone you when the work is done.", language)  # fmt: skip
    greeting = (
        f"{hello} {translate('This is the 109 service, {tenant}.', language, tenant=here.names[language])}"
    )
    return [sentence for sentence in (greeting, passed, known, ended) if sentence]


def _where_now(referral: Referral) -> tuple[str, str | None]:
    """Who is responsible now, and its number there; the one it was sent to may have passed it on."""
    if referral.passed_to:
        return referral.passed_to, referral.passed_reference
    return referral.other_slug, referral.other_reference


PAGES = (board, rows, count, accept, refuse, withdraw, told)
