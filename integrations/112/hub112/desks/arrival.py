"""A message on its way into the hub: read against the contract and its subject, put in order, or refused.

What is refused for good is put aside in sight and answered to its sender at once, in the same transaction.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal
from uuid import UUID

import structlog
from msgspec import UNSET

from chassis109.bus import announce
from chassis109.bus.consumer import NotYet
from chassis109.bus.subjects import message_uuid
from chassis109.kernel import clock
from chassis109.kernel.errors import NotFound
from chassis109.kernel.messages import Delivery
from chassis109.store import inbox, journal
from chassis109.store.unit import after_commit
from hub112 import contract
from hub112.contract import (
    MODES,
    SERVICES,
    Address,
    ContractError,
    Envelope,
    Event,
    FaultCode,
    Mode,
    Party,
    Service,
    Side,
)
from hub112.desks import messages, repository
from hub112.desks.messages import Line, Posted, Said
from hub112.desks.model import DUTY_DESK, Handoff
from hub112.desks.transition import GAP, Did, Held, hold, post, take
from identity109.actor import Actor

log = structlog.get_logger()

Direction = Literal["return", "desk"]
_AFTER_ORDER = frozenset({FaultCode.WRONG_STATE, FaultCode.INSUFFICIENT_DATA})
_IS_ERROR = re.compile(rb'"kind"\s*:\s*"error"')
_SEQ = re.compile(rb'"seq"\s*:\s*(\d{1,9})\b')


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message that says what its subject says."""

    delivery: Delivery
    address: Address
    envelope: Envelope


def desk_of(subject: str) -> int:
    """The desk in whose database scope a message is worked; what names no desk is answered by the duty desk."""
    service = next((token for token in subject.split(".")[1:4] if token in SERVICES), DUTY_DESK)
    return int(service)


async def read(
    delivery: Delivery, parties: Callable[[Address], tuple[str | None, str | None]]
) -> Arrival | None:
    """The message; None when it took effect under another id already. Raises ContractError.

    `parties` gives the agencies of sender and recipient that an address proves; None: it proves none.
    """
    envelope = contract.decode(delivery.payload)
    address = Address.of(delivery.subject)
    sender, recipient = parties(address)
    for name, here, there in (
        ("mode", envelope.mode, address.mode),
        ("handoffId", envelope.handoff_id, address.handoff_id),
        ("sender", envelope.sender, sender),
        ("recipient", envelope.recipient, recipient),
        ("incidentId", envelope.incident_id.split(".")[:3], ["kz", "sko", address.tenant]),
    ):
        if not (is_party(here, there) if isinstance(here, Party) else here == there):
            raise ContractError(FaultCode.SENDER_MISMATCH, f"not as its subject says - at `$.{name}`")
    if envelope.message_id == delivery.message_id or await inbox.once(delivery.source, envelope.message_id):
        return Arrival(delivery, address, envelope)
    return None


def is_party(party: Party, agency: object) -> bool:
    """Whether a message names this agency; None: it may name any."""
    service = str(agency).rpartition(".")[2]
    return agency is None or (party.agency == agency and party.service in (UNSET, service))


async def known(arrival: Arrival) -> Held:
    """The handoff it is about, held. Raises NotYet while its beginning may still come, else UNKNOWN_HANDOFF."""
    held, envelope = await _held(arrival.address), arrival.envelope
    if held is None or held.handoff.incident_id != envelope.incident_id:
        if held is None and envelope.seq > 1 and arrival.delivery.young:
            raise NotYet
        raise ContractError(FaultCode.UNKNOWN_HANDOFF, "there is no such handoff here")
    return held


def order(arrival: Arrival, last: int) -> int:
    """How many messages are missing before it; raises WRONG_SEQUENCE behind its time, NotYet before it."""
    missing = contract.missing_before(arrival.envelope.seq, last)
    if missing and arrival.delivery.young:
        raise NotYet
    return missing


async def note_gap(held: Held, arrival: Arrival, missing: int, actor: Actor) -> Held:
    """Write down that messages before this one never came."""
    if not missing:
        return held
    seq = arrival.envelope.seq
    detail: dict[str, object] = {"first": seq - missing, "last": seq - 1}
    return await take(held, Did(Event.NOTE, Side.HUB, f"{seq - missing}–{seq - 1}", detail, GAP), actor)


async def reject(delivery: Delivery, error: ContractError, back: Direction) -> None:
    """Put a message aside and tell its sender why, `back` to 109 (return) or to the machine (desk)."""
    name = error.code.name.lower()
    await inbox.put_aside(delivery.source, delivery.message_id, delivery.subject, delivery.payload, name)
    log.info("message.refused", source=delivery.source, error=name)
    await answer(delivery, error, back)


async def answer(delivery: Delivery, error: ContractError, back: Direction) -> None:
    """Tell the sender of a message what is wrong with it; an error never answers an error."""
    about = contract.message_id_of(delivery.payload) or delivery.message_id
    line, held = _line(delivery), None
    with suppress(ContractError):
        held = await _held(Address.of(delivery.subject))
    said = Said("error", error=error.fault(), refers_to=about)
    said_back = []
    if not _IS_ERROR.search(delivery.payload):
        handoff = await _advanced(held.handoff, delivery, error, back) if held else None
        said_back.append(_error(line, said, handoff, back, about))
    entry = journal.AuditEntry("handoff.refused", "message", str(about), {"error": error.code.name.lower()})
    await journal.write(None, "system", [entry], post(*said_back))
    after_commit(announce.wake)


def _error(line: Line, said: Said, handoff: Handoff | None, back: Direction, about: UUID) -> Posted:
    """An error about a handoff that nobody here knows has no place in an order: its number is 1."""
    if handoff is not None:
        line = messages.line(handoff)
    if back == "return":
        return messages.to_dispatch(line, said, handoff.return_seq if handoff else 1, about)
    return messages.to_machine(
        line, said, handoff.desk_seq if handoff else 1, about, messages.desk(line.service)
    )


async def _advanced(handoff: Handoff, delivery: Delivery, error: ContractError, back: Direction) -> Handoff:
    """The refused message had its place in the order, so that the next one need not wait for it; the answer has one."""
    last = handoff.last_seq if back == "return" else handoff.last_reply_seq
    found = _SEQ.search(delivery.payload)
    seq = int(found[1]) if found else 0
    counts = error.code is not FaultCode.SENDER_MISMATCH
    if counts and (seq == last + 1 or (error.code in _AFTER_ORDER and seq > last)):
        last = seq
    after = (
        replace(handoff, last_seq=last, return_seq=handoff.return_seq + 1)
        if back == "return"
        else replace(handoff, last_reply_seq=last, desk_seq=handoff.desk_seq + 1)
    )
    await repository.advance(after)
    return after


def _line(delivery: Delivery) -> Line:
    """Whom to answer about what, from a subject that may name no desk and no handoff."""
    *_, mode, _, service, tenant, handoff = delivery.subject.split(".")
    handoff_id = message_uuid(handoff) or UUID(int=0)
    desk: Service = next((known for known in SERVICES if known == service), DUTY_DESK)
    found: Mode = next((known for known in MODES if known == mode), "test")
    return Line(found, desk, tenant, handoff_id, f"kz.sko.{tenant}.unknown", clock.now())


async def _held(address: Address) -> Held | None:
    """The handoff of an address, of the same 109 and mode; another's is as good as none."""
    try:
        held = await hold(address.handoff_id)
    except NotFound:
        return None
    handoff = held.handoff
    return held if (handoff.sender, handoff.mode) == (address.tenant, address.mode) else None
