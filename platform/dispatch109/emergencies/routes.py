"""Emergencies over JSON: the first word, what was answered, and the verbs of the operator."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Literal
from uuid import UUID

from litestar import get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody

from chassis109.store import idempotency
from chassis109.store.idempotency import RequestKey
from chassis109.web import paging
from dispatch109.emergencies import reading
from dispatch109.emergencies import service as emergencies
from dispatch109.emergencies.reading import Emergency
from dispatch109.emergencies.schemas import (
    AlertOut,
    EmergencyAmendIn,
    EmergencyNoteIn,
    EmergencyOut,
    HandOffIn,
    LineOut,
    LinesOut,
    PhonedIn,
    ServiceIn,
    WhyIn,
)
from dispatch109.tickets.routes import Acting, Key
from identity109.actor import Actor
from identity109.permissions import Permission as P
from identity109.permissions import requires

ALL = "/api/v1/t/{slug:str}/emergencies"
ONE = f"{ALL}/{{incident_id:uuid}}"
HANDOFF = f"{ONE}/handoffs/{{handoff_id:uuid}}"
Shown = Literal["live", "exercise", "test"]


@post(ALL, opt=requires(P.EMERGENCY_HAND_OFF), tags=["emergencies"])
async def hand_off(data: JSONBody[HandOffIn], actor: Acting, key: Key) -> EmergencyOut:
    """Hand an emergency to its services: one handoff for each, its number at once, every clock running."""
    incident = await emergencies.hand_off(data.first(), actor, key)
    return EmergencyOut.of(await reading.emergency(str(incident.id), actor), actor.here.slug)


@get(ALL, opt=requires(P.EMERGENCY_READ), tags=["emergencies"])
async def listed(
    actor: Acting,
    mode: FromQuery[Shown] = "live",
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int | None] = None,
) -> LinesOut:
    """All emergencies of a mode, the latest first."""
    most, tenant = paging.size(limit), actor.here
    after = paging.decode(cursor, tenant.id, tuple[datetime, UUID])
    found = await reading.page(after, most + 1, actor, mode)
    page = paging.page(found, most, tenant.id, lambda line: (line.incident.opened_at, line.incident.id))
    return LinesOut([LineOut.of(line, tenant.slug) for line in page.items], page.next)


@get(f"{ALL}/alarms", opt=requires(P.EMERGENCY_READ), tags=["emergencies"])
async def alarms(actor: Acting, mode: FromQuery[Shown] = "live") -> list[AlertOut]:
    """What nobody has answered for yet, the oldest first, each with the number to phone."""
    return [AlertOut.of(alert) for alert in await reading.alarms(actor, mode)]


@get(f"{ALL}/{{written:str}}", opt=requires(P.EMERGENCY_READ), tags=["emergencies"])
async def one(written: FromPath[str], actor: Acting) -> EmergencyOut:
    """By id or by number (`2026.17`, `kz.sko.petropavl.2026.17`)."""
    return EmergencyOut.of(await reading.emergency(written, actor), actor.here.slug)


@patch(ONE, opt=requires(P.EMERGENCY_HAND_OFF), tags=["emergencies"])
async def amend(
    incident_id: FromPath[UUID], data: JSONBody[EmergencyAmendIn], actor: Acting, key: Key
) -> EmergencyOut:
    """Correct what is known; every service that has it open is told at once. 409 when someone else was faster."""
    return await _answered(
        key, actor, incident_id, lambda: emergencies.amend(incident_id, data.version, data.said(), actor)
    )


@post(f"{ONE}/notes", opt=requires(P.EMERGENCY_HAND_OFF), tags=["emergencies"], status_code=200)
async def note(
    incident_id: FromPath[UUID], data: JSONBody[EmergencyNoteIn], actor: Acting, key: Key
) -> EmergencyOut:
    """Tell the services one thing more."""
    return await _answered(
        key, actor, incident_id, lambda: emergencies.add_note(incident_id, data.text, actor)
    )


@post(f"{ONE}/services", opt=requires(P.EMERGENCY_HAND_OFF), tags=["emergencies"], status_code=200)
async def add_service(
    incident_id: FromPath[UUID], data: JSONBody[ServiceIn], actor: Acting, key: Key
) -> EmergencyOut:
    """Give it to one more service."""
    return await _answered(
        key, actor, incident_id, lambda: emergencies.add_service(incident_id, data.service, actor)
    )


@post(f"{ONE}/take-back", opt=requires(P.EMERGENCY_HAND_OFF), tags=["emergencies"], status_code=200)
async def take_back(incident_id: FromPath[UUID], actor: Acting, key: Key) -> EmergencyOut:
    """No service took it: its ticket goes back to the utility service (else 409)."""
    return await _answered(key, actor, incident_id, lambda: emergencies.take_back(incident_id, actor))


@post(f"{HANDOFF}/cancel", opt=requires(P.EMERGENCY_CANCEL), tags=["emergencies"], status_code=200)
async def cancel(
    incident_id: FromPath[UUID], handoff_id: FromPath[UUID], data: JSONBody[WhyIn], actor: Acting, key: Key
) -> EmergencyOut:
    """Take it back from a service: at once before it has accepted, else it is asked to confirm."""
    return await _answered(
        key, actor, incident_id, lambda: emergencies.cancel(handoff_id, data.reason, actor)
    )


@post(f"{HANDOFF}/reopen", opt=requires(P.EMERGENCY_REOPEN), tags=["emergencies"], status_code=200)
async def reopen(
    incident_id: FromPath[UUID], handoff_id: FromPath[UUID], data: JSONBody[WhyIn], actor: Acting, key: Key
) -> EmergencyOut:
    """Give it to the same service again, within 24 hours of its end."""
    return await _answered(
        key, actor, incident_id, lambda: emergencies.reopen(handoff_id, data.reason, actor)
    )


@post(f"{HANDOFF}/retry", opt=requires(P.EMERGENCY_HAND_OFF), tags=["emergencies"], status_code=200)
async def retry(
    incident_id: FromPath[UUID], handoff_id: FromPath[UUID], actor: Acting, key: Key
) -> EmergencyOut:
    """Send again what could not be delivered."""
    return await _answered(key, actor, incident_id, lambda: emergencies.retry(handoff_id, actor))


@post(f"{HANDOFF}/phoned", opt=requires(P.EMERGENCY_HAND_OFF), tags=["emergencies"], status_code=200)
async def phoned(
    incident_id: FromPath[UUID], handoff_id: FromPath[UUID], data: JSONBody[PhonedIn], actor: Acting, key: Key
) -> EmergencyOut:
    """The operator has phoned the service himself: the alarm is answered."""
    return await _answered(
        key, actor, incident_id, lambda: emergencies.phoned(handoff_id, data.said_to, actor)
    )


async def settled(
    key: RequestKey | None, actor: Actor, incident_id: UUID, verb: Callable[[], Awaitable[object]]
) -> Emergency:
    """Run a verb on an emergency once for each Idempotency-Key; what stands afterwards."""

    async def again(_: UUID) -> object:
        return None

    await idempotency.settled(actor.here.id, key, incident_id, verb, again)
    return await reading.emergency(str(incident_id), actor)


async def _answered(
    key: RequestKey | None, actor: Actor, incident_id: UUID, verb: Callable[[], Awaitable[object]]
) -> EmergencyOut:
    return EmergencyOut.of(await settled(key, actor, incident_id, verb), actor.here.slug)


ROUTES = (
    hand_off, listed, alarms, one, amend, note, add_service, take_back, cancel, reopen, retry, phoned,
)  # fmt: skip
