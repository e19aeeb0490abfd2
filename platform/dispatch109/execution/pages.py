"""The screen of a responsible service: its inbox, what it reports about a ticket, and the photos."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import File, Template

from chassis109.kernel.text import Form
from dispatch109.callbacks.routes import note_of
from dispatch109.catalogue import service as catalogues
from dispatch109.execution import service as execution
from dispatch109.execution.model import TABS, reports_from
from dispatch109.execution.routes import photo_file
from dispatch109.execution.schemas import DoneForm, ReasonForm, VersionForm
from dispatch109.queue.model import PAGE
from dispatch109.queue.repository import COUNT_LIMIT
from dispatch109.queue.routes import cursor_of, place_of
from dispatch109.tickets import reading
from dispatch109.tickets import service as tickets
from dispatch109.tickets.routes import Acting, Key, reason_of, settled
from identity109.actor import Actor
from identity109.permissions import Permission as P
from identity109.permissions import requires
from ui109.forms import answered
from ui109.templating import AnyRequest, page

INBOX = "/t/{slug:str}/svc"
CARD = "/t/{slug:str}/r/{ticket_id:str}"
MOST_UPLOADED = 64 * 1024 * 1024
"""All photos of one report together; each may have 10 MB."""

Shown = Response[Any]


@get(INBOX, opt=requires(P.TICKET_EXECUTE), include_in_schema=False)
async def inbox(
    request: AnyRequest, actor: Acting, tab: FromQuery[str] = "new", cursor: FromQuery[str] = ""
) -> Template:
    """What the person's service has to do, in tabs."""
    return page(request, "execution/inbox.html", **await _inbox(tab, cursor, actor))


@get(f"{INBOX}/rows", opt=requires(P.TICKET_EXECUTE), include_in_schema=False)
async def rows(
    request: AnyRequest, actor: Acting, tab: FromQuery[str] = "new", cursor: FromQuery[str] = ""
) -> Template:
    """Tabs and rows alone, read again after news."""
    return page(request, "execution/rows.html", **await _inbox(tab, cursor, actor))


@post(f"{CARD}/accept", opt=requires(P.TICKET_EXECUTE), include_in_schema=False)
async def accept(
    request: AnyRequest, ticket_id: FromPath[str], data: URLEncodedBody[VersionForm], actor: Acting, key: Key
) -> Shown:
    """Take the ticket over."""
    ticket = await reading.known(ticket_id, actor)
    await settled(key, actor, ticket, lambda of: tickets.accept(of, data.version, actor))
    return answered(request, card_of(actor, ticket.reference))


@post(f"{CARD}/start", opt=requires(P.TICKET_EXECUTE), include_in_schema=False)
async def start(
    request: AnyRequest, ticket_id: FromPath[str], data: URLEncodedBody[VersionForm], actor: Acting, key: Key
) -> Shown:
    """Begin to work, or go on."""
    ticket = await reading.known(ticket_id, actor)
    await settled(key, actor, ticket, lambda of: tickets.start(of, data.version, actor))
    return answered(request, card_of(actor, ticket.reference))


@post(f"{CARD}/pause", opt=requires(P.TICKET_EXECUTE), include_in_schema=False)
async def pause(
    request: AnyRequest, ticket_id: FromPath[str], data: URLEncodedBody[ReasonForm], actor: Acting, key: Key
) -> Shown:
    """Let the work wait for a reason."""
    reason, ticket = reason_of(data.reason), await reading.known(ticket_id, actor)
    await settled(key, actor, ticket, lambda of: tickets.pause(of, data.version, reason, actor))
    return answered(request, card_of(actor, ticket.reference))


@post(f"{CARD}/return", opt=requires(P.TICKET_EXECUTE), include_in_schema=False)
async def return_(
    request: AnyRequest, ticket_id: FromPath[str], data: URLEncodedBody[ReasonForm], actor: Acting, key: Key
) -> Shown:
    """“Not ours”: afterwards the ticket is another service's, so the person goes back to the inbox."""
    reason, ticket = reason_of(data.reason), await reading.known(ticket_id, actor)
    await settled(key, actor, ticket, lambda of: tickets.return_(of, data.version, reason, actor))
    return answered(request, f"/t/{actor.here.slug}/svc")


@post(
    f"{CARD}/done",
    opt=requires(P.TICKET_EXECUTE),
    include_in_schema=False,
    request_max_body_size=MOST_UPLOADED,
)
async def done(request: AnyRequest, ticket_id: FromPath[str], actor: Acting, key: Key) -> Shown:
    """Report the work as done, with its photos."""
    data = await DoneForm.read(request)
    note, ticket = note_of(data.note), await reading.ticket(ticket_id, actor)
    photos = await execution.read_photos(data.photos)
    await settled(key, actor, ticket, lambda of: execution.finish(of, data.version, note, photos, actor))
    return answered(request, card_of(actor, ticket.reference))


@get("/t/{slug:str}/photos/{photo_id:uuid}", opt=requires(P.TICKET_READ), include_in_schema=False)
async def photo(photo_id: FromPath[UUID], actor: Acting) -> File:
    """A photo for the browser of a person."""
    return await photo_file(photo_id, actor)


def card_of(actor: Actor, reference: str) -> str:
    """The address of a ticket's card."""
    return f"/t/{actor.here.slug}/r/{reference}"


async def _inbox(tab: str, cursor: str, actor: Actor) -> dict[str, Any]:
    form = Form()
    tab = form.choice("tab", tab, set(TABS))
    form.done()
    found = await execution.inbox(tab, place_of(cursor or None, actor.here.id), PAGE, actor)
    following = cursor_of(found.next, actor.here.id)
    return {
        "tab": tab, "tabs": tuple(TABS), "rows": found.rows, "counts": found.counts, "count_limit": COUNT_LIMIT,
        "catalogue": await catalogues.of(actor.here), "reports_from": reports_from, "cursor": cursor,
        "query": urlencode({"tab": tab, **({"cursor": cursor} if cursor else {})}),
        "next": urlencode({"tab": tab, "cursor": following}) if following else "",
    }  # fmt: skip


PAGES = (inbox, rows, accept, start, pause, return_, done, photo)
