"""What an operator wrote down about an emergency, and how it is checked: every wrong field at once."""

from collections.abc import Iterable
from dataclasses import astuple, dataclass, field
from typing import cast, get_args

from chassis109.kernel.text import Form
from dispatch109.contacts.model import Contact, read_contact
from dispatch109.emergencies.model import COUNT_KINDS, RELATIONS, Place, Victims
from dispatch109.tickets.model import Ticket
from dispatch109.tickets.place import Named, Where, read_place
from hub112.contract import CLOCKS, MODES, SERVICES, Hazard, Mode, incident_types
from identity109.actor import Actor

MOST_TEXT = 4000
MOST_DOOR = 40
MOST_VICTIMS = 9999
HAZARDS = frozenset(get_args(Hazard))


@dataclass(frozen=True, slots=True)
class Said:
    """What the operator wrote down, as typed. `services` and `priority` empty: those of the type. `ticket`: id or
    reference of the ticket it comes from, empty for a bare call; what is empty here is taken from it. `lon`, `lat`:
    WGS 84 degrees or None."""

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


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of an emergency, checked."""

    type: str
    priority: str
    services: tuple[str, ...]
    text: str
    where: Where
    place: Place
    victims: Victims
    hazards: tuple[str, ...]
    relation: str
    can_talk: bool | None
    mode: Mode
    contact: Contact


async def checked(said: Said, actor: Actor, ticket: Ticket | None = None) -> Facts:
    """The facts, with the ticket's in place of what is not said; raises Invalid with every field at once."""
    form = Form()
    kind = incident_types().get(form.choice("type", said.type, frozenset(incident_types())))
    known = said.services or (kind.services if kind else ())
    facts = Facts(
        type=said.type,
        priority=form.choice("priority", said.priority or (kind.priority if kind else "P1"), set(CLOCKS)),
        services=_listed(form, "services", known, frozenset(SERVICES)),
        text=form.text("text", said.text, most=MOST_TEXT) or (ticket.text if ticket else ""),
        where=await _where(form, said, actor, ticket),
        place=_door(form, said.place),
        victims=_victims(form, said.victims),
        hazards=_listed(form, "hazards", said.hazards, HAZARDS),
        relation=form.choice("relation", said.relation, RELATIONS) if said.relation else "",
        can_talk=said.can_talk,
        mode=cast(Mode, form.choice("mode", said.mode, frozenset(MODES))),
        contact=read_contact(form, said.phone, said.applicant, said.language, phone_required=False),
    )
    if ticket is not None and said.mode != "live":
        form.refuse("mode", "ticket", "A ticket is no drill: an exercise begins without one.")
    form.done()
    return facts


async def _where(form: Form, said: Said, actor: Actor, ticket: Ticket | None) -> Where:
    named = Named(said.address, said.landmark, said.lon, said.lat)
    if ticket is not None and named == Named("", "", None, None):
        return Where(ticket.address, ticket.landmark, ticket.point)
    return await read_place(form, named, actor)


def _listed(form: Form, name: str, said: Iterable[str], allowed: frozenset[str]) -> tuple[str, ...]:
    """Each once, in the order in which they were said."""
    chosen = tuple(dict.fromkeys(said))
    if set(chosen) <= allowed:
        return chosen
    form.refuse(name, "choice", "Choose one of the listed values.")
    return ()


def _door(form: Form, said: Place) -> Place:
    names = Place.__dataclass_fields__
    return Place(**{name: form.text(name, getattr(said, name), most=MOST_DOOR) for name in names})


def _victims(form: Form, said: Victims) -> Victims:
    numbers = [value for value in astuple(said) if isinstance(value, int) and not isinstance(value, bool)]
    if any(not 0 <= number <= MOST_VICTIMS for number in numbers):
        form.refuse("victims", "range", "A number of people is from 0 to {most}.", most=MOST_VICTIMS)
    if said.count_kind and said.count_kind not in COUNT_KINDS:
        form.refuse("count_kind", "choice", "Choose one of the listed values.")
    return said
