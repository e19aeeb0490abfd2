"""What 109 says about a handoff, and what another desk asks for, as it takes effect at the addressed desk."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from msgspec import UNSET
from msgspec.structs import replace as with_

from chassis109.bus import announce
from chassis109.bus.consumer import Delivery
from chassis109.kernel import chain, clock
from chassis109.store import journal
from chassis109.store.unit import after_commit
from hub112.contract import (
    MOVES,
    REOPEN_SECONDS,
    SERVICES,
    Address,
    Clocks,
    ContractError,
    Envelope,
    Event,
    FaultCode,
    Incident,
    Reply,
    Service,
    Side,
    State,
    agency,
    moment,
)
from hub112.desks import messages, model, repository
from hub112.desks.arrival import Arrival, known, note_gap, order, read
from hub112.desks.messages import Said
from hub112.desks.model import EXPIRING, Handoff, WrongState
from hub112.desks.transition import Did, Held, post, take, tell, written
from identity109.actor import Actor
from tenancy109 import directory

_E, _S = Event, State
_BEGINS = ("create", "transfer", "reopen")
ERROR = "error"
"""In the history: the other side could not work a message of ours."""


async def from_dispatch(delivery: Delivery) -> None:
    """A message of a 109. Raises ContractError for one that is refused for good, NotYet for one that must wait."""
    arrival = await read(delivery, lambda a: (agency(a.tenant), f"kz.sko.{a.service}"))
    if arrival is None:
        return
    envelope, tenant = arrival.envelope, arrival.address.tenant
    urgency = envelope.incident.priority if envelope.incident else "P0"
    active, clocks = await repository.sender(tenant, urgency)
    if not active:
        raise ContractError(FaultCode.UNKNOWN_SENDER, "this 109 is not connected")
    if envelope.kind in _BEGINS and moment(envelope.expires_at) <= moment(envelope.sent_at):
        raise ContractError(FaultCode.EXPIRED, "it was sent after its end - at `$.expiresAt`")
    actor = await _actor(arrival.address, f"109 {tenant}")
    if envelope.kind == "test":
        await _answer_test(arrival, actor)
    elif envelope.kind in ("create", "transfer"):
        await _create(arrival, clocks, actor)
    else:
        await _go_on(arrival, clocks, actor)


async def from_desk(delivery: Delivery) -> None:
    """A message of another desk: take this emergency, work it as well, or: we have taken yours.

    Raises ContractError when nothing can come of it.
    """
    arrival = await read(delivery, lambda a: (None, f"kz.sko.{a.service}"))
    if arrival is None:
        return
    asking = _asking(arrival.envelope)
    actor = await _actor(arrival.address, asking)
    if arrival.envelope.kind == "accept":
        await _let_go(await known(arrival), asking, arrival.envelope, actor)
    elif not await _already_here(arrival, asking, actor):
        await _create_child(arrival, asking, actor)


def _asking(envelope: Envelope) -> Service:
    asking = next((service for service in SERVICES if service == envelope.sender.service), None)
    if asking is None:
        raise ContractError(FaultCode.UNKNOWN_SENDER, "no desk - at `$.sender.service`")
    return asking


async def _actor(address: Address, name: str) -> Actor:
    """Who acts at this desk in the name of another; raises UNROUTABLE when the desk is closed."""
    desk = await directory.by_id(int(address.service))
    if desk is None:
        raise ContractError(FaultCode.UNROUTABLE, f"the desk {address.service} is not connected")
    return replace(Actor.system(desk), name=name)


async def _answer_test(arrival: Arrival, actor: Actor) -> None:
    """The test of a shift: it reached the desk's hub and comes back; no board shows it."""
    envelope, address = arrival.envelope, arrival.address
    line = messages.Line(
        address.mode, address.service, address.tenant, address.handoff_id, envelope.incident_id,
        moment(envelope.expires_at),
    )  # fmt: skip
    receipt = messages.to_dispatch(line, Said("receipt"), 1, envelope.message_id)
    entry = journal.AuditEntry("handoff.tested", "message", str(envelope.message_id), {"mode": address.mode})
    await journal.write(None, actor.kind, [entry], post(receipt))
    after_commit(announce.wake)


async def _create(arrival: Arrival, clocks: Clocks, actor: Actor) -> None:
    envelope = arrival.envelope
    incident = _incident(envelope)
    if not sufficient(incident):
        raise ContractError(FaultCode.INSUFFICIENT_DATA, "neither a place nor a text - at `$.incident`")
    said = Said("create", incident=incident, refers_to=envelope.message_id)
    did = Did(_E.DISPATCH, Side.HUB, to_machine=said, speaker=envelope.sender)
    await _write(_arrived(arrival, incident, clocks), did, actor)


async def _create_child(arrival: Arrival, asking: Service, actor: Actor) -> None:
    """What another desk hands on: 109 learns of it as of a new handoff of its own."""
    envelope, incident = arrival.envelope, _incident(arrival.envelope)
    relation = "transfer" if envelope.kind == "transfer" else "parallel"
    parent = envelope.parent_handoff_id or envelope.handoff_id
    _, clocks = await repository.sender(arrival.address.tenant, incident.priority)
    said = Said(envelope.kind, incident=incident, parent=parent)
    did = Did(
        _E.DISPATCH, Side.HUB, asking, {"relation": relation}, to_dispatch=said, to_machine=said,
        speaker=messages.desk(asking),
    )  # fmt: skip
    arrived = _arrived(arrival, incident, clocks)
    child = replace(
        arrived, parent_id=parent, parent_desk=int(asking), relation=relation, last_seq=0, return_seq=1
    )
    await _write(child, did, actor)


async def _write(handoff: Handoff, did: Did, actor: Actor) -> None:
    handoff = replace(handoff, desk_seq=1, due_at=handoff.next_due())
    step = written(handoff, did, actor, _S.CREATED)
    handoff = replace(handoff, chain=step.digest)
    if not await repository.insert(handoff, step):
        raise ContractError(FaultCode.CASE_EXISTS, "this handoff is here already")
    await tell(Held(handoff, await repository.desks_of(handoff.incident_id)), did, actor)


def _arrived(arrival: Arrival, incident: Incident, clocks: Clocks) -> Handoff:
    """A handoff of which nobody at the desk knows yet. Its clocks run from when the hub's stream had it."""
    envelope, address, at = arrival.envelope, arrival.address, arrival.delivery.at
    return Handoff(
        tenant_id=int(address.service), id=address.handoff_id, number=0, mode=address.mode, sender=address.tenant,
        incident_id=envelope.incident_id, parent_id=None, parent_desk=None, relation=None, state=_S.DISPATCHED,
        version=1, incident=incident, arrived_at=clock.now(), **model.deadlines(clocks, at), **_said_by(envelope),
        priority=incident.priority, receipt_at=None, seen_at=None, decided_at=None, decided_by=None,
        deferred_until=None, unit_at=None, ended_at=None, late=False, cancel_requested=False, reason_code=None,
        reason=None, forward_to=None, external_id=None, disposition=None, last_reply_seq=0, return_seq=0, desk_seq=0,
        events=1, chain=chain.START, rung=0, due_at=None,
    )  # fmt: skip


def _said_by(envelope: Envelope) -> dict[str, Any]:
    """What a message that begins a handoff, or begins it again, says of itself."""
    return {
        "operator": envelope.sender.operator_id or "", "callback_phone": envelope.sender.callback or "",
        "sent_at": moment(envelope.sent_at), "expires_at": moment(envelope.expires_at),
        "ref_message_id": envelope.message_id, "last_seq": envelope.seq,
    }  # fmt: skip


async def _go_on(arrival: Arrival, clocks: Clocks, actor: Actor) -> None:
    """A message about a handoff that is here already, at its place in the order."""
    held, envelope = await known(arrival), arrival.envelope
    missing = order(arrival, held.handoff.last_seq)
    held = await note_gap(held, arrival, missing, actor)
    try:
        if envelope.kind == "update":
            await _update(held, arrival, clocks, actor)
        elif envelope.kind == "cancel":
            await _cancel(held, envelope, actor)
        elif envelope.kind == "reopen":
            await _reopen(held, arrival, clocks, actor)
        else:
            await _note(held, envelope, actor)
    except WrongState as refused:
        raise ContractError(FaultCode.WRONG_STATE, f"the handoff is {held.handoff.state.value}") from refused


async def _update(held: Held, arrival: Arrival, clocks: Clocks, actor: Actor) -> None:
    """New data replace the old, notes are kept; what has become more urgent is due sooner."""
    envelope, handoff = arrival.envelope, held.handoff
    if envelope.incident is UNSET:
        raise ContractError(FaultCode.INSUFFICIENT_DATA, "`update` needs the field `incident` - at `$`")
    incident = united(handoff.incident, envelope.incident)
    changes: dict[str, Any] = {"incident": incident, "priority": incident.priority}
    if incident.priority < handoff.priority and handoff.state in EXPIRING:
        changes |= model.tightened(handoff, clocks, arrival.delivery.at)
    await _heard(held, _E.UPDATE, envelope, actor, **changes)


async def _cancel(held: Held, envelope: Envelope, actor: Actor) -> None:
    """At once while nobody has accepted; else a request, because nobody cancels another's crew."""
    at_once = (held.handoff.state, _E.CANCEL, Side.DISPATCH) in MOVES
    if at_once:
        await _heard(held, _E.CANCEL, envelope, actor)
    else:
        await _heard(held, _E.REQUEST_CANCEL, envelope, actor, cancel_requested=True)


async def _reopen(held: Held, arrival: Arrival, clocks: Clocks, actor: Actor) -> None:
    """Everything is asked for again, within a day of the end; later it is another incident."""
    handoff, envelope = held.handoff, arrival.envelope
    ended_at = handoff.ended_at or handoff.expires_at
    if arrival.delivery.at > ended_at + timedelta(seconds=REOPEN_SECONDS):
        raise ContractError(FaultCode.WRONG_STATE, "it ended more than a day ago: link a new incident")
    handoff.after(_E.REOPEN, Side.DISPATCH)
    incident = united(handoff.incident, _incident(envelope))
    changes = _said_by(envelope) | model.deadlines(clocks, arrival.delivery.at)
    again = Held(model.reopened(handoff), held.desks)
    await _heard(
        again, _E.REOPEN, envelope, actor, incident=incident, priority=incident.priority, ended_at=None, **changes
    )  # fmt: skip


async def _note(held: Held, envelope: Envelope, actor: Actor) -> None:
    """A text, or that 109 could not work what the hub sent; anything else a 109 does not say."""
    if envelope.kind == "error" and envelope.error:
        fault = envelope.error
        did = Did(_E.NOTE, Side.DISPATCH, fault.text, {"code": fault.code}, ERROR)
        await take(held, did, actor, last_seq=envelope.seq)
    elif envelope.kind == "note":
        await _heard(held, _E.NOTE, envelope, actor)
    else:
        raise ContractError(FaultCode.INVALID_MESSAGE, f"a 109 does not say `{envelope.kind}` - at `$.kind`")


async def _heard(held: Held, event: Event, envelope: Envelope, actor: Actor, **changes: Any) -> None:  # noqa: ANN401
    """One step by 109, which the desk's machine hears as it was said."""
    said = Said(
        envelope.kind, reply=envelope.reply, incident=envelope.incident, refers_to=envelope.message_id
    )
    did = Did(event, Side.DISPATCH, _words(envelope), to_machine=said, speaker=envelope.sender)
    await take(held, did, actor, **({"last_seq": envelope.seq} | changes))


async def _let_go(held: Held, by: Service, envelope: Envelope, actor: Actor) -> None:
    """Another desk has accepted what this one forwarded: its responsibility has passed."""
    handoff, given = held.handoff, envelope.reply or Reply()
    reply = Reply(forward_to=messages.desk(by), external_id=given.external_id, decided_by=given.decided_by)
    detail: dict[str, object] = {"to": by}
    if (handoff.state, _E.TRANSFER, Side.HUB) not in MOVES:  # it has ended here meanwhile
        await take(held, Did(_E.NOTE, Side.HUB, by, detail), actor)
        return
    said = Said("transfer", reply=reply, incident=handoff.incident)
    did = Did(_E.TRANSFER, Side.HUB, by, detail, to_dispatch=said, to_machine=said)
    await take(held, did, actor, forward_to=int(by))


async def _already_here(arrival: Arrival, asking: Service, actor: Actor) -> bool:
    """Whether a desk that is asked to work an incident as well does so already; then it is only told."""
    if arrival.envelope.kind == "transfer":
        return False
    here = await repository.open_of_incident(arrival.envelope.incident_id, arrival.address.mode)
    found = await repository.locked(here) if here else None
    if found is None:
        return False
    await take(Held(*found), Did(_E.NOTE, Side.HUB, asking, {"asked_by": asking}), actor)
    return True


def sufficient(incident: Incident) -> bool:
    """Whether a crew could be sent: a place in words or on the map, or at least what was said."""
    place = incident.location
    words = (place.text.ru, place.text.kk, place.text.en, incident.narrative)
    return bool(place.geo) or any(text and text.strip() for text in words)


def united(before: Incident, after: Incident) -> Incident:
    """The later data with the notes of both, in the order of time."""
    notes = {(n.at, n.text): n for n in (*(before.notes or ()), *(after.notes or ()))}
    return with_(after, notes=sorted(notes.values(), key=lambda n: moment(n.at)) or UNSET)


def _incident(envelope: Envelope) -> Incident:
    if envelope.incident is UNSET:  # `decode` has refused that
        raise ContractError(FaultCode.INVALID_MESSAGE, f"`{envelope.kind}` needs the field `incident`")
    return envelope.incident


def _words(envelope: Envelope) -> str:
    """What a person at 109 wrote to the desk."""
    if envelope.reply and envelope.reply.reason:
        return envelope.reply.reason
    notes = (envelope.incident.notes if envelope.incident else UNSET) or []
    return notes[-1].text if envelope.kind == "note" and notes else ""
