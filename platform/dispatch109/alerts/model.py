"""A warning of the region for everybody on shift. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from region109 import contract
from region109.contract import AlertKind


@dataclass(frozen=True, slots=True)
class Alert:
    """What the region warns of, in each language; a higher version replaces the one before."""

    id: UUID
    version: int
    kind: AlertKind
    kk: str
    ru: str
    en: str
    issued_at: datetime
    issued_name: str
    arrived_at: datetime
    expires_at: datetime
    cancelled_at: datetime | None
    readers: Mapping[UUID, str] = field(default_factory=dict)
    """Who has read this version: names by subject, the first reader first."""

    @classmethod
    def of(cls, order: contract.Alert, at: datetime) -> "Alert":
        """As it arrives."""
        return cls(
            order.id, order.version, order.kind, order.kk, order.ru, order.en, order.issued_at, order.issued_name, at,
            order.expires_at, order.cancelled_at,
        )  # fmt: skip

    def words(self, language: str) -> str:
        """The text in a language."""
        return {"kk": self.kk, "ru": self.ru, "en": self.en}[language]

    def running(self, now: datetime) -> bool:
        """Whether it still warns."""
        return self.cancelled_at is None and now < self.expires_at
