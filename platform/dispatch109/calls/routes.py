"""Intake over JSON: tickets, consultations, what a caller asked before, what is open nearby."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from litestar import get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from chassis109.web import paging
from dispatch109.calls import service as calls
from dispatch109.calls.schemas import (
    AmendIn,
    CallerOut,
    CallOut,
    CallsOut,
    ConsultationIn,
    ConsultationOut,
    NearOut,
    TicketIn,
)
from dispatch109.calls.service import Said
from dispatch109.tickets import reading
from dispatch109.tickets.routes import ONE, Acting, Key, moved
from dispatch109.tickets.schemas import TicketOut
from identity109.permissions import Permission as P
from identity109.permissions import requires

ALL = "/api/v1/t/{slug:str}"


@post(f"{ALL}/tickets", opt=requires(P.TICKET_OPEN), tags=["intake"])
async def register(data: JSONBody[TicketIn], actor: Acting, key: Key) -> TicketOut:
    """Register a request: its number at once, routed by category × place, both clocks running."""
    return TicketOut.of(await calls.register(data.said(), actor, key))


@post(f"{ALL}/consultations", opt=requires(P.TICKET_OPEN), tags=["intake"])
async def consult(data: JSONBody[ConsultationIn], actor: Acting, key: Key) -> ConsultationOut:
    """Record a question that was answered on the spot."""
    said = Said(data.phone, data.applicant, data.language, data.category, data.text)
    return ConsultationOut(await calls.consult(said, actor, key))


@patch(ONE, opt=requires(P.TICKET_OPEN), tags=["intake"])
async def amend(ticket_id: FromPath[str], data: JSONBody[AmendIn], actor: Acting, key: Key) -> TicketOut:
    """Correct what was written down. 409 with the present values when someone else was faster."""
    ticket = await reading.known(ticket_id, actor)
    return await moved(key, actor, ticket, lambda of: calls.correct(of, data.version, data.said(), actor))


@get(f"{ALL}/callers", opt=requires(P.CONTACT_OWN), tags=["intake"])
async def earlier(phone: FromQuery[str], actor: Acting) -> CallerOut:
    """Earlier tickets of a phone in this tenant, newest first; empty until the number is complete."""
    return CallerOut([TicketOut.of(ticket) for ticket in await calls.earlier(phone, actor)])


@get(f"{ALL}/near", opt=requires(P.TICKET_READ), tags=["intake"])
async def near(
    lon: Annotated[float, QueryParameter(ge=-180, le=180)],
    lat: Annotated[float, QueryParameter(ge=-90, le=90)],
    actor: Acting,
) -> list[NearOut]:
    """Open tickets within 300 m of a point, nearest first."""
    return [
        NearOut(round(metres), TicketOut.of(ticket)) for ticket, metres in await calls.near(lon, lat, actor)
    ]


@get(f"{ALL}/calls", opt=requires(P.CALL_READ), tags=["intake"])
async def log(
    actor: Acting,
    outcome: FromQuery[Literal["", "ticket", "consultation", "handed_off"]] = "",
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int | None] = None,
) -> CallsOut:
    """Every call, the latest first: what was asked and how it ended, never who called."""
    most, tenant = paging.size(limit), actor.here.id
    found = await calls.log(paging.decode(cursor, tenant, tuple[datetime, UUID]), outcome, most + 1, actor)
    page = paging.page([CallOut.of(line) for line in found], most, tenant, lambda c: (c.at, c.id))
    return CallsOut(page.items, page.next)


ROUTES = (log, register, consult, amend, earlier, near)
