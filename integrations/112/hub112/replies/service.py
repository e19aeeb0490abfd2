"""What the machine of an emergency service says about a handoff of its desk: the desk's own verbs."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from uuid import NAMESPACE_URL, uuid5

from chassis109.kernel.errors import Invalid, Refused
from chassis109.kernel.messages import Delivery
from hub112.contract import (
    Address,
    ContractError,
    Envelope,
    Event,
    FaultCode,
    Kind,
    Party,
    Reply,
    Side,
    agency,
)
from hub112.desks import repository
from hub112.desks import service as desks
from hub112.desks.arrival import is_party, known, note_gap, order, read
from hub112.desks.model import Handoff, WrongState
from hub112.desks.transition import Did, Held, hold, take
from identity109.actor import Actor
from tenancy109 import directory
from tenancy109.model import Tenant

ERROR = "error"
"""In the history: the other side could not work a message of ours."""


async def from_machine(delivery: Delivery) -> None:
    """A message of a desk's machine. Raises ContractError when it is refused for good, NotYet when it must wait."""
    arrival = await read(delivery, lambda a: (f"kz.sko.{a.service}", None))
    if arrival is None:
        return
    desk = await directory.by_id(int(arrival.address.service))
    if desk is None:
        raise ContractError(FaultCode.UNROUTABLE, f"the desk {arrival.address.service} is not connected")
    actor, envelope = machine(desk), arrival.envelope
    held = await known(arrival)
    _require_asker(envelope.recipient, arrival.address, held.handoff)
    missing = order(arrival, held.handoff.last_reply_seq)
    held = Held(replace(held.handoff, last_reply_seq=envelope.seq), held.desks)
    await repository.advance(held.handoff)
    await note_gap(held, arrival, missing, actor)
    say = _SAYS.get(envelope.kind)
    if say is None:
        raise ContractError(FaultCode.INVALID_MESSAGE, f"a desk does not say `{envelope.kind}` - at `$.kind`")
    try:
        await say(envelope, actor)
    except Refused as refused:
        raise _fault(refused) from refused


def _require_asker(recipient: Party, address: Address, handoff: Handoff) -> None:
    """A machine answers whoever asked it: the 109 or, when another desk passed the emergency on, that desk."""
    asked = {agency(address.tenant)} | ({f"kz.sko.{handoff.parent_desk}"} if handoff.parent_desk else set())
    if not any(is_party(recipient, one) for one in asked):
        raise ContractError(FaultCode.SENDER_MISMATCH, "not as its subject says - at `$.recipient`")


def machine(desk: Tenant) -> Actor:
    """The computer-aided dispatch of a desk, as it stands in histories."""
    name = f"CAD {desk.slug}"
    return Actor(
        subject=uuid5(NAMESPACE_URL, name), name=name, kind="machine", tenant=desk, roles=frozenset(), service=None,
        language="kk", session_id=None,
    )  # fmt: skip


def _fault(refused: Refused) -> ContractError:
    if isinstance(refused, WrongState):
        return ContractError(FaultCode.WRONG_STATE, f"the handoff is {refused.members()['state']}")
    if isinstance(refused, Invalid):
        wrong = ", ".join(f"{error.field}: {error.rule}" for error in refused.errors)
        return ContractError(FaultCode.INVALID_MESSAGE, f"{wrong} - at `$.reply`")
    raise refused


async def _receipt(envelope: Envelope, actor: Actor) -> None:
    await desks.receipt(envelope.handoff_id, actor)


async def _seen(envelope: Envelope, actor: Actor) -> None:
    await desks.see(envelope.handoff_id, actor)


async def _accept(envelope: Envelope, actor: Actor) -> None:
    reply = _reply(envelope)
    await desks.accept(envelope.handoff_id, actor, reply.external_id or "", reply.reason or "")


async def _decline(envelope: Envelope, actor: Actor) -> None:
    reply = _reply(envelope)
    to = reply.forward_to.service if reply.forward_to else None
    await desks.decline(envelope.handoff_id, actor, reply.reason_code or "", reply.reason or "", to or None)


async def _defer(envelope: Envelope, actor: Actor) -> None:
    reply = _reply(envelope)
    await desks.defer(envelope.handoff_id, actor, reply.eta_minutes or 0, reply.reason or "")


async def _units(envelope: Envelope, actor: Actor) -> None:
    """All of them or none: what is wrong with one is said before any is written."""
    for unit in envelope.units or ():
        desks.crew(unit)
    for unit in envelope.units or ():
        await desks.report_unit(envelope.handoff_id, actor, unit)


async def _close(envelope: Envelope, actor: Actor) -> None:
    await desks.close(envelope.handoff_id, actor, _reply(envelope).reason or "")


async def _confirm_cancel(envelope: Envelope, actor: Actor) -> None:
    await desks.confirm_cancel(envelope.handoff_id, actor, _reply(envelope).reason or "")


async def _forward(envelope: Envelope, actor: Actor) -> None:
    reply = _reply(envelope)
    to = reply.forward_to.service if reply.forward_to else ""
    await desks.forward(envelope.handoff_id, actor, to or "", reply.reason or "")


async def _note(envelope: Envelope, actor: Actor) -> None:
    await desks.note(envelope.handoff_id, actor, _reply(envelope).reason or "")


async def _error(envelope: Envelope, actor: Actor) -> None:
    """The machine could not work what the hub sent: it stands in the history, and nobody answers."""
    if envelope.error:
        fault = envelope.error
        did = Did(Event.NOTE, Side.DESK, fault.text, {"code": fault.code}, ERROR)
        await take(await hold(envelope.handoff_id), did, actor)


def _reply(envelope: Envelope) -> Reply:
    return envelope.reply or Reply()


_SAYS: dict[Kind, Callable[[Envelope, Actor], Awaitable[None]]] = {
    "receipt": _receipt, "seen": _seen, "accept": _accept, "decline": _decline, "defer": _defer, "unit": _units,
    "close": _close, "cancel": _confirm_cancel, "transfer": _forward, "note": _note, "error": _error,
}  # fmt: skip
