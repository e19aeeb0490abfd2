"""What the emergency screens show, put together from the readings."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from chassis109.kernel import clock
from chassis109.kernel.errors import NotFound
from chassis109.store.unit import transaction
from chassis109.web import paging
from dispatch109.emergencies import bar, forms, reading
from dispatch109.emergencies.model import Handoff
from dispatch109.emergencies.reading import Emergency, Line
from dispatch109.tickets import reading as ticket_reading
from hub112.contract import SERVICES, IncidentType, State, incident_types
from identity109.actor import Actor
from ui109.formatting import ZONE

PAGE = 25
MOST_ALARMS = 8
MOST_MINE = 12
MOST_PREPARED = 80  # of the newest emergencies, three or four a handoff
MODES = ("live", "exercise")


async def rows(which: str, cursor: str, actor: Actor) -> dict[str, Any]:
    """The open ones without a page, or a page of all of a mode, newest first."""
    tenant = actor.here.id
    if which == "open":
        shown, following = await _open(actor), None
    else:
        after = paging.decode(cursor or None, tenant, tuple[datetime, UUID])
        mode = "exercise" if which == "exercise" else "live"
        found = await reading.page(after, PAGE + 1, actor, mode)
        part = paging.page(found, PAGE, tenant, lambda line: (line.incident.opened_at, line.incident.id))
        shown, following = part.items, part.next
    return {
        "lines": shown,
        "next": following,
        "cursor": cursor,
        "which": which,
        "words": bar,
        "types": incident_types(),
    }


async def by_number(typed: str, actor: Actor) -> Emergency | None:
    """The emergency of a number as people type it: `17` (of this year), `2026.17`, `kz.sko.petropavl.2026.17`."""
    written = typed.strip().removeprefix("№").strip()
    if written.isascii() and written.isdigit():
        written = f"{clock.now().astimezone(ZONE).year}.{written}"
    try:
        return await reading.emergency(written, actor)
    except NotFound:
        return None


async def counts(actor: Actor) -> dict[str, Any]:
    """Open ones and standing alarms, exercises left out."""
    async with transaction(actor.tenant_id):
        return {"count": len(await reading.open_ones(actor)), "alarmed": len(await reading.alarms(actor))}


async def mine(actor: Actor) -> list[Line]:
    """The newest open ones that this operator handed off."""
    own = [line for line in await _open(actor) if line.incident.opened_by == actor.subject]
    return own[:MOST_MINE]


async def watched(actor: Actor) -> dict[str, Any]:
    """The alarms that stand, those of drills last, else the own ones first and the newest of them first; the clocks
    that run over the operator's own handoffs; and `news`, which changes with everything that a screen shows of the
    open ones."""
    async with transaction(actor.tenant_id):
        lines = await _open(actor)
        standing = [alert for mode in MODES for alert in await reading.alarms(actor, mode)]
    alarmed = [(a.incident, one) for a in standing for one in bar.warned(a.handoff) if one.stands]
    alarmed.sort(key=lambda pair: pair[1].due, reverse=True)
    alarmed.sort(
        key=lambda pair: (
            pair[0].mode != "live",
            pair[0].opened_by != actor.subject,
            pair[1].level != "phone",
        )
    )
    prepared = [
        (line.incident, one)
        for line in lines
        if line.incident.opened_by == actor.subject
        for handoff in line.handoffs
        for one in bar.warned(handoff)
        if not one.stands
    ]
    return {
        "found": [*alarmed[:MOST_ALARMS], *prepared[:MOST_PREPARED]], "more": max(0, len(alarmed) - MOST_ALARMS),
        "phones": phones(actor), "open": len(lines), "news": _news(lines),
    }  # fmt: skip


async def card(written: str, actor: Actor) -> dict[str, Any]:
    """One emergency with what may be done now."""
    found = await reading.emergency(written, actor)
    given = {handoff.service for handoff in found.handoffs if handoff.open or handoff.state is State.CLOSED}
    now = clock.now()
    return {
        "emergency": found, "incident": found.incident, "kind": incident_types().get(found.incident.type),
        "deeds": {handoff.id: bar.deeds(handoff, now) for handoff in found.handoffs},
        "crews": {h.id: [unit for unit in found.units if unit.handoff_id == h.id] for h in found.handoffs},
        "services": {handoff.id: handoff.service for handoff in found.handoffs},
        "more": [code for code in SERVICES if code not in given], "phones": phones(actor) | found.phones,
        "log": sorted(found.steps, key=lambda step: (step.at, step.seq), reverse=True),
        "may_take_back": bool(found.handoffs) and not any(_held(h, found.handoffs) for h in found.handoffs),
    }  # fmt: skip


async def form(ticket: str, language: str, actor: Actor) -> dict[str, Any]:
    """The form of the first word, empty or with what a ticket brings along."""
    draft = forms.blank(language)
    if ticket:
        draft = forms.from_ticket(await ticket_reading.ticket(ticket, actor), language)
    return {
        "draft": draft, "types": kinds(), "phones": phones(actor), "words": bar, **bar.choices(language),
    }  # fmt: skip


def phones(actor: Actor) -> dict[str, str]:
    """The duty desks of the tenant by service; where it has none, the short number of the service itself."""
    own = actor.here.duty_phones
    return {code: own.get(code) or code for code in SERVICES}


def kinds() -> list[tuple[str, list[IncidentType]]]:
    """The kinds of emergency by group, in the order of the contract."""
    groups: dict[str, list[IncidentType]] = {}
    for kind in incident_types().values():
        groups.setdefault(kind.code.partition(".")[0], []).append(kind)
    return list(groups.items())


async def _open(actor: Actor) -> list[Line]:
    async with transaction(actor.tenant_id):
        found = [line for mode in MODES for line in await reading.open_ones(actor, mode)]
    return sorted(found, key=lambda line: line.incident.opened_at, reverse=True)


def _held(handoff: Handoff, given: Sequence[Handoff]) -> bool:
    """Whether a service is responsible, may still become it, or has done its work. What has passed to another service
    is that one's, once it is known here."""
    if handoff.state is State.TRANSFERRED:
        return all(other.parent_id != handoff.id for other in given)
    return handoff.open or handoff.state is State.CLOSED


def _news(lines: list[Line]) -> str:
    said: list[object] = []
    for line in lines:
        said.append((line.incident.id, line.incident.version))
        said += [(h.id, h.version, h.alarm, h.phoned_at) for h in line.handoffs]
    return sha256(repr(said).encode()).hexdigest()[:16]
