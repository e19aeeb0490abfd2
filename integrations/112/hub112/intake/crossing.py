"""What another desk of this hub says: take this emergency, work it as well, or: we have taken yours."""

from chassis109.kernel.messages import Delivery
from hub112.contract import MOVES, SERVICES, ContractError, Envelope, Event, FaultCode, Reply, Service, Side
from hub112.desks import messages, repository
from hub112.desks.arrival import Arrival, known, read
from hub112.desks.messages import Said
from hub112.desks.transition import Did, Held, take
from hub112.intake.beginning import acting_for, create_child
from identity109.actor import Actor


async def from_desk(delivery: Delivery) -> None:
    """Work a message of another desk; raises ContractError when nothing can come of it."""
    arrival = await read(delivery, lambda a: (None, f"kz.sko.{a.service}"))
    if arrival is None:
        return
    asking = _asking(arrival.envelope)
    actor = await acting_for(arrival.address, asking)
    if arrival.envelope.kind == "accept":
        await _let_go(await known(arrival), asking, arrival.envelope, actor)
    elif not await _already_here(arrival, asking, actor):
        await create_child(arrival, asking, actor)


def _asking(envelope: Envelope) -> Service:
    asking = next((service for service in SERVICES if service == envelope.sender.service), None)
    if asking is None:
        raise ContractError(FaultCode.UNKNOWN_SENDER, "no desk - at `$.sender.service`")
    return asking


async def _let_go(held: Held, by: Service, envelope: Envelope, actor: Actor) -> None:
    """Another desk has accepted what this one forwarded: its responsibility has passed."""
    handoff, given = held.handoff, envelope.reply or Reply()
    reply = Reply(forward_to=messages.desk(by), external_id=given.external_id, decided_by=given.decided_by)
    detail: dict[str, object] = {"to": by}
    if (handoff.state, Event.TRANSFER, Side.HUB) not in MOVES:  # it has ended here meanwhile
        await take(held, Did(Event.NOTE, Side.HUB, by, detail), actor)
        return
    said = Said("transfer", reply=reply, incident=handoff.incident)
    did = Did(Event.TRANSFER, Side.HUB, by, detail, to_dispatch=said, to_machine=said)
    await take(held, did, actor, forward_to=int(by))


async def _already_here(arrival: Arrival, asking: Service, actor: Actor) -> bool:
    """Whether a desk that is asked to work an incident as well does so already; then it is only told."""
    if arrival.envelope.kind == "transfer":
        return False
    here = await repository.open_of_incident(arrival.envelope.incident_id, arrival.address.mode)
    found = await repository.locked(here) if here else None
    if found is None:
        return False
    await take(Held(*found), Did(Event.NOTE, Side.HUB, asking, {"asked_by": asking}), actor)
    return True
