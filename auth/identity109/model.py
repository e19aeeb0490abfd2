"""What people and memberships are, and where a role begins its day. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis109.kernel.errors import FieldError, Invalid
from identity109.permissions import REGION_ROLES, Permission, granted, roles_in
from tenancy109.model import REGION, Tenant

REASON_CHARACTERS = 500

# Below the tenant's path; a desk's board is its path itself.
_FIRST_SCREENS = (
    (Permission.HANDOFF_READ, ""),
    (Permission.WALL_READ, "/wall"),
    (Permission.TICKET_OPEN, "/op"),
    (Permission.TICKET_EXECUTE, "/svc"),
    (Permission.TICKET_READ, "/op/queue"),
    (Permission.PEOPLE_MANAGE, "/admin/people"),
)


@dataclass(frozen=True, slots=True)
class Workplace:
    """A tenant in which a person may work, with the roles there."""

    tenant: Tenant
    roles: tuple[str, ...]

    @property
    def first_screen(self) -> str:
        """Where these roles begin: a desk's board, the wall, intake, a service's inbox, the queue, the people, or
        "who am I"."""
        allowed = granted(frozenset(self.roles))
        screens = (
            self.tenant.path + screen for permission, screen in _FIRST_SCREENS if permission in allowed
        )
        return next(screens, "/me")


@dataclass(frozen=True, slots=True)
class Member:
    """One role of one person in a tenant, present or past."""

    subject: UUID
    username: str
    name: str
    role: str
    service: str | None
    active: bool
    granted_at: datetime
    withdrawn_at: datetime | None
    reason: str | None


def tenant_slugs(groups: Sequence[str]) -> tuple[str, ...]:
    """The slugs of all /tenants/<slug>/<role>, /services/<code>/<role> and /region/<role> groups, each once, in
    order. Whether there is such a tenant in this service is another question."""
    slugs = (_slug(group.split("/")) for group in groups)
    return tuple(dict.fromkeys(slug for slug in slugs if slug))


def _slug(parts: Sequence[str]) -> str:
    if parts[1] in ("tenants", "services"):
        return parts[2]
    return REGION if parts[1] == "region" else ""


def region_roles(groups: Sequence[str]) -> tuple[str, ...]:
    """The roles of the region among the groups."""
    return tuple(role for role in sorted(REGION_ROLES) if f"/region/{role}" in groups)


def checked_reason(reason: str) -> str:
    """The reason without outer blanks; raises Invalid when nothing or too much is said."""
    cleaned = " ".join(reason.split())
    if not cleaned:
        raise Invalid(FieldError("reason", "required", "Say why: the reason goes to the audit log."))
    if len(cleaned) > REASON_CHARACTERS or not cleaned.isprintable():
        raise Invalid(FieldError("reason", "length", "Give the reason in at most 500 plain characters."))
    return cleaned


def checked_role(tenant: Tenant, role: str, service: str | None) -> None:
    """Raise Invalid unless the role exists there and names a service exactly when it is an executor."""
    if role not in {*roles_in(tenant.kind), *roles_in(tenant.kind, "machine")}:
        raise Invalid(FieldError("role", "choice", "There is no such role here."))
    if (service is not None) != (role == "executor"):
        raise WrongService()


class WrongService(Invalid):
    """Some fields need correcting."""

    def __init__(self) -> None:
        super().__init__(
            FieldError(
                "service", "choice", "An executor belongs to one service of the tenant; other roles to none."
            )
        )
