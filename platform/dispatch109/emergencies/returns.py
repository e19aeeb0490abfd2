"""What comes back from the hub: a service's receipt, decision, crews and end, as they take effect on 109's side."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from msgspec import UNSET

from chassis109.bus.consumer import NotYet
from chassis109.kernel.messages import Delivery
from chassis109.store.unit import transaction
from dispatch109.emergencies import repository
from dispatch109.emergencies.model import Alarm, Handoff, Unit, WrongState
from dispatch109.emergencies.writing import Writing, clocks_of
from hub112.contract import (
    UNIT_EVENTS,
    Address,
    ContractError,
    Envelope,
    Event,
    FaultCode,
    Reply,
    Side,
    State,
    missing_before,
    moment,
)
from identity109.actor import Actor
from tenancy109.model import Tenant

RUNG, EXPIRED = "rung:", "expired"
MOST_DEFERRAL_MINUTES = 24 * 60
_ARRIVED, _TAKEN = (Event.RECEIPT,), (Event.RECEIPT, Event.ACCEPT)
_IMPLIED: dict[str, tuple[Event, ...]] = {
    **dict.fromkeys((Event.SEEN, Event.ACCEPT, Event.DEFER, Event.DECLINE, Event.FORWARD), _ARRIVED),
    **dict.fromkeys(
        (Event.ASSIGN_UNIT, Event.DEPART, Event.ARRIVE, Event.CLOSE, Event.CONFIRM_CANCEL), _TAKEN
    ),
}
"""What must have happened before, when the message that said so is missing."""


@dataclass(frozen=True, slots=True)
class Returned:
    """A message about a handoff whose incident is in hand. `gap`: messages before it never came."""

    writing: Writing
    envelope: Envelope
    gap: bool

    @property
    def handoff(self) -> Handoff:
        """As it is after what has happened so far."""
        return self.writing.handoffs[self.envelope.handoff_id]

    @property
    def reply(self) -> Reply:
        """What the service said; empty when it said nothing."""
        return self.envelope.reply or Reply()

    @property
    def at(self) -> datetime:
        """When it happened there, by its clock; never before the handoff was sent nor in the future."""
        return max(self.handoff.sent_at, min(self.writing.at, moment(self.envelope.sent_at)))

    @property
    def stale(self) -> bool:
        """Whether the service said it before it heard that 109 has reopened the handoff."""
        by = self.handoff.reopened_by
        return by is not None and self.envelope.kind != "error" and self.envelope.ref_message_id != by

    def happen(self, event: str, side: Side = Side.DESK, note: str = "", **more: Any) -> None:  # noqa: ANN401
        """Let it happen; that anything comes back proves that the handoff is in the hub."""
        handoff_id = self.handoff.id
        by = self.reply.decided_by or (self.handoff.service if side is Side.DESK else "hub")
        if self.handoff.hub_at is None and event != Event.FAIL and self.handoff.open and not self.stale:
            self.writing.arrive(handoff_id)
        for implied in _IMPLIED.get(event, ()) if self.gap else ():
            if not self.handoff.may(Event(event), side) and self.handoff.may(implied, side):
                changes = {"receipt_at": self.at} if implied is Event.RECEIPT else _decided(self)
                self.writing.happen(handoff_id, implied, side, by=by, detail={"implied": True}, **changes)
        self.writing.happen(handoff_id, event, side, note or self.reply.reason or "", by, **more)


async def take_in(delivery: Delivery, envelope: Envelope, address: Address, tenant: Tenant) -> None:
    """Let a message take effect, in the running unit. Raises ContractError for what is refused for good, NotYet for
    what must wait for those before it."""
    actor = Actor.system(tenant)
    async with transaction(tenant.id):
        known = await repository.locked_of(envelope.handoff_id)
        if known is None:
            await _adopt(delivery, envelope, address, actor)
        else:
            await _go_on(await Writing.of(known, actor), delivery, envelope, address)


async def _go_on(writing: Writing, delivery: Delivery, envelope: Envelope, address: Address) -> None:
    """A message about a handoff that is ours, at its place in the order."""
    _require_same(writing, envelope, address)
    returned = Returned(
        writing, envelope, gap=_in_order(writing.handoffs[envelope.handoff_id], envelope, delivery)
    )
    seq = max(returned.handoff.last_seq, envelope.seq)
    if returned.gap:
        missing = f"{returned.handoff.last_seq + 1}–{envelope.seq - 1}"
        writing.happen(envelope.handoff_id, "gap", Side.HUB, missing, "hub")
    writing.handoffs[envelope.handoff_id] = replace(returned.handoff, last_seq=seq)
    try:
        (_of_the_life_before if returned.stale else _KINDS.get(envelope.kind, _not_ours))(returned)
    except WrongState as refused:
        _contradicted(returned)
        await writing.done()
        raise ContractError(
            FaultCode.WRONG_STATE, f"the handoff is {returned.handoff.state.value}"
        ) from refused
    await writing.done()


def _require_same(writing: Writing, envelope: Envelope, address: Address) -> None:
    """An error about what the hub does not know cannot name the incident."""
    incident, slug = writing.incident, writing.actor.here.slug
    service = writing.handoffs[envelope.handoff_id].service
    same = envelope.kind == "error" or envelope.incident_id == incident.reference(slug)
    if not same or incident.mode != address.mode or service != address.service:
        raise ContractError(FaultCode.UNKNOWN_HANDOFF, "there is no such handoff here")


def _in_order(handoff: Handoff, envelope: Envelope, delivery: Delivery) -> bool:
    """Whether messages are missing before it. An error about what the hub does not know has no place in the order."""
    if envelope.kind == "error" and envelope.seq <= handoff.last_seq:
        return False
    missing = missing_before(envelope.seq, handoff.last_seq)
    if missing and delivery.young:
        raise NotYet
    return missing > 0


async def _adopt(delivery: Delivery, envelope: Envelope, address: Address, actor: Actor) -> None:
    """A service has given one of our handoffs to another, or called 112 beside it: 109 watches the new one too."""
    parent = envelope.parent_handoff_id
    begins = envelope.kind in ("transfer", "create") and isinstance(parent, UUID)
    found = await repository.locked_of(parent) if begins and isinstance(parent, UUID) else None
    incident = found[0] if found else None
    here = incident and (incident.reference(actor.here.slug), incident.mode)
    if found is None or not isinstance(parent, UUID) or here != (envelope.incident_id, address.mode):
        if envelope.seq > 1 and delivery.young:  # its beginning may still come
            raise NotYet
        raise ContractError(FaultCode.UNKNOWN_HANDOFF, "there is no such handoff here")
    writing = await Writing.of(found, actor)
    writing.incident = replace(writing.incident, ended_at=None)
    clocks = await clocks_of([address.service], writing.incident.priority)
    child = writing.give(
        address.service, clocks[address.service], id=envelope.handoff_id, parent_id=parent, last_seq=envelope.seq,
        relation="transfer" if envelope.kind == "transfer" else "parallel",
    )  # fmt: skip
    by = writing.handoffs[parent].service
    writing.happen(child.id, Event.CREATE, Side.HUB, by=by, detail={"relation": child.relation, "from": by})
    writing.arrive(child.id)
    await writing.done()


def _of_the_life_before(r: Returned) -> None:
    side = Side.HUB if r.envelope.kind == "note" and not r.reply.decided_by else Side.DESK
    r.happen(Event.NOTE, side, detail={"before_reopening": r.envelope.kind})


def _receipt(r: Returned) -> None:
    r.happen(Event.RECEIPT, receipt_at=r.at)


def _seen(r: Returned) -> None:
    r.happen(Event.SEEN, seen_at=r.at)


def _accept(r: Returned) -> None:
    late = r.handoff.state is State.EXPIRED
    number = r.reply.external_id or None
    r.happen(
        Event.ACCEPT, detail={"late": True} if late else {}, late=late, external_id=number, **_decided(r)
    )


def _decline(r: Returned) -> None:
    to, code = r.reply.forward_to, r.reply.reason_code or "other"
    forward_to = (to.service or None) if to else None
    detail = {"reason": code, **({"forward_to": forward_to} if forward_to else {})}
    said: dict[str, Any] = {"reason_code": code, "reason": r.reply.reason or "", "forward_to": forward_to}
    r.happen(Event.DECLINE, detail=detail, alarm=Alarm.DECLINED, **said, **_decided(r))


def _decided(r: Returned) -> dict[str, Any]:
    at = moment(r.reply.decided_at) if r.reply.decided_at else r.at
    by = r.reply.decided_by or r.handoff.service
    return {"decided_at": max(r.handoff.sent_at, min(at, r.writing.at)), "decided_by": by}


def _defer(r: Returned) -> None:
    minutes = min(max(r.reply.eta_minutes or 1, 1), MOST_DEFERRAL_MINUTES)
    r.happen(Event.DEFER, detail={"minutes": minutes}, deferred_until=r.at + timedelta(minutes=minutes))


def _unit(r: Returned) -> None:
    crews = {unit.unit_id: unit for unit in r.envelope.units or ()}
    for said in crews.values():
        at, eta = moment(said.at), moment(said.eta) if said.eta else None
        call_sign = said.call_sign or ""
        crew = Unit(r.handoff.id, said.unit_id, call_sign, said.kind, said.status, at, eta)
        late = {"late": True} if r.handoff.state is State.CLOSED else {}
        detail = {"unit": call_sign or said.unit_id, "status": said.status, **late}
        event = UNIT_EVENTS.get(said.status, Event.NOTE)
        first: dict[str, Any] = {"unit_at": r.handoff.unit_at or r.at} if event is not Event.NOTE else {}
        r.happen(event, detail=detail, **first)
        r.writing.crews.append(crew)


def _close(r: Returned) -> None:
    r.happen(Event.CLOSE, disposition=r.reply.reason or "")


def _cancel(r: Returned) -> None:
    r.happen(Event.CONFIRM_CANCEL)


def _note(r: Returned) -> None:
    reason, to = r.reply.reason or "", r.reply.forward_to
    if reason.startswith(RUNG):
        r.happen("rung", Side.HUB, reason.removeprefix(RUNG))
    elif reason == EXPIRED and r.handoff.may(Event.EXPIRE, Side.HUB):
        r.happen(Event.EXPIRE, Side.HUB)
    elif to and r.handoff.may(Event.FORWARD, Side.DESK):
        r.happen(Event.FORWARD, detail={"to": to.service or to.agency})
    else:
        r.happen(Event.NOTE, Side.DESK if r.reply.decided_by else Side.HUB)


def _transfer(r: Returned) -> None:
    if r.envelope.parent_handoff_id is not UNSET:  # it was adopted already
        raise WrongState(r.handoff)
    to = r.reply.forward_to
    r.happen(Event.TRANSFER, Side.HUB, detail={"to": (to.service or to.agency) if to else ""})


def _error(r: Returned) -> None:
    fault = r.envelope.error
    name = (fault.name or str(fault.code)) if fault else "technical"
    said, detail = fault.text if fault else "", {"fault": name}
    if r.handoff.reopened_by is not None and r.envelope.ref_message_id == r.handoff.reopened_by:
        # The reopening was not taken: what the service says is about the life that goes on there.
        r.writing.handoffs[r.handoff.id] = replace(r.handoff, reopened_by=None)
    if name == FaultCode.CASE_EXISTS.name.lower():  # tried again though it had arrived
        # What was said there meanwhile is missing here: what comes next must show it.
        r.happen(Event.NOTE, Side.HUB, said, detail=detail, last_seq=0)
    elif r.handoff.may(Event.FAIL, Side.HUB):
        r.happen(Event.FAIL, Side.HUB, said, detail=detail, fault=name)
    else:
        # What 109 told was not taken, perhaps a cancellation: only a person can mend that. What never arrived there
        # needs no cancelling.
        lost = name == FaultCode.UNKNOWN_HANDOFF.name.lower() and r.handoff.state is State.CANCELLED
        raised: dict[str, Any] = {} if lost else {"alarm": Alarm.FAILED, "alarm_at": r.writing.at}
        r.happen(Event.NOTE, Side.HUB, said, detail=detail, fault=name, **raised)


def _not_ours(r: Returned) -> None:
    raise WrongState(r.handoff)


def _contradicted(r: Returned) -> None:
    """What may not happen now is written down. A service that works on what 109 has cancelled must be phoned."""
    works = r.handoff.state is State.CANCELLED and r.envelope.kind in ("accept", "unit")
    raised: dict[str, Any] = (
        {"alarm": Alarm.FAILED, "alarm_at": r.writing.at, "fault": FaultCode.WRONG_STATE.name.lower()}
        if works
        else {}
    )
    r.happen(Event.NOTE, Side.DESK, detail={"refused": r.envelope.kind}, **raised)


_KINDS: dict[str, Callable[[Returned], None]] = {
    "receipt": _receipt, "seen": _seen, "accept": _accept, "decline": _decline, "defer": _defer, "unit": _unit,
    "close": _close, "cancel": _cancel, "note": _note, "transfer": _transfer, "error": _error,
}  # fmt: skip
