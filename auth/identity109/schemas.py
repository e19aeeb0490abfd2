"""What crosses HTTP in the JSON API of identity."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct


class WorkplaceOut(Struct):
    """A tenant in which the caller may work."""

    slug: str
    names: dict[str, str]
    roles: list[str]


class Me(Struct):
    """Who the caller is."""

    subject: UUID
    name: str
    kind: str
    language: str
    workplaces: list[WorkplaceOut]
    region_roles: list[str]


class PersonOut(Struct):
    """One role of one person in the tenant, present or past."""

    subject: UUID
    username: str
    name: str
    role: str
    service: str | None
    active: bool
    granted_at: datetime
    withdrawn_at: datetime | None
    reason: str | None


class GrantIn(Struct, forbid_unknown_fields=True):
    """A role to give, with the reason for the audit log. Executors name their service."""

    role: str
    reason: str
    service: str | None = None


class WithdrawIn(Struct, forbid_unknown_fields=True):
    """A role to end, with the reason for the audit log."""

    role: str
    reason: str
