"""What a desk says: to the 109 that called (RETURN), to its own machine (DESK), to another desk (CROSS).

RETURN, kind by kind: `receipt` `seen` `accept` `decline` `defer` `unit` `close` say what the desk did; `cancel`
confirms a requested cancellation; `note` is a text, a rung of the hub's clocks ("rung:decide", "expired") or, with
`forwardTo`, that another desk was asked. `transfer` and `create` with a parent make a new handoff known; `transfer`
without one says that the responsibility for this handoff has passed. The order of a key is that of `seq`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from msgspec import UNSET, UnsetType
from msgspec.structs import replace as with_

from chassis109.kernel import clock
from chassis109.kernel.ids import uuid7
from hub112.contract import (
    CLOCKS,
    MOST_BYTES,
    Address,
    Envelope,
    Fault,
    Incident,
    Kind,
    Mode,
    Party,
    Reply,
    Service,
    Unit,
    agency,
    encode,
    stamp,
)
from hub112.desks.model import Handoff

RUNG = "rung:"
EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Said:
    """One thing to say about a handoff."""

    kind: Kind
    reply: Reply | UnsetType = UNSET
    units: list[Unit] | UnsetType = UNSET
    incident: Incident | UnsetType = UNSET
    parent: UUID | UnsetType = UNSET
    error: Fault | UnsetType = UNSET
    refers_to: UUID | None = None
    """The message that is answered; None: the one by which the handoff began."""


@dataclass(frozen=True, slots=True)
class Posted:
    """A message ready to leave. Those of one `key` leave in the order in which they were written."""

    subject: str
    key: str
    payload: bytes
    message_id: UUID


@dataclass(frozen=True, slots=True)
class Line:
    """Between whom, about what: enough to answer a message whose handoff nobody knows."""

    mode: Mode
    service: Service
    tenant: str
    handoff_id: UUID
    incident_id: str
    expires_at: datetime


def line(handoff: Handoff) -> Line:
    """The line of a handoff that is known."""
    return Line(
        handoff.mode, handoff.service, handoff.sender, handoff.id, handoff.incident_id, handoff.expires_at
    )


def desk(service: Service, person: str = "") -> Party:
    """A desk, and who sits there."""
    return Party(agency=f"kz.sko.{service}", service=service, operator_id=person or UNSET)


def dispatch(tenant: str, operator: str = "", callback: str = "") -> Party:
    """A 109, its operator, and where to phone him."""
    return Party(
        agency=agency(tenant), service="109", operator_id=operator or UNSET, callback=callback or UNSET
    )


def to_dispatch(to: Line, said: Said, seq: int, refers_to: UUID) -> Posted:
    """RETURN: a desk tells the 109 that called."""
    address = Address(to.mode, "return", to.service, to.tenant, to.handoff_id)
    return _message(address, to, said, (desk(to.service), dispatch(to.tenant)), (seq, refers_to))


def to_machine(to: Line, said: Said, seq: int, refers_to: UUID, sender: Party) -> Posted:
    """DESK: what 109 said, or what a person did at the board, for the desk's own machine."""
    address = Address(to.mode, "desk", to.service, to.tenant, to.handoff_id)
    return _message(address, to, said, (sender, desk(to.service)), (seq, refers_to))


def to_other_desk(handoff: Handoff, to: Service, kind: Kind) -> Posted:
    """CROSS: ask another desk to take this emergency (`transfer`), or to work it as well (`create`): a new handoff."""
    expires_at = clock.now() + timedelta(seconds=CLOCKS[handoff.priority].expires)
    asked = Line(handoff.mode, to, handoff.sender, uuid7(), handoff.incident_id, expires_at)
    sender = Party(
        agency=f"kz.sko.{handoff.service}", service=handoff.service, operator_id=handoff.operator or UNSET,
        callback=handoff.callback_phone or UNSET,
    )  # fmt: skip
    said = Said(kind, incident=handoff.incident, parent=handoff.id)
    address = Address(handoff.mode, "cross", to, handoff.sender, asked.handoff_id)
    return _message(address, asked, said, (sender, desk(to)), (1, handoff.ref_message_id))


def to_parent_desk(handoff: Handoff, parent: UUID, to: Service, reply: Reply) -> Posted:
    """CROSS: tell the desk that forwarded the emergency that this one has taken it."""
    passed = Line(handoff.mode, to, handoff.sender, parent, handoff.incident_id, handoff.expires_at)
    address = Address(handoff.mode, "cross", to, handoff.sender, parent)
    said = Said("accept", reply=reply)
    return _message(address, passed, said, (desk(handoff.service), desk(to)), (1, handoff.ref_message_id))


def _message(
    address: Address, about: Line, said: Said, parties: tuple[Party, Party], place: tuple[int, UUID]
) -> Posted:
    """`parties`: sender and recipient; `place`: the number in the order of this direction, and what it refers to."""
    message_id, (seq, refers_to) = uuid7(), place
    envelope = Envelope(
        schema="sko.handoff/1.0", message_id=message_id, handoff_id=about.handoff_id, incident_id=about.incident_id,
        kind=said.kind, mode=about.mode, sender=parties[0], recipient=parties[1], sent_at=stamp(clock.now()),
        expires_at=stamp(about.expires_at), seq=seq, parent_handoff_id=said.parent,
        ref_message_id=said.refers_to or refers_to, incident=said.incident, reply=said.reply, units=said.units,
        error=said.error,
    )  # fmt: skip
    key = f"{about.handoff_id}:{address.direction}"
    return Posted(address.subject, key, _within(envelope), message_id)


def _within(envelope: Envelope) -> bytes:
    """The message as it travels. A long story is larger than any message may be: its oldest notes stay behind."""
    payload = encode(envelope)
    while len(payload) > MOST_BYTES and (incident := envelope.incident) and (notes := incident.notes):
        incident = with_(incident, notes=notes[len(notes) // 8 + 1 :] or UNSET)
        envelope = with_(envelope, incident=incident)
        payload = encode(envelope)
    return payload
