"""What the region ordered, for the head and the senior; the head answers."""

from functools import partial
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Template

from dispatch109.mandates import service as mandates
from dispatch109.mandates.routes import listed, settled
from dispatch109.mandates.schemas import AnswerForm
from dispatch109.tickets.routes import Acting, Key
from identity109.actor import Actor
from identity109.permissions import Permission as P
from identity109.permissions import requires
from tenancy109 import directory
from ui109.forms import answered
from ui109.i18n import mark
from ui109.templating import AnyRequest, page

BOARD = "/t/{slug:str}/op/mandates"
PAGE = 25
KINDS = {
    "escalate": mark("Raise the priority"), "report": mark("Ask for a report"),
    "refer": mark("Refer to another tenant"),
}  # fmt: skip
STATES = {
    "received": ("new", mark("Waits for an answer")), "executed": ("done", mark("Executed")),
    "refused": ("rejected", mark("Refused")),
}  # fmt: skip
WHY = {
    "too-late": mark("Its deadline had passed when it arrived"),
    "no-such-ticket": mark("There is no such ticket here"),
    "ticket-has-ended": mark("The ticket has ended"),
    "not-possible": mark("The rules of this tenant do not allow it"),
    "wrong-state": mark("Not possible in that state"),
    "referred-to-itself": mark("A tenant cannot refer a ticket to itself."),
    "no-such-tenant": mark("There is no such tenant."),
    "referred-in-a-circle": mark("This tenant has had the ticket already: it cannot go back there."),
    "still-unanswered": mark("The last referral of this ticket has not been answered yet."),
    "no-key-yet": mark("The other tenant cannot receive sealed referrals yet"),
}


@get(BOARD, opt=requires(P.MANDATE_READ), include_in_schema=False)
async def board(request: AnyRequest, actor: Acting, cursor: FromQuery[str] = "") -> Template:
    """All of them, the latest first."""
    return page(request, "mandates/mandates.html", **await _board(cursor, actor))


@get(f"{BOARD}/rows", opt=requires(P.MANDATE_READ), include_in_schema=False)
async def rows(request: AnyRequest, actor: Acting, cursor: FromQuery[str] = "") -> Template:
    """The list alone, read again after news."""
    return page(request, "mandates/rows.html", **await _board(cursor, actor))


@get(f"{BOARD}/count", opt=requires(P.MANDATE_READ), include_in_schema=False)
async def count(request: AnyRequest, actor: Acting) -> Template:
    """How many wait for an answer or for somebody to take note, for the menu."""
    return page(request, "mandates/count.html", count=sum(await mandates.unseen(actor)))


@post(f"{BOARD}/{{mandate_id:uuid}}/answer", opt=requires(P.MANDATE_ANSWER), include_in_schema=False)
async def answer(
    request: AnyRequest, mandate_id: FromPath[UUID], data: URLEncodedBody[AnswerForm], actor: Acting, key: Key
) -> Response[Any]:
    """The head's report."""
    await settled(key, actor, mandate_id, partial(mandates.answer, mandate_id, data.text, actor))
    return answered(request, f"/t/{actor.here.slug}/op/mandates")


@post(f"{BOARD}/{{mandate_id:uuid}}/seen", opt=requires(P.MANDATE_ANSWER), include_in_schema=False)
async def seen(request: AnyRequest, mandate_id: FromPath[UUID], actor: Acting) -> Response[Any]:
    """The head has taken note."""
    await mandates.take_note(mandate_id, actor)
    return answered(request, f"/t/{actor.here.slug}/op/mandates")


async def _board(cursor: str, actor: Actor) -> dict[str, Any]:
    shown = await listed(cursor, PAGE, actor)
    return {
        "mandates": shown.items, "cursor": cursor, "next": shown.next, "kinds": KINDS, "states": STATES, "why": WHY,
        "tenants": {one.slug: one for one in await directory.all()},
    }  # fmt: skip


PAGES = (board, rows, count, answer, seen)
