"""A warning to the operators of some territories, and how far it has come. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from chassis109.kernel.errors import Conflict
from region109.contract import AlertKind

HOURS = (3, 6, 12, 24, 72)
"""How long a warning may be said to last, in the form."""
LONGEST = timedelta(days=30)
MOST_WORDS = 500


class AlertIsOver(Conflict):
    """This warning is over already."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A warning as typed: each language, the territories it is for, and until when (UTC)."""

    kind: str
    kk: str
    ru: str
    en: str
    territories: tuple[str, ...]
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """How far a warning has come in one territory; `read_by`: the first of the shift."""

    territory: str
    arrived_version: int | None = None
    arrived_at: datetime | None = None
    read_version: int | None = None
    read_at: datetime | None = None
    read_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A warning in each language; a higher version replaces the one before."""

    id: UUID
    version: int
    kind: AlertKind
    kk: str
    ru: str
    en: str
    issued_at: datetime
    issued_by: UUID
    issued_name: str
    expires_at: datetime
    cancelled_at: datetime | None = None
    cancelled_name: str | None = None
    receipts: tuple[Receipt, ...] = ()

    def words(self, language: str) -> str:
        """The text in a language."""
        return {"kk": self.kk, "ru": self.ru, "en": self.en}[language]

    def running(self, now: datetime) -> bool:
        """Whether it still warns."""
        return self.cancelled_at is None and now < self.expires_at

    @property
    def unread(self) -> list[Receipt]:
        """Where nobody has read it yet."""
        return [one for one in self.receipts if one.read_version is None]
