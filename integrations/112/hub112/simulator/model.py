"""One emergency as a desk's machine holds it, one step of its plan, and the message that a step becomes. Pure."""

from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import UNSET, Struct, UnsetType, structs

from hub112.contract import Envelope, Kind, Party, Reply, Service, Unit, UnitKind, UnitStatus, stamp

BEGINS = ("create", "transfer", "reopen")
"""Kinds by which an emergency reaches a desk."""
DECIDED = ("accept", "decline", "defer", "close")
"""Kinds by which a machine hears that the people of its desk decided at the board."""
CREWS: dict[Service, UnitKind] = {
    "101": "fire_engine", "102": "patrol", "103": "als", "104": "gas_crew", "112": "command",
}  # fmt: skip
PERSON = "Дежурный имитатора"


class Step(Struct, frozen=True, omit_defaults=True):
    """What the desk says `after` so many seconds. `spoil`: how the message is made wrong on purpose."""

    after: float
    kind: Kind
    reply: Reply | UnsetType = UNSET
    crew: UnitStatus | UnsetType = UNSET
    spoil: str = ""


class Called(Struct, frozen=True):
    """An emergency that reached the desk, by the message that began it."""

    service: Service
    envelope: Envelope

    @property
    def number(self) -> str:
        """The desk's own number of it."""
        return f"CAD-{self.service}-{self.envelope.handoff_id.hex[-6:]}"


def party(service: Service) -> Party:
    """The desk as its machine names itself."""
    return Party(agency=f"kz.sko.{service}", service=service, desk="cad")


def message(called: Called, step: Step, seq: int, message_id: UUID, at: datetime) -> Envelope:
    """What a step says at `at`. `refMessageId` is the message by which the handoff began."""
    asked = called.envelope
    return Envelope(
        schema="sko.handoff/1.0", message_id=message_id, handoff_id=asked.handoff_id, incident_id=asked.incident_id,
        kind=step.kind, mode=asked.mode, sender=party(called.service), recipient=asked.sender, sent_at=stamp(at),
        expires_at=asked.expires_at, seq=seq, ref_message_id=asked.message_id, reply=_reply(step, at),
        units=UNSET if step.crew is UNSET else [_unit(called, step.crew, at)],
    )  # fmt: skip


def _reply(step: Step, at: datetime) -> Reply | UnsetType:
    """The machine answers alone to a message; everything else somebody at the desk has decided."""
    if step.kind in ("receipt", "unit") or step.spoil:
        return step.reply
    said = Reply() if step.reply is UNSET else step.reply
    return structs.replace(said, decided_by=PERSON, decided_at=stamp(at))


def _unit(called: Called, status: UnitStatus, at: datetime) -> Unit:
    return Unit(
        unit_id=f"{called.service}-7", call_sign=f"{called.service}-й, бригада 7", kind=CREWS[called.service],
        status=status, at=stamp(at),
    )  # fmt: skip


def written(step: Step) -> bytes:
    """A step as it is remembered."""
    return msgspec.json.encode(step)


def read(text: bytes) -> Step:
    """A remembered step."""
    return msgspec.json.decode(text, type=Step)
