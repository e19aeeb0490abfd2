"""What crosses HTTP about alerts."""

from datetime import datetime
from uuid import UUID

import msgspec

from dispatch109.alerts.model import Alert
from region109.contract import AlertKind


class AlertOut(msgspec.Struct):
    """A warning of the region. `readers`: who of the shift has read this version."""

    id: UUID
    version: int
    kind: AlertKind
    text: dict[str, str]
    issued_at: datetime
    issued_by: str
    arrived_at: datetime
    expires_at: datetime
    cancelled_at: datetime | None
    readers: list[str]

    @classmethod
    def of(cls, a: Alert) -> "AlertOut":
        """From the domain."""
        return cls(
            a.id, a.version, a.kind, {"kk": a.kk, "ru": a.ru, "en": a.en}, a.issued_at, a.issued_name, a.arrived_at,
            a.expires_at, a.cancelled_at, list(a.readers.values()),
        )  # fmt: skip


class AlertsOut(msgspec.Struct):
    """A page of alerts; `next` is the cursor of the following page."""

    items: list[AlertOut]
    next: str | None
