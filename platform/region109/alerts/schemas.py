"""What crosses HTTP about alerts."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from region109.alerts.model import Alert, Wish
from region109.contract import AlertKind


class AlertIn(msgspec.Struct, forbid_unknown_fields=True):
    """A warning in each language for the operators of some territories."""

    kind: str
    kk: str
    ru: str
    en: str
    territories: list[str]
    expires_at: Annotated[datetime, msgspec.Meta(tz=True)]

    def wish(self) -> Wish:
        """As the verb wants it."""
        return Wish(self.kind, self.kk, self.ru, self.en, tuple(self.territories), self.expires_at)


class ReceiptOut(msgspec.Struct):
    """How far it has come in one territory."""

    territory: str
    arrived_at: datetime | None
    read_version: int | None
    read_at: datetime | None
    read_by: str | None


class AlertOut(msgspec.Struct):
    """A warning and how far it has come; who has not read it stands first."""

    id: UUID
    version: int
    kind: AlertKind
    text: dict[str, str]
    issued_at: datetime
    issued_by: str
    expires_at: datetime
    cancelled_at: datetime | None
    cancelled_by: str | None
    receipts: list[ReceiptOut]

    @classmethod
    def of(cls, a: Alert) -> "AlertOut":
        """From the domain."""
        receipts = [
            ReceiptOut(one.territory, one.arrived_at, one.read_version, one.read_at, one.read_by)
            for one in a.receipts
        ]
        return cls(
            a.id, a.version, a.kind, {"kk": a.kk, "ru": a.ru, "en": a.en}, a.issued_at, a.issued_name, a.expires_at,
            a.cancelled_at, a.cancelled_name, receipts,
        )  # fmt: skip


class AlertsOut(msgspec.Struct):
    """A page of warnings; `next` is the cursor of the following page."""

    items: list[AlertOut]
    next: str | None
