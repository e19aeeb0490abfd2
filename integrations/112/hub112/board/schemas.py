"""What crosses HTTP about handoffs."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from hub112.contract import Incident, Mode, Priority, Reason, Service, State, UnitKind, UnitStatus
from hub112.desks.model import Handoff, LogLine, Step, Unit

Moment = Annotated[datetime, Meta(tz=True)]


class HandoffOut(msgspec.Struct):
    """A handoff as it stands at this desk. Deadlines are those of the ladder; a moment that is null has not come."""

    id: UUID
    number: str
    mode: Mode
    sender: Annotated[str, Meta(description="the slug of the 109 that handed over")]
    operator: str
    callback_phone: str
    incident_id: str
    state: State
    version: int
    priority: Priority
    sent_at: datetime
    arrived_at: datetime
    receipt_by: datetime
    seen_by: datetime
    decide_by: datetime
    expires_at: datetime
    receipt_at: datetime | None
    seen_at: datetime | None
    decided_at: datetime | None
    decided_by: str | None
    deferred_until: datetime | None
    unit_at: datetime | None
    ended_at: datetime | None
    late: bool
    cancel_requested: bool
    reason_code: str | None
    reason: str | None
    external_id: str | None
    disposition: str | None
    rung: int
    incident: Incident

    @classmethod
    def of(cls, h: Handoff) -> "HandoffOut":
        """From the domain."""
        same = {name: getattr(h, name) for name in cls.__struct_fields__ if name != "number"}
        return cls(**same, number=f"H-{h.number}")


class UnitOut(msgspec.Struct):
    """A crew as it was last heard of."""

    unit_id: str
    call_sign: str
    kind: UnitKind
    status: UnitStatus
    at: datetime
    eta: datetime | None
    lon: float | None
    lat: float | None

    @classmethod
    def of(cls, u: Unit) -> "UnitOut":
        """From the domain."""
        return msgspec.convert({name: getattr(u, name) for name in cls.__struct_fields__}, cls)


class StepOut(msgspec.Struct):
    """One step of the desk's own log."""

    seq: int
    at: datetime
    event: str
    side: str
    state: str
    actor: str
    note: str

    @classmethod
    def of(cls, s: Step) -> "StepOut":
        """From the domain."""
        return cls(s.seq, s.at, s.event, s.side, s.to_state, s.actor_name, s.note)


class LineOut(msgspec.Struct):
    """One line of the log that the desks of an incident share."""

    at: datetime
    desk: int
    side: str
    event: str
    state: str
    actor: str
    note: str

    @classmethod
    def of(cls, line: LogLine) -> "LineOut":
        """From the domain."""
        return cls(line.at, line.desk, line.side, line.event, line.state, line.actor_name, line.note)


class CardOut(msgspec.Struct):
    """A handoff with its crews, the desk's own steps and the joint log."""

    handoff: HandoffOut
    units: list[UnitOut]
    steps: list[StepOut]
    log: list[LineOut]


class HandoffsOut(msgspec.Struct):
    """Handoffs; `next` is the cursor of the following page of the archive, null for what is open."""

    items: list[HandoffOut]
    next: str | None


class AcceptIn(msgspec.Struct, forbid_unknown_fields=True):
    """`external_id`: the number of the case in the service's own system."""

    external_id: str = ""
    note: str = ""


class DeclineIn(msgspec.Struct, forbid_unknown_fields=True):
    """Why the desk cannot take it. `forward_to` proposes to 109 who can; nobody is asked by that alone."""

    reason_code: Reason
    reason: str = ""
    forward_to: Service | None = None


class DeferIn(msgspec.Struct, forbid_unknown_fields=True):
    """When the desk will be able to answer."""

    minutes: int
    note: str = ""


class ForwardIn(msgspec.Struct, forbid_unknown_fields=True):
    """Another desk is asked to take it over; it stays here until that desk accepts."""

    to: Service
    reason: str = ""


class UnitIn(msgspec.Struct, forbid_unknown_fields=True):
    """What a crew reports. Without `at`: now."""

    unit_id: str
    kind: UnitKind
    status: UnitStatus
    call_sign: str = ""
    at: Moment | None = None
    eta: Moment | None = None
    lon: Annotated[float, Meta(ge=-180, le=180)] | None = None
    lat: Annotated[float, Meta(ge=-90, le=90)] | None = None


class CloseIn(msgspec.Struct, forbid_unknown_fields=True):
    """How it ended."""

    disposition: str


class NoteIn(msgspec.Struct, forbid_unknown_fields=True):
    """Words for everybody who works on the incident."""

    text: str = ""


class DeclineForm(msgspec.Struct):
    """The dialog of a refusal; the empty choice is none."""

    reason_code: str = ""
    reason: str = ""
    forward_to: str = ""


class DeferForm(msgspec.Struct):
    """The dialog of a deferral."""

    minutes: str = ""
    note: str = ""


class ForwardForm(msgspec.Struct):
    """The dialog of a forward."""

    to: str = ""
    reason: str = ""


class UnitForm(msgspec.Struct):
    """A new crew by its call sign, or the report of one that is known: then a button names the status."""

    call_sign: str = ""
    kind: str = ""
    status: str = "assigned"
    unit_id: str = ""


class CloseForm(msgspec.Struct):
    """The dialog of the end: one of the usual outcomes, and words."""

    outcome: str = ""
    text: str = ""


class NoteForm(msgspec.Struct):
    """A note, also that of a confirmed cancellation."""

    text: str = ""


class SilenceForm(msgspec.Struct):
    """Why the sound must stop for a moment."""

    reason: str = ""
