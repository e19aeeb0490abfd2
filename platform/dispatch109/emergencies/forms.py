"""The forms of the emergency screens as browsers send them: text only, any of it may be absent."""

from typing import Any

import msgspec

from chassis109.kernel.errors import FieldError, Invalid
from dispatch109.emergencies.model import Incident, Place, Victims
from dispatch109.emergencies.reading import Emergency
from dispatch109.emergencies.said import Said
from dispatch109.tickets.model import Ticket
from dispatch109.tickets.schemas import Version

Several = str | list[str]
PLACE = ("house", "entrance", "floor", "flat", "intercom")
COUNTS = ("count", "red", "yellow", "green")
TALKS = {"yes": True, "no": False}


class FactsForm(msgspec.Struct, kw_only=True):
    """What is known. Several checkboxes of one name arrive as a list, a single one as text."""

    priority: str = ""
    text: str = ""
    address: str = ""
    landmark: str = ""
    lon: str = ""
    lat: str = ""
    house: str = ""
    entrance: str = ""
    floor: str = ""
    flat: str = ""
    intercom: str = ""
    count: str = ""
    red: str = ""
    yellow: str = ""
    green: str = ""
    trapped: str = ""
    hazards: Several = ""
    relation: str = ""
    can_talk: str = ""

    def said(self, **more: Any) -> Said:  # noqa: ANN401 (the fields of Said that only the first word has)
        """As the verbs want it; raises Invalid for what is no number."""
        return Said(
            priority=self.priority, text=self.text, address=self.address, landmark=self.landmark,
            lon=_degrees(self.lon), lat=_degrees(self.lat), hazards=several(self.hazards), relation=self.relation,
            place=Place(**{name: getattr(self, name) for name in PLACE}),
            victims=self._victims(),
            can_talk=TALKS.get(self.can_talk), **more,
        )  # fmt: skip

    def _victims(self) -> Victims:
        count, red, yellow, green = (_whole(name, getattr(self, name)) for name in COUNTS)
        return Victims(count, trapped=True if self.trapped else None, red=red, yellow=yellow, green=green)


class HandOffForm(FactsForm, kw_only=True):
    """The form that hands an emergency to the services."""

    type: str = ""
    services: Several = ""
    phone: str = ""
    applicant: str = ""
    language: str = "kk"
    mode: str = "live"
    ticket: str = ""

    def first(self) -> Said:
        """As the verb wants it."""
        return self.said(
            type=self.type, services=several(self.services), phone=self.phone, applicant=self.applicant,
            language=self.language, mode=self.mode, ticket=self.ticket,
        )  # fmt: skip


class AmendForm(FactsForm, kw_only=True):
    """The facts as they should stand."""

    version: Version
    type: str = ""


class NoteForm(msgspec.Struct):
    """One thing more for the services."""

    text: str = ""


class ServiceForm(msgspec.Struct):
    """One more service."""

    service: str = ""


class ReasonForm(msgspec.Struct):
    """Why a handoff is cancelled or reopened."""

    reason: str = ""


class PhonedForm(msgspec.Struct):
    """Whom the operator reached by phone."""

    said_to: str = ""


def blank(language: str) -> dict[str, Any]:
    """The values of an empty form."""
    names = HandOffForm.__struct_fields__
    return dict.fromkeys(names, "") | {"language": language, "mode": "live", "hazards": ()}


def from_ticket(ticket: Ticket, language: str) -> dict[str, Any]:
    """The values that a ticket brings along."""
    lon, lat = ticket.point or ("", "")
    return blank(language) | {
        "ticket": ticket.reference, "text": ticket.text, "address": ticket.address, "landmark": ticket.landmark,
        "lon": lon, "lat": lat,
    }  # fmt: skip


def from_incident(incident: Incident, language: str) -> dict[str, Any]:
    """The values that stand now, for a correction."""
    lon, lat = incident.point or ("", "")
    victims = {name: _shown(getattr(incident.victims, name)) for name in COUNTS}
    return blank(language) | victims | {
        **{name: getattr(incident.place, name) for name in PLACE},
        "type": incident.type, "priority": incident.priority, "text": incident.text, "address": incident.address,
        "landmark": incident.landmark, "lon": lon, "lat": lat, "hazards": incident.hazards,
        "relation": incident.relation, "trapped": "yes" if incident.victims.trapped else "",
        "can_talk": next((word for word, talks in TALKS.items() if talks is incident.can_talk), ""),
    }  # fmt: skip


def for_intake(emergency: Emergency) -> dict[str, str]:
    """What the intake form can take over of an emergency that no service took; a masked caller stays behind."""
    incident, contact = emergency.incident, emergency.contact
    caller = {} if emergency.masked else {"phone": contact.phone or "", "applicant": contact.name}
    lon, lat = incident.point or ("", "")
    return caller | {
        "text": incident.text, "address": incident.address, "landmark": incident.landmark, "language": contact.language,
        "lon": str(lon), "lat": str(lat),
    }  # fmt: skip


def several(sent: Several) -> tuple[str, ...]:
    """The values of checkboxes of one name."""
    if isinstance(sent, str):
        return (sent,) if sent else ()
    return tuple(sent)


def _shown(value: int | None) -> str:
    return "" if value is None else str(value)


def _whole(name: str, typed: str) -> int | None:
    typed = typed.strip()
    if not typed:
        return None
    if not (typed.isascii() and typed.isdigit() and len(typed) <= 4):
        raise Invalid(FieldError(name, "range", "A number from 0 to 9999."))
    return int(typed)


def _degrees(typed: str) -> float | None:
    """What is no number becomes one that the verbs refuse by name."""
    try:
        return float(typed.strip().replace(",", ".")) if typed.strip() else None
    except ValueError:
        return float("nan")
