"""The operators' desk of one tenant: phone contacts become consultations or tickets that live on. Pure."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from uuid import UUID

from chassis109.kernel.folding import fold
from dispatch109.contacts import service as contacts
from dispatch109.contacts.model import Contact
from dispatch109.demo.fate import Fate
from dispatch109.demo.life import Life, Opening
from dispatch109.demo.model import Cast, Person, Rows, uuid7_at
from dispatch109.demo.places import Town
from dispatch109.demo.season import Subjects
from dispatch109.demo.texts import Texts, phone
from dispatch109.tickets.model import ALMATY, OPEN
from tenancy109.model import Catalogue, Tenant
from tenancy109.routing import choose

ANONYMOUS = 0.3  # of the consultations
SUBJECT_KNOWN = 0.5  # consultations for which the operator chose a category
KNOWN_CALLER = 0.3  # how often somebody phones who has phoned before
SENIOR = 0.1  # how often the senior operator takes a call


@dataclass(frozen=True)
class Setting:
    """Where the calls come in: the tenant with its people, streets and subjects."""

    tenant: Tenant
    catalogue: Catalogue
    cast: Cast
    town: Town
    subjects: Subjects
    texts: Texts
    until: datetime


@dataclass
class Desk:
    """Takes calls in the order of their times; `random` decides everything."""

    setting: Setting
    random: Random
    numbers: Counter[int] = field(default_factory=Counter)
    still_open: int = 0
    unanswered: int = 0
    _callers: list[tuple[str, str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        here = self.setting
        self._fate = Fate(self.random, here.cast, here.catalogue, here.texts)
        self._kazakh = 0.35 if here.tenant.kind == "city" else 0.5

    def consultation(self, at: datetime, rows: Rows) -> None:
        """A question answered on the spot."""
        named = self.random.random() >= ANONYMOUS
        contact = self._contact(at, named)
        by = self._operator()
        category = None
        if self.random.random() < SUBJECT_KNOWN:
            category = self.setting.subjects.draw(self.random, at).code
        note = self.setting.texts.question(self.random, contact.language)
        self._keep(contact, at, rows)
        call_id = uuid7_at(self.random, at)
        rows.call.append((call_id, contact.id, by.subject, at, "consultation", category, None, note))
        said = f'{{"category": {_quoted(category)}}}'
        rows.audit.append((at, by.subject, "person", "call.consult", "call", str(call_id), said))

    def ticket(self, at: datetime, rows: Rows) -> Life:
        """A request, and what becomes of it until the history ends."""
        contact = self._contact(at, named=True)
        self._keep(contact, at, rows)
        life = Life(self.random, self._opening(at, contact.id, contact.language), rows, self.setting.until)
        self._fate.live(life)
        life.write()
        self.still_open += life.state in OPEN
        self.unanswered += life.unanswered
        return life

    def _opening(self, at: datetime, contact_id: UUID, language: str) -> Opening:
        here = self.setting
        category = here.subjects.draw(self.random, at)
        place = here.town.draw(self.random, here.texts.landmarks(), language)
        text = here.texts.complaint(self.random, category.code, language)
        year = at.astimezone(ALMATY).year
        self.numbers[year] += 1
        return Opening(
            number=self.numbers[year],
            category=category,
            service=choose(here.catalogue, category.code, place.point),
            contact_id=contact_id,
            language=language,
            text=text,
            place=place,
            folded=fold(f"{text} {place.address} {place.landmark}"),
            at=at,
            operator=self._operator(),
        )

    def _contact(self, at: datetime, named: bool) -> Contact:
        language = "kk" if self.random.random() < self._kazakh else "ru"
        contact_id = uuid7_at(self.random, at)
        if not named:
            return Contact(contact_id, "", "", language)
        if self._callers and self.random.random() < KNOWN_CALLER:
            return Contact(contact_id, *self.random.choice(self._callers))
        caller = (self.setting.texts.name(self.random), phone(self.random), language)
        self._callers.append(caller)
        return Contact(contact_id, *caller)

    def _keep(self, contact: Contact, at: datetime, rows: Rows) -> None:
        sealed = contacts.seal(self.setting.tenant.id, contact)
        rows.contact.append((
            sealed.id, sealed.name_sealed, sealed.phone_sealed, sealed.phone_index, sealed.key_id, sealed.language,
            at,
        ))  # fmt: skip

    def _operator(self) -> Person:
        cast = self.setting.cast
        return cast.senior if self.random.random() < SENIOR else self.random.choice(cast.operators)


def _quoted(code: str | None) -> str:
    return "null" if code is None else f'"{code}"'
