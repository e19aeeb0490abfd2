"""What an operator wrote down about an emergency, and how it is checked."""

from dataclasses import dataclass, field

from dispatch109.emergencies.model import Place, Victims


@dataclass(frozen=True, slots=True)
class Said:
    """What the operator wrote down, as typed. `services` and `priority` empty: those of the type. `ticket`: id or
    reference of the ticket it comes from, empty for a bare call. `lon`, `lat`: WGS 84 degrees or None."""

    type: str = ""
    services: tuple[str, ...] = ()
    priority: str = ""
    phone: str = ""
    applicant: str = ""
    language: str = "kk"
    text: str = ""
    address: str = ""
    landmark: str = ""
    lon: float | None = None
    lat: float | None = None
    place: Place = field(default_factory=Place)
    victims: Victims = field(default_factory=Victims)
    hazards: tuple[str, ...] = ()
    relation: str = ""
    can_talk: bool | None = None
    mode: str = "live"
    ticket: str = ""
