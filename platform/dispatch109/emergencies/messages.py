"""What 109 says about an emergency: to its services through the hub, and to the region without personal data."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from msgspec import UNSET

from dispatch109.contacts.model import Contact
from dispatch109.emergencies.model import Handoff, Incident, Victims
from hub112 import contract
from hub112.contract import Address, Envelope, Kind, Party, Point, Service, Text, incident_types, stamp
from region109 import contract as region
from region109.contract import HandoffFact
from tenancy109.model import Tenant

_STATUS = {"create": "active", "update": "active", "reopen": "reopened"}
_KATO_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Case:
    """All that a message about an emergency may tell: whose it is, who called, which services have it."""

    tenant: Tenant
    incident: Incident
    contact: Contact
    services: tuple[str, ...]


def subject(case: Case, handoff: Handoff) -> str:
    """Where the messages of a handoff go."""
    service = cast(Service, handoff.service)
    return Address(case.incident.mode, "handoff", service, case.tenant.slug, handoff.id).subject


def envelope(
    case: Case, handoff: Handoff, kind: Kind, at: datetime, operator: str, notes: Sequence[str] = ()
) -> Envelope:
    """A message of 109 about `handoff`, which carries its id and number already. create, update and reopen tell
    everything that is known; any other kind gives `notes` as the reason."""
    incident = case.incident
    others = [
        Party(agency=f"kz.sko.{s}", service=cast(Service, s)) for s in case.services if s != handoff.service
    ]
    told = kind in _STATUS
    return Envelope(
        schema=cast(Any, contract.SCHEMA),
        message_id=handoff.message_id,
        handoff_id=handoff.id,
        incident_id=incident.reference(case.tenant.slug),
        kind=kind,
        mode=incident.mode,
        sender=Party(agency=contract.agency(case.tenant.slug), service="109", operator_id=operator),
        recipient=Party(agency=f"kz.sko.{handoff.service}", service=cast(Service, handoff.service)),
        also_sent_to=others or UNSET,
        sent_at=stamp(at),
        expires_at=stamp(handoff.expires_at),
        seq=handoff.sent_seq,
        parent_handoff_id=handoff.parent_id or UNSET,
        incident=record(case, _STATUS[kind], at, notes) if told else UNSET,
        reply=UNSET if told else contract.Reply(reason="\n".join(notes), decided_by=operator),
    )


def record(case: Case, status: str, at: datetime, notes: Sequence[str] = ()) -> contract.Incident:
    """The incident as all its services read it."""
    incident, kind = case.incident, incident_types()[case.incident.type]
    said: dict[str, Any] = {
        "narrative": incident.text, "hazards": list(incident.hazards), "victims": _victims(incident.victims),
        "notes": [contract.Note(at=stamp(at), text=note) for note in notes],
    }  # fmt: skip
    return contract.Incident(
        type=incident.type,
        priority=cast(contract.Priority, incident.priority),
        status=cast(Any, status),
        created_at=stamp(incident.opened_at),
        location=_location(case),
        title=Text(**kind.names),
        caller=_caller(case),
        services=[cast(Service, service) for service in case.services],
        lead=kind.lead if kind.lead in case.services else cast(Service, case.services[0]),
        **_given(said),
    )


def _location(case: Case) -> contract.Location:
    incident, place = case.incident, case.incident.place
    shown = incident.address or incident.landmark or "{1:.6f}, {0:.6f}".format(*incident.point or (0.0, 0.0))
    point = incident.point
    precision = "exact" if point else "house" if place.house else "unknown"
    door = {name: getattr(place, name) for name in ("house", "entrance", "floor", "flat", "intercom")}
    kato = case.tenant.kato if len(case.tenant.kato) == _KATO_DIGITS else ""
    return contract.Location(
        text=Text(**{case.contact.language: shown}),
        geo=Point(lon=point[0], lat=point[1], source="map") if point else UNSET,
        precision=cast(Any, precision),
        **_given({**door, "street": incident.address, "landmark": incident.landmark, "kato": kato}),
    )


def _caller(case: Case) -> contract.Caller:
    contact, incident = case.contact, case.incident
    said: dict[str, Any] = {
        "name": contact.name, "phone": contact.phone, "callback": contact.phone, "language": contact.language,
        "relation": incident.relation,
    }  # fmt: skip
    can_talk = UNSET if incident.can_talk is None else incident.can_talk
    anonymous = not (contact.name or contact.phone)
    return contract.Caller(can_talk=can_talk, anonymous=anonymous, channel="phone", **_given(said))


def _victims(victims: Victims) -> contract.Victims | None:
    known = {name: getattr(victims, name) for name in Victims.__dataclass_fields__}
    said = {name: value for name, value in known.items() if value not in (None, "")}
    return contract.Victims(**said) if said else None


def _given(said: dict[str, Any]) -> dict[str, Any]:
    """Without what was not said: an empty text is no fact."""
    return {name: value for name, value in said.items() if value}


_SAME = (
    "id", "service", "state", "version", "priority", "sent_at", "hub_at", "receipt_at", "seen_at", "decided_at",
    "unit_at", "ended_at", "decide_by", "late", "alarm",
)  # fmt: skip


def fact(slug: str, incident: Incident, handoff: Handoff) -> HandoffFact:
    """Where a handoff of the tenant with this slug stands, for the region. No name, phone, text or address."""
    return HandoffFact(
        tenant=slug,
        incident=incident.reference(slug),
        kind=incident.type,
        mode=cast(Any, incident.mode),
        **{name: getattr(handoff, name) for name in _SAME},
    )


def fact_subject(tenant: str) -> str:
    """Where facts about handoffs of the tenant with this slug go."""
    return region.feed(tenant, "handoff")
