"""What crosses HTTP about emergencies: JSON of programs, forms of browsers. Times are RFC 3339 UTC."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from dispatch109.emergencies.model import Handoff, Incident, Place, Step, Unit, Victims
from dispatch109.emergencies.reading import Alert, Emergency, Line
from dispatch109.emergencies.said import Said
from dispatch109.tickets.schemas import Point, Version


class UnitOut(msgspec.Struct):
    """A crew as it was last heard of."""

    unit_id: str
    call_sign: str
    kind: str
    status: str
    at: datetime
    eta: datetime | None


class HandoffOut(msgspec.Struct, kw_only=True):
    """An emergency as one service was given it, with 109's own deadlines and what the service answered."""

    id: UUID
    service: str
    state: str
    version: int
    priority: str
    parent_id: UUID | None
    sent_at: datetime
    expires_at: datetime
    hub_by: datetime
    receipt_by: datetime
    seen_by: datetime
    decide_by: datetime
    hub_at: datetime | None
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
    forward_to: str | None
    external_id: str | None
    disposition: str | None
    fault: str | None
    alarm: str | None
    alarm_at: datetime | None
    phoned_at: datetime | None
    units: list[UnitOut] = []

    @classmethod
    def of(cls, handoff: Handoff, units: Sequence[Unit] = ()) -> "HandoffOut":
        """From the domain."""
        own = {name: getattr(handoff, name) for name in cls.__struct_fields__ if hasattr(handoff, name)}
        own |= {"state": handoff.state.value, "alarm": handoff.alarm.value if handoff.alarm else None}
        crews = [u for u in units if u.handoff_id == handoff.id]
        own["units"] = [UnitOut(u.unit_id, u.call_sign, u.kind, u.status, u.at, u.eta) for u in crews]
        return cls(**own)


class VictimsIn(msgspec.Struct, forbid_unknown_fields=True):
    """What is known of people hurt; what is absent is unknown. Colours are triage categories."""

    count: int | None = None
    count_kind: str = ""
    trapped: bool | None = None
    red: int | None = None
    yellow: int | None = None
    green: int | None = None


class PlaceIn(msgspec.Struct, forbid_unknown_fields=True):
    """What leads a crew from the street to the door."""

    house: str = ""
    entrance: str = ""
    floor: str = ""
    flat: str = ""
    intercom: str = ""


class IncidentOut(msgspec.Struct, kw_only=True):
    """An emergency without its caller. `number` is unique in the tenant, `reference` everywhere."""

    id: UUID
    number: str
    reference: str
    mode: str
    version: int
    ticket_id: UUID | None
    type: str
    priority: str
    text: str
    address: str
    landmark: str
    place: PlaceIn
    victims: VictimsIn
    hazards: list[str]
    relation: str
    can_talk: bool | None
    point: Point | None
    opened_at: datetime
    ended_at: datetime | None

    @classmethod
    def of(cls, incident: Incident, slug: str) -> "IncidentOut":
        """From the domain."""
        own = {name: getattr(incident, name) for name in cls.__struct_fields__ if hasattr(incident, name)}
        own |= {
            "number": incident.number_said, "reference": incident.reference(slug), "hazards": list(incident.hazards),
            "place": _same(PlaceIn, incident.place), "victims": _same(VictimsIn, incident.victims),
            "point": Point(*incident.point) if incident.point else None,
        }  # fmt: skip
        return cls(**own)


class LineOut(msgspec.Struct):
    """An emergency and its handoffs."""

    incident: IncidentOut
    handoffs: list[HandoffOut]

    @classmethod
    def of(cls, line: Line, slug: str) -> "LineOut":
        """From the domain."""
        return cls(IncidentOut.of(line.incident, slug), [HandoffOut.of(h) for h in line.handoffs])


class LinesOut(msgspec.Struct):
    """A page of emergencies, the latest first; `next` is the cursor of the following page."""

    items: list[LineOut]
    next: str | None


class HandoffStepOut(msgspec.Struct):
    """One event of a handoff. side: 109, hub or desk."""

    handoff: UUID
    seq: int
    at: datetime
    event: str
    side: str
    from_state: str | None
    to_state: str
    by: str
    note: str

    @classmethod
    def of(cls, s: Step) -> "HandoffStepOut":
        """From the domain."""
        return cls(s.handoff_id, s.seq, s.at, s.event, s.side, s.from_state, s.to_state, s.actor_name, s.note)


class EmergencyOut(msgspec.Struct):
    """An emergency with everything that belongs to it; the caller as this role may see him."""

    incident: IncidentOut
    caller: dict[str, str]
    masked: bool
    handoffs: list[HandoffOut]
    steps: list[HandoffStepOut]
    phones: Annotated[dict[str, str], msgspec.Meta(description="of the duty desks, by service")]
    ticket: str | None

    @classmethod
    def of(cls, e: Emergency, slug: str) -> "EmergencyOut":
        """From the domain."""
        caller = {"name": e.contact.name, "phone": e.contact.phone or "", "language": e.contact.language}
        handoffs = [HandoffOut.of(handoff, e.units) for handoff in e.handoffs]
        steps = [HandoffStepOut.of(step) for step in e.steps]
        return cls(IncidentOut.of(e.incident, slug), caller, e.masked, handoffs, steps, e.phones, e.ticket)


class AlertOut(msgspec.Struct):
    """A handoff that somebody must look at now, and whom to phone."""

    number: str
    handoff: HandoffOut
    phone: str

    @classmethod
    def of(cls, alert: Alert) -> "AlertOut":
        """From the domain."""
        return cls(alert.incident.number_said, HandoffOut.of(alert.handoff), alert.phone)


class FactsIn(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What is known of an emergency; everything but the place may be absent."""

    type: Annotated[str, msgspec.Meta(description="a code of incident_types.csv")] = ""
    priority: Annotated[str, msgspec.Meta(description="P0 to P3; the kind's own when absent")] = ""
    text: str = ""
    address: str = ""
    landmark: str = ""
    point: Point | None = None
    place: PlaceIn = msgspec.field(default_factory=PlaceIn)
    victims: VictimsIn = msgspec.field(default_factory=VictimsIn)
    hazards: list[str] = []
    relation: str = ""
    can_talk: bool | None = None

    def said(self, **more: Any) -> Said:  # noqa: ANN401 (the fields of Said that only the first word has)
        """As the verb wants it."""
        return Said(
            type=self.type, priority=self.priority, text=self.text, address=self.address, landmark=self.landmark,
            lon=self.point.lon if self.point else None, lat=self.point.lat if self.point else None,
            place=_same(Place, self.place), victims=_same(Victims, self.victims), hazards=tuple(self.hazards),
            relation=self.relation, can_talk=self.can_talk, **more,
        )  # fmt: skip


class HandOffIn(FactsIn, kw_only=True, forbid_unknown_fields=True):
    """The first word. Without `services` those that the kind proposes; `ticket` brings its applicant along."""

    services: list[str] = []
    phone: str = ""
    applicant: str = ""
    language: str = "kk"
    mode: Literal["live", "exercise", "test"] = "live"
    ticket: Annotated[str, msgspec.Meta(description="id or number; empty for a bare call")] = ""

    def first(self) -> Said:
        """As the verb wants it."""
        return self.said(
            services=tuple(self.services), phone=self.phone, applicant=self.applicant, language=self.language,
            mode=self.mode, ticket=self.ticket,
        )  # fmt: skip


class EmergencyAmendIn(FactsIn, kw_only=True, forbid_unknown_fields=True):
    """What is known from now on; every service that has it open is told."""

    version: Version


class EmergencyNoteIn(msgspec.Struct, forbid_unknown_fields=True):
    """One thing more."""

    text: str


class ServiceIn(msgspec.Struct, forbid_unknown_fields=True):
    """One more service."""

    service: str


class WhyIn(msgspec.Struct, forbid_unknown_fields=True):
    """Why."""

    reason: str


class PhonedIn(msgspec.Struct, forbid_unknown_fields=True):
    """Whom the operator reached by phone."""

    said_to: str = ""


def _same(kind: type[Any], one: object) -> Any:  # noqa: ANN401 (the kind decides)
    """The fields of `one` in a `kind` that has the same."""
    names = getattr(kind, "__struct_fields__", None) or kind.__dataclass_fields__
    return kind(**{name: getattr(one, name) for name in names})
