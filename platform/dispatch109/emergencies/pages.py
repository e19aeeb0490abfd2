"""The screens of an emergency: the form behind F9, the operator's bar, the card, the list, the alarms."""

from typing import Any, Literal
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Redirect, Template

from dispatch109.callbacks.pages import beginning_with
from dispatch109.emergencies import bar, board, forms, reading
from dispatch109.emergencies import service as emergencies
from dispatch109.emergencies.forms import (
    AmendForm,
    HandOffForm,
    NoteForm,
    PhonedForm,
    ReasonForm,
    ServiceForm,
)
from dispatch109.emergencies.routes import settled
from dispatch109.tickets.routes import Acting, Key
from identity109.actor import Actor
from identity109.permissions import Permission as P
from identity109.permissions import requires
from ui109.forms import answered
from ui109.templating import AnyRequest, language_of, page

OP = "/t/{slug:str}/op/emergencies"
CARD = f"{OP}/e/{{incident_id:uuid}}"
HANDOFF = f"{CARD}/h/{{handoff_id:uuid}}"
Which = Literal["open", "all", "exercise"]


@get(OP, opt=requires(P.EMERGENCY_READ), include_in_schema=False)
async def listed(
    request: AnyRequest,
    actor: Acting,
    which: FromQuery[Which] = "open",
    q: FromQuery[str] = "",
    cursor: FromQuery[str] = "",
) -> Template | Redirect:
    """The open ones, all, or exercises; a number leads to its card."""
    if q.strip():
        found = await board.by_number(q, actor)
        if found is not None:
            return Redirect(place_of(actor, found.incident.id))
    return page(request, "emergencies/emergencies.html", q=q, **await board.rows(which, cursor, actor))


@get(f"{OP}/rows", opt=requires(P.EMERGENCY_READ), include_in_schema=False)
async def rows(
    request: AnyRequest, actor: Acting, which: FromQuery[Which] = "open", cursor: FromQuery[str] = ""
) -> Template:
    """The list alone, read again after news."""
    return page(request, "emergencies/rows.html", **await board.rows(which, cursor, actor))


@get(f"{OP}/count", opt=requires(P.EMERGENCY_READ), include_in_schema=False)
async def count(request: AnyRequest, actor: Acting) -> Template:
    """How many are open and how many alarms stand, for the main menu."""
    return page(request, "emergencies/count.html", **await board.counts(actor))


@get(f"{OP}/mine", opt=requires(P.EMERGENCY_HAND_OFF), include_in_schema=False)
async def mine(request: AnyRequest, actor: Acting) -> Template:
    """The operator's own open ones in short, for the intake."""
    return page(request, "emergencies/mine.html", words=bar, lines=await board.mine(actor))


@get(f"{OP}/alarms", opt=requires(P.EMERGENCY_HAND_OFF), include_in_schema=False)
async def alarms(request: AnyRequest, actor: Acting) -> Template:
    """What must be looked at now, and what the page raises by itself when it hears nothing more."""
    return page(request, "emergencies/alarms.html", words=bar, **await board.watched(actor))


@get(f"{OP}/new", opt=requires(P.EMERGENCY_HAND_OFF), include_in_schema=False)
async def new(request: AnyRequest, actor: Acting, ticket: FromQuery[str] = "") -> Template:
    """The form as a page."""
    context = await board.form(ticket, language_of(request), actor)
    return page(request, "emergencies/new.html", in_dialog=False, target="", **context)


@get(f"{OP}/form", opt=requires(P.EMERGENCY_HAND_OFF), include_in_schema=False)
async def form(request: AnyRequest, actor: Acting, ticket: FromQuery[str] = "") -> Template:
    """The form alone, for the dialog of the intake and of a ticket's card."""
    context = await board.form(ticket, language_of(request), actor)
    return page(
        request, "emergencies/form.html", in_dialog=True, target="" if ticket else "#result", **context
    )


@post(OP, opt=requires(P.EMERGENCY_HAND_OFF), include_in_schema=False)
async def hand_off(
    request: AnyRequest, data: URLEncodedBody[HandOffForm], actor: Acting, key: Key
) -> Template | Redirect:
    """Hand it to the services: its number and the bar at once."""
    incident = await emergencies.hand_off(data.first(), actor, key)
    place = place_of(actor, incident.id)
    if "hx-request" not in request.headers:
        return Redirect(place, status_code=303)
    emergency = await reading.emergency(str(incident.id), actor)
    return page(
        request,
        "emergencies/handed.html",
        status=201,
        headers={"Location": place},
        emergency=emergency,
        words=bar,
    )


@get(f"{OP}/e/{{written:str}}", opt=requires(P.EMERGENCY_READ), include_in_schema=False)
async def show(request: AnyRequest, written: FromPath[str], actor: Acting) -> Template:
    """The card, by id or by number."""
    return page(request, "emergencies/emergency.html", **await _card(request, written, actor))


@get(f"{OP}/e/{{written:str}}/part", opt=requires(P.EMERGENCY_READ), include_in_schema=False)
async def part(request: AnyRequest, written: FromPath[str], actor: Acting) -> Template:
    """What others change while the card is open, read again after news."""
    return page(request, "emergencies/part.html", **await _card(request, written, actor))


@post(f"{CARD}/amend", opt=requires(P.EMERGENCY_HAND_OFF), include_in_schema=False)
async def amend(
    request: AnyRequest, incident_id: FromPath[UUID], data: URLEncodedBody[AmendForm], actor: Acting, key: Key
) -> Response[Any]:
    """Correct what is known; the services are told at once."""
    said = data.said(type=data.type)
    await settled(key, actor, incident_id, lambda: emergencies.amend(incident_id, data.version, said, actor))
    return answered(request, place_of(actor, incident_id))


@post(f"{CARD}/notes", opt=requires(P.EMERGENCY_HAND_OFF), include_in_schema=False)
async def note(
    request: AnyRequest, incident_id: FromPath[UUID], data: URLEncodedBody[NoteForm], actor: Acting, key: Key
) -> Response[Any]:
    """One thing more for every service that has it open."""
    await settled(key, actor, incident_id, lambda: emergencies.add_note(incident_id, data.text, actor))
    return answered(request, place_of(actor, incident_id))


@post(f"{CARD}/services", opt=requires(P.EMERGENCY_HAND_OFF), include_in_schema=False)
async def add_service(
    request: AnyRequest,
    incident_id: FromPath[UUID],
    data: URLEncodedBody[ServiceForm],
    actor: Acting,
    key: Key,
) -> Response[Any]:
    """One more service, also the one that another named."""
    await settled(key, actor, incident_id, lambda: emergencies.add_service(incident_id, data.service, actor))
    return answered(request, place_of(actor, incident_id))


@post(f"{CARD}/take-back", opt=requires(P.EMERGENCY_HAND_OFF), include_in_schema=False)
async def take_back(
    request: AnyRequest, incident_id: FromPath[UUID], actor: Acting, key: Key
) -> Response[Any]:
    """No service took it: the ticket goes back to its utility service."""
    emergency = await settled(key, actor, incident_id, lambda: emergencies.take_back(incident_id, actor))
    ticket = f"/t/{actor.here.slug}/r/{emergency.ticket}"
    return answered(request, ticket if emergency.ticket else place_of(actor, incident_id))


@post(f"{HANDOFF}/cancel", opt=requires(P.EMERGENCY_CANCEL), include_in_schema=False)
async def cancel(
    request: AnyRequest,
    incident_id: FromPath[UUID],
    handoff_id: FromPath[UUID],
    data: URLEncodedBody[ReasonForm],
    actor: Acting,
    key: Key,
) -> Response[Any]:
    """At once before the service has accepted; afterwards it is asked to confirm."""
    await settled(key, actor, incident_id, lambda: emergencies.cancel(handoff_id, data.reason, actor))
    return answered(request, place_of(actor, incident_id))


@post(f"{HANDOFF}/reopen", opt=requires(P.EMERGENCY_REOPEN), include_in_schema=False)
async def reopen(
    request: AnyRequest,
    incident_id: FromPath[UUID],
    handoff_id: FromPath[UUID],
    data: URLEncodedBody[ReasonForm],
    actor: Acting,
    key: Key,
) -> Response[Any]:
    """Give it to the same service again."""
    await settled(key, actor, incident_id, lambda: emergencies.reopen(handoff_id, data.reason, actor))
    return answered(request, place_of(actor, incident_id))


@post(f"{HANDOFF}/retry", opt=requires(P.EMERGENCY_HAND_OFF), include_in_schema=False)
async def retry(
    request: AnyRequest, incident_id: FromPath[UUID], handoff_id: FromPath[UUID], actor: Acting, key: Key
) -> Response[Any]:
    """Send again what could not be delivered."""
    await settled(key, actor, incident_id, lambda: emergencies.retry(handoff_id, actor))
    return answered(request, place_of(actor, incident_id))


@post(f"{HANDOFF}/phoned", opt=requires(P.EMERGENCY_HAND_OFF), include_in_schema=False)
async def phoned(
    request: AnyRequest,
    incident_id: FromPath[UUID],
    handoff_id: FromPath[UUID],
    data: URLEncodedBody[PhonedForm],
    actor: Acting,
    key: Key,
) -> Response[Any]:
    """The operator has phoned: the alarm is answered."""
    await settled(key, actor, incident_id, lambda: emergencies.phoned(handoff_id, data.said_to, actor))
    return answered(request, place_of(actor, incident_id))


def place_of(actor: Actor, incident_id: UUID) -> str:
    """The address of the card."""
    return f"/t/{actor.here.slug}/op/emergencies/e/{incident_id}"


async def _card(request: AnyRequest, written: str, actor: Actor) -> dict[str, Any]:
    language, card = language_of(request), await board.card(written, actor)
    owed = next((call for call in card["emergency"].callbacks if call.ended_at is None), None)
    card["call_at"] = beginning_with(owed, actor.here) if owed and actor.may(P.CALLBACK_RECORD) else ""
    draft = forms.from_incident(card["emergency"].incident, language)
    return {
        **card,
        "draft": draft,
        "lent": forms.for_intake(card["emergency"]),
        "words": bar,
        **bar.choices(language),
    }


PAGES = (
    listed, rows, count, mine, alarms, new, form, hand_off, show, part, amend, note, add_service, take_back, cancel,
    reopen, retry, phoned,
)  # fmt: skip
