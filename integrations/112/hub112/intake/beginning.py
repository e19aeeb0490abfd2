"""A handoff begins at a desk: by a 109, or because another desk hands it on."""

from dataclasses import replace
from typing import Any

from msgspec import UNSET

from chassis109.kernel import chain, clock
from hub112.contract import (
    Address,
    Clocks,
    ContractError,
    Envelope,
    Event,
    FaultCode,
    Incident,
    Service,
    Side,
    State,
    moment,
)
from hub112.desks import messages, model, repository
from hub112.desks.arrival import Arrival
from hub112.desks.messages import Said
from hub112.desks.model import Handoff
from hub112.desks.transition import Did, Held, tell, written
from identity109.actor import Actor
from tenancy109 import directory


async def acting_for(address: Address, name: str) -> Actor:
    """Who acts at this desk in the name of another; raises UNROUTABLE when the desk is closed."""
    desk = await directory.by_id(int(address.service))
    if desk is None:
        raise ContractError(FaultCode.UNROUTABLE, f"the desk {address.service} is not connected")
    return replace(Actor.system(desk), name=name)


async def create(arrival: Arrival, clocks: Clocks, actor: Actor) -> None:
    """What a 109 hands over. Raises INSUFFICIENT_DATA, CASE_EXISTS."""
    envelope = arrival.envelope
    incident = incident_of(envelope)
    if not sufficient(incident):
        raise ContractError(FaultCode.INSUFFICIENT_DATA, "neither a place nor a text - at `$.incident`")
    said = Said("create", incident=incident, refers_to=envelope.message_id)
    did = Did(Event.DISPATCH, Side.HUB, to_machine=said, speaker=envelope.sender)
    await _write(_arrived(arrival, incident, clocks), did, actor)


async def create_child(arrival: Arrival, asking: Service, actor: Actor) -> None:
    """What another desk hands on: 109 learns of it as of a new handoff of its own."""
    envelope, incident = arrival.envelope, incident_of(arrival.envelope)
    relation = "transfer" if envelope.kind == "transfer" else "parallel"
    parent = envelope.parent_handoff_id or envelope.handoff_id
    _, clocks = await repository.sender(arrival.address.tenant, incident.priority)
    said = Said(envelope.kind, incident=incident, parent=parent)
    did = Did(
        Event.DISPATCH, Side.HUB, asking, {"relation": relation}, to_dispatch=said, to_machine=said,
        speaker=messages.desk(asking),
    )  # fmt: skip
    arrived = _arrived(arrival, incident, clocks)
    child = replace(
        arrived, parent_id=parent, parent_desk=int(asking), relation=relation, last_seq=0, return_seq=1
    )
    await _write(child, did, actor)


async def _write(handoff: Handoff, did: Did, actor: Actor) -> None:
    handoff = replace(handoff, desk_seq=1, due_at=handoff.next_due())
    step = written(handoff, did, actor, State.CREATED)
    handoff = replace(handoff, chain=step.digest)
    if not await repository.insert(handoff, step):
        raise ContractError(FaultCode.CASE_EXISTS, "this handoff is here already")
    await tell(Held(handoff, await repository.desks_of(handoff.incident_id)), did, actor)


def _arrived(arrival: Arrival, incident: Incident, clocks: Clocks) -> Handoff:
    """A handoff of which nobody at the desk knows yet. Its clocks run from when the hub's stream had it."""
    envelope, address, at = arrival.envelope, arrival.address, arrival.delivery.at
    return Handoff(
        tenant_id=int(address.service), id=address.handoff_id, number=0, mode=address.mode, sender=address.tenant,
        incident_id=envelope.incident_id, parent_id=None, parent_desk=None, relation=None, state=State.DISPATCHED,
        version=1, incident=incident, arrived_at=clock.now(), **model.deadlines(clocks, at), **said_by(envelope),
        priority=incident.priority, receipt_at=None, seen_at=None, decided_at=None, decided_by=None,
        deferred_until=None, unit_at=None, ended_at=None, late=False, cancel_requested=False, reason_code=None,
        reason=None, forward_to=None, external_id=None, disposition=None, last_reply_seq=0, return_seq=0, desk_seq=0,
        events=1, chain=chain.START, rung=0, due_at=None,
    )  # fmt: skip


def said_by(envelope: Envelope) -> dict[str, Any]:
    """What a message that begins a handoff, or begins it again, says of itself."""
    return {
        "operator": envelope.sender.operator_id or "", "callback_phone": envelope.sender.callback or "",
        "sent_at": moment(envelope.sent_at), "expires_at": moment(envelope.expires_at),
        "ref_message_id": envelope.message_id, "last_seq": envelope.seq,
    }  # fmt: skip


def sufficient(incident: Incident) -> bool:
    """Whether a crew could be sent: a place in words or on the map, or at least what was said."""
    place = incident.location
    words = (place.text.ru, place.text.kk, place.text.en, incident.narrative)
    return bool(place.geo) or any(text and text.strip() for text in words)


def incident_of(envelope: Envelope) -> Incident:
    """The incident of a message that must bring one along."""
    if envelope.incident is UNSET:  # `decode` has refused that
        raise ContractError(FaultCode.INVALID_MESSAGE, f"`{envelope.kind}` needs the field `incident`")
    return envelope.incident
