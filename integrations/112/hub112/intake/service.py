"""What 109 says about a handoff, as it takes effect at the addressed desk."""

from datetime import timedelta
from typing import Any

from msgspec import UNSET
from msgspec.structs import replace as with_

from chassis109.bus import announce
from chassis109.kernel import clock
from chassis109.kernel.messages import Delivery
from chassis109.store import journal
from chassis109.store.unit import after_commit
from hub112.contract import (
    MOVES,
    REOPEN_SECONDS,
    Clocks,
    ContractError,
    Envelope,
    Event,
    FaultCode,
    Incident,
    Side,
    agency,
    moment,
)
from hub112.desks import messages, model, repository
from hub112.desks.arrival import Arrival, known, note_gap, order, read
from hub112.desks.messages import Said
from hub112.desks.model import EXPIRING, WrongState
from hub112.desks.transition import Did, Held, post, take
from hub112.intake.beginning import acting_for, create, incident_of, said_by
from identity109.actor import Actor

_E = Event
_BEGINS = ("create", "transfer", "reopen")
MOST_NOTES = 200
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
    actor = await acting_for(arrival.address, f"109 {tenant}")
    if envelope.kind == "test":
        await _answer_test(arrival, actor)
    elif envelope.kind in ("create", "transfer"):
        await create(arrival, clocks, actor)
    else:
        await _go_on(arrival, clocks, actor)


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
        changes["expires_at"] = min(handoff.expires_at, moment(envelope.expires_at))
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
    if handoff.state in EXPIRING and handoff.expires_at <= clock.now():  # 109 saw that before our sweep did
        held = await take(held, Did(_E.EXPIRE, Side.DISPATCH), actor)
        handoff = held.handoff
    handoff.after(_E.REOPEN, Side.DISPATCH)
    incident = united(handoff.incident, incident_of(envelope))
    changes = said_by(envelope) | model.deadlines(clocks, arrival.delivery.at)
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


def united(before: Incident, after: Incident) -> Incident:
    """The later data with the latest notes of both, in the order of time: every look at a board reads them, so that no
    109 may pile them up without end."""
    notes = {(n.at, n.text): n for n in (*(before.notes or ()), *(after.notes or ()))}
    return with_(after, notes=sorted(notes.values(), key=lambda n: moment(n.at))[-MOST_NOTES:] or UNSET)


def _words(envelope: Envelope) -> str:
    """What a person at 109 wrote to the desk."""
    if envelope.reply and envelope.reply.reason:
        return envelope.reply.reason
    notes = (envelope.incident.notes if envelope.incident else UNSET) or []
    return notes[-1].text if envelope.kind == "note" and notes else ""
