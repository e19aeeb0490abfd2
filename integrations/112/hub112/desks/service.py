"""The verbs of a desk, for people at the board and for its machine: each one transaction on one handoff.

All raise NotFound for another desk's handoff, WrongState where the contract's table refuses, Invalid for a field.
"""

from datetime import timedelta
from typing import Any, get_args
from uuid import UUID

from msgspec import UNSET
from msgspec.structs import replace as with_

from chassis109.kernel import clock
from chassis109.kernel.text import Form
from chassis109.store.unit import transaction
from hub112 import contract
from hub112.contract import SERVICES, UNDERWAY, UNIT_EVENTS, Event, Kind, Reason, Reply, Service, Side, State
from hub112.desks import messages, repository
from hub112.desks.messages import Posted, Said
from hub112.desks.model import Handoff, NoCancelAsked, Unit, WrongState
from hub112.desks.transition import UNIT_NEWS, Did, Held, hold, take
from identity109.actor import Actor
from tenancy109 import directory

MOST_WORDS = 2000
MOST_MINUTES = 24 * 60
_E, _S = Event, State
_KINDS: dict[Event, Kind] = {
    _E.RECEIPT: "receipt", _E.SEEN: "seen", _E.ACCEPT: "accept", _E.DECLINE: "decline", _E.DEFER: "defer",
    _E.CLOSE: "close", _E.CONFIRM_CANCEL: "cancel", _E.FORWARD: "note", _E.NOTE: "note",
}  # fmt: skip
"""How an event of the desk is called in a message."""


async def receipt(handoff_id: UUID, actor: Actor) -> Handoff:
    """The desk's software has it: the screen or the machine shows it. Once said, saying it again does nothing."""
    async with transaction(actor.tenant_id):
        return (await _received(await hold(handoff_id), actor)).handoff


async def see(handoff_id: UUID, actor: Actor) -> Handoff:
    """A person has opened it, which says that it arrived. Once said, saying it again does nothing."""
    async with transaction(actor.tenant_id):
        held = await _received(await hold(handoff_id), actor)
        if held.handoff.state is _S.RECEIVED:
            held = await take(held, _did(_E.SEEN, _by(actor), actor), actor, seen_at=clock.now())
        return held.handoff


async def accept(handoff_id: UUID, actor: Actor, external_id: str = "", note: str = "") -> Handoff:
    """The service takes the responsibility; of two who try one wins. `external_id`: the CAD's own number."""
    form = Form()
    external_id, note = form.text("external_id", external_id, most=64), _words(form, "note", note)
    form.done()
    async with transaction(actor.tenant_id):
        held = await _at_hand(handoff_id, actor)
        handoff = held.handoff
        handoff.after(_E.ACCEPT, Side.DESK)
        given, now = external_id or handoff.reference, clock.now()
        reply = _by(actor, external_id=given, reason=note or UNSET)
        did = _did(_E.ACCEPT, reply, actor, note, across=_passed_on(handoff, reply))
        return await _taken(
            held, did, actor, decided_at=now, decided_by=actor.name, external_id=given,
            late=handoff.late or handoff.state is _S.EXPIRED, deferred_until=None,
        )  # fmt: skip


async def decline(
    handoff_id: UUID, actor: Actor, reason_code: str, reason: str = "", forward_to: str | None = None
) -> Handoff:
    """The service refuses; the responsibility stays with 109. `forward_to`: whose task it is instead."""
    form = Form()
    form.choice("reason_code", reason_code, set(get_args(Reason)))
    reason = _words(form, "reason", reason, required=reason_code == "other")
    if forward_to:
        _other_desk(form, "forward_to", forward_to, actor)
    form.done()
    async with transaction(actor.tenant_id):
        held = await _at_hand(handoff_id, actor)
        held.handoff.after(_E.DECLINE, Side.DESK)
        reply = _by(actor, reason_code=reason_code, reason=reason or UNSET,
            forward_to=messages.desk(forward_to) if forward_to else UNSET,  # type: ignore[arg-type] # checked above
        )  # fmt: skip
        did = _did(_E.DECLINE, reply, actor, reason, detail={"reason_code": reason_code})
        return await _taken(
            held, did, actor, decided_at=clock.now(), decided_by=actor.name, reason_code=reason_code,
            reason=reason or None, forward_to=int(forward_to) if forward_to else None,
        )  # fmt: skip


async def defer(handoff_id: UUID, actor: Actor, minutes: int, note: str = "") -> Handoff:
    """The service will decide in so many minutes; then it is reminded."""
    form = Form()
    note = _words(form, "note", note)
    if not 1 <= minutes <= MOST_MINUTES:
        form.refuse("minutes", "range", "Give 1 to {most} minutes.", most=MOST_MINUTES)
    form.done()
    async with transaction(actor.tenant_id):
        held = await _at_hand(handoff_id, actor)
        reply = _by(actor, eta_minutes=minutes, reason=note or UNSET)
        did = _did(_E.DEFER, reply, actor, note, detail={"minutes": minutes})
        return await _taken(held, did, actor, deferred_until=clock.now() + timedelta(minutes=minutes))


async def forward(handoff_id: UUID, actor: Actor, to: str, reason: str) -> Handoff:
    """Ask another desk to take it. It stays here, with its responsibility, until that desk accepts."""
    form = Form()
    _other_desk(form, "to", to, actor)
    reason = _words(form, "reason", reason, required=True)
    if not form.errors and await directory.by_id(int(to)) is None:
        form.refuse("to", "choice", "This desk is closed.")
    form.done()
    service: Service = to  # type: ignore[assignment] # checked above
    async with transaction(actor.tenant_id):
        held = await _at_hand(handoff_id, actor)
        held.handoff.after(_E.FORWARD, Side.DESK)
        reply = _by(actor, reason=reason, forward_to=messages.desk(service))
        across = [messages.to_other_desk(held.handoff, service, "transfer")]
        did = _did(_E.FORWARD, reply, actor, reason, detail={"to": to}, across=across)
        return await _taken(held, did, actor, forward_to=int(to))


async def report_unit(handoff_id: UUID, actor: Actor, unit: contract.Unit) -> Handoff:
    """Where a crew is; the handoff follows the crew that is farthest on. After the end it is kept and marked late."""
    reported = crew(unit)
    unit = with_(
        unit, unit_id=reported.unit_id, call_sign=reported.call_sign or UNSET
    )  # as others can read it
    async with transaction(actor.tenant_id):
        held = await hold(handoff_id)
        handoff, event = held.handoff, UNIT_EVENTS.get(unit.status)
        if handoff.state not in (*UNDERWAY, _S.CLOSED):
            raise WrongState(handoff)
        detail: dict[str, object] = {"unit": reported.unit_id, "status": reported.status, "at": unit.at}
        if handoff.state is _S.CLOSED:
            detail["late"] = True
        said = Said("unit", units=[unit])
        did = Did(
            event or _E.NOTE, Side.DESK, reported.call_sign or reported.unit_id, detail, "" if event else UNIT_NEWS,
            to_dispatch=said, to_machine=_unless_machine(said, actor),
        )  # fmt: skip
        await repository.save_unit(handoff_id, reported)
        first = handoff.unit_at or (clock.now() if event else None)
        return await _taken(held, did, actor, unit_at=first)


async def close(handoff_id: UUID, actor: Actor, disposition: str) -> Handoff:
    """The service has ended its work. `disposition`: how, in a sentence that 109 may tell the caller."""
    form = Form()
    disposition = _words(form, "disposition", disposition, required=True)
    form.done()
    async with transaction(actor.tenant_id):
        held = await hold(handoff_id)
        reply = _by(actor, reason=disposition, external_id=held.handoff.external_id or UNSET)
        return await _taken(held, _did(_E.CLOSE, reply, actor, disposition), actor, disposition=disposition)


async def confirm_cancel(handoff_id: UUID, actor: Actor, note: str = "") -> Handoff:
    """The service calls its crews back as 109 has asked; raises NoCancelAsked when it has not."""
    form = Form()
    note = _words(form, "note", note)
    form.done()
    async with transaction(actor.tenant_id):
        held = await hold(handoff_id)
        held.handoff.after(_E.CONFIRM_CANCEL, Side.DESK)
        if not held.handoff.cancel_requested:
            raise NoCancelAsked(held.handoff)
        reply = _by(actor, reason=note or UNSET)
        return await _taken(held, _did(_E.CONFIRM_CANCEL, reply, actor, note), actor)


async def note(handoff_id: UUID, actor: Actor, text: str) -> Handoff:
    """Write something down for 109 and for the desks of the incident."""
    form = Form()
    text = _words(form, "text", text, required=True)
    form.done()
    async with transaction(actor.tenant_id):
        reply = _by(actor, reason=text)
        return await _taken(await hold(handoff_id), _did(_E.NOTE, reply, actor, text), actor)


async def _at_hand(handoff_id: UUID, actor: Actor) -> Held:
    """Held for an answer. A person who answers has it before his eyes, also when his screen has not said so yet."""
    held = await hold(handoff_id)
    return held if actor.kind == "machine" else await _received(held, actor)


async def _received(held: Held, actor: Actor) -> Held:
    if held.handoff.state is not _S.DISPATCHED:
        return held
    return await take(held, _did(_E.RECEIPT, _by(actor), actor), actor, receipt_at=clock.now())


async def _taken(held: Held, did: Did, actor: Actor, **changes: object) -> Handoff:
    return (await take(held, did, actor, **changes)).handoff


def _did(event: Event, reply: Reply, actor: Actor, note: str = "", **more: Any) -> Did:  # noqa: ANN401 - fields of Did
    said = Said(_KINDS[event], reply=reply)
    return Did(event, Side.DESK, note, to_dispatch=said, to_machine=_unless_machine(said, actor), **more)


def _unless_machine(said: Said, actor: Actor) -> Said | None:
    """The machine hears what people did; its own words it knows."""
    return None if actor.kind == "machine" else said


def _by(actor: Actor, **said: Any) -> Reply:  # noqa: ANN401 - fields of Reply
    return Reply(decided_by=actor.name, decided_at=contract.stamp(clock.now()), **said)


def _passed_on(handoff: Handoff, reply: Reply) -> list[Posted]:
    """The desk that forwarded it lets go once this one has accepted."""
    if handoff.relation != "transfer" or handoff.parent_id is None:
        return []
    parent_desk: Service = str(handoff.parent_desk)  # type: ignore[assignment] # only desks forward
    return [messages.to_parent_desk(handoff, handoff.parent_id, parent_desk, reply)]


def _words(form: Form, field: str, text: str, *, required: bool = False) -> str:
    return form.text(field, text, most=MOST_WORDS, required=required)


def _other_desk(form: Form, field: str, desk: str, actor: Actor) -> None:
    form.choice(field, desk, {service for service in SERVICES if int(service) != actor.tenant_id})


def crew(unit: contract.Unit) -> Unit:
    """A crew as it is stored, from what was typed or sent."""
    form = Form()
    unit_id = form.text("unit_id", unit.unit_id, most=64, required=True)
    call_sign = form.text("call_sign", unit.call_sign or "", most=64)
    form.done()
    place = unit.geo or contract.UnitPoint()
    lon, lat = (None if degrees is UNSET else degrees for degrees in (place.lon, place.lat))
    eta = contract.moment(unit.eta) if unit.eta else None
    at = contract.moment(unit.at)
    return Unit(unit_id, call_sign, unit.kind, unit.status, at, eta, lon, lat)
