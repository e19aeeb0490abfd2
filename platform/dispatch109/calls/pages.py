"""The intake screen: the form of a call, what is shown while the operator types, and its two endings."""

from contextlib import suppress
from datetime import datetime
from typing import Literal
from uuid import UUID

from litestar import get, post
from litestar.params import FromQuery, URLEncodedBody
from litestar.response import Redirect, Template
from msgspec import Struct

from chassis109.kernel.errors import Invalid
from chassis109.web import paging
from dispatch109.calls import service as calls
from dispatch109.calls.service import Said
from dispatch109.catalogue import service as catalogues
from dispatch109.queue.asked import Asked
from dispatch109.queue.model import PAGE
from dispatch109.queue.pages import PANE_ROWS, rows_of
from dispatch109.tickets.model import Ticket
from dispatch109.tickets.routes import Acting, Key
from identity109.actor import Actor
from identity109.permissions import Permission as P
from identity109.permissions import requires
from tenancy109 import guessing
from tenancy109.model import Category
from ui109.templating import AnyRequest, page

OP = "/t/{slug:str}/op"
GUESSES_SHOWN = 3


class CallForm(Struct):
    """The form of a call as the browser sends it: text only, any of it may be absent."""

    phone: str = ""
    applicant: str = ""
    language: str = ""
    address: str = ""
    landmark: str = ""
    lon: str = ""
    lat: str = ""
    text: str = ""
    category: str = ""
    priority: str = ""

    def said(self) -> Said:
        """As the verbs want it. What is no number becomes one that they refuse by name."""
        return Said(
            phone=self.phone, applicant=self.applicant, language=self.language, category=self.category,
            text=self.text, address=self.address, landmark=self.landmark, lon=_degrees(self.lon),
            lat=_degrees(self.lat), priority=_whole(self.priority),
        )  # fmt: skip


@get(OP, opt=requires(P.TICKET_OPEN), include_in_schema=False)
async def intake(request: AnyRequest, actor: Acting) -> Template:
    """Three panes: the form, the map, the queue."""
    pane = await rows_of(Asked(), "", actor, PANE_ROWS)
    return page(request, "calls/intake.html", groups=_groups(pane["catalogue"].categories), **pane)


@post(f"{OP}/calls", opt=requires(P.TICKET_OPEN), include_in_schema=False)
async def register(
    request: AnyRequest, data: URLEncodedBody[CallForm], actor: Acting, key: Key
) -> Template | Redirect:
    """Save the request: its number at once."""
    ticket = await calls.register(data.said(), actor, key)
    if "hx-request" not in request.headers:
        return Redirect(f"/t/{actor.here.slug}/r/{ticket.reference}", status_code=303)
    catalogue = await catalogues.of(actor.here)
    return page(request, "calls/registered.html", status=201, ticket=ticket, catalogue=catalogue)


@post(f"{OP}/consultations", opt=requires(P.TICKET_OPEN), include_in_schema=False)
async def consult(
    request: AnyRequest, data: URLEncodedBody[CallForm], actor: Acting, key: Key
) -> Template | Redirect:
    """Record that the question was answered on the spot."""
    await calls.consult(data.said(), actor, key)
    if "hx-request" not in request.headers:
        return Redirect(f"/t/{actor.here.slug}/op", status_code=303)
    return page(request, "calls/consulted.html", status=201)


# The hints are posted although they only read: a phone and a person's words do not belong into addresses and logs.
@post(f"{OP}/earlier", opt=requires(P.CONTACT_OWN), status_code=200, include_in_schema=False)
async def earlier(request: AnyRequest, data: URLEncodedBody[CallForm], actor: Acting) -> Template:
    """Earlier tickets of the phone typed so far."""
    found = await calls.earlier(data.phone, actor)
    return page(request, "calls/earlier.html", tickets=found, catalogue=await catalogues.of(actor.here))


@post(f"{OP}/near", opt=requires(P.TICKET_OPEN), status_code=200, include_in_schema=False)
async def near(request: AnyRequest, data: URLEncodedBody[CallForm], actor: Acting) -> Template:
    """Open tickets near the point, then those that name the address."""
    found = await _near(data.said(), actor)
    return page(request, "calls/near.html", found=found, catalogue=await catalogues.of(actor.here))


@post(f"{OP}/guess", opt=requires(P.TICKET_OPEN), status_code=200, include_in_schema=False)
async def guess(request: AnyRequest, data: URLEncodedBody[CallForm], actor: Acting) -> Template:
    """Categories that the words speak of, the likeliest first; none when one of them is chosen."""
    catalogue = await catalogues.of(actor.here)
    codes = guessing.guess(catalogue.categories, data.text)[:GUESSES_SHOWN]
    wanted = [] if data.category in codes else codes
    found = [category for code in wanted if (category := catalogue.category(code))]
    return page(request, "calls/guess.html", guesses=found)


async def _near(said: Said, actor: Actor) -> list[tuple[Ticket, float | None]]:
    """Tickets with their distance in metres (None: found by the address), each once."""
    found: list[tuple[Ticket, float | None]] = []
    if said.lon is not None and said.lat is not None:
        with suppress(Invalid):  # half-typed coordinates are no point yet
            found += await calls.near(said.lon, said.lat, actor)
    known = {ticket.id for ticket, _ in found}
    named = await calls.at_address(said.address, actor)
    return found + [(ticket, None) for ticket in named if ticket.id not in known]


def _groups(categories: tuple[Category, ...]) -> list[tuple[dict[str, str], list[Category]]]:
    """The categories by group, groups and categories in the order of the catalogue."""
    groups: dict[str, tuple[dict[str, str], list[Category]]] = {}
    for category in categories:
        groups.setdefault(category.group, (category.group_names, []))[1].append(category)
    return list(groups.values())


def _degrees(typed: str) -> float | None:
    try:
        return float(typed.strip().replace(",", ".")) if typed.strip() else None
    except ValueError:
        return float("nan")


def _whole(typed: str) -> int | None:
    if not typed:
        return None
    return int(typed) if typed in {"1", "2", "3"} else 0


@get(f"{OP}/calls", opt=requires(P.CALL_READ), include_in_schema=False)
async def log(
    request: AnyRequest,
    actor: Acting,
    outcome: FromQuery[Literal["", "ticket", "consultation", "handed_off"]] = "",
    cursor: FromQuery[str] = "",
) -> Template:
    """The log of calls, the latest first."""
    tenant = actor.here.id
    found = await calls.log(paging.decode(cursor, tenant, tuple[datetime, UUID]), outcome, PAGE + 1, actor)
    part = paging.page(found, PAGE, tenant, lambda line: (line.at, line.id))
    catalogue = await catalogues.of(actor.here)
    return page(
        request, "calls/log.html", lines=part.items, next=part.next, cursor=cursor, outcome=outcome,
        catalogue=catalogue,
    )  # fmt: skip


PAGES = (log, intake, register, consult, earlier, near, guess)
