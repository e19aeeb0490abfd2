"""Who is acting: the one thing that verbs and pages need to know of a person or machine."""

from dataclasses import dataclass
from typing import Literal, get_args
from uuid import UUID

from chassis109.kernel.errors import NotFound
from identity109.issuers import ActorKind
from identity109.permissions import Permission, granted
from tenancy109.model import Tenant

Language = Literal["kk", "ru", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)


def spoken(wish: str | None, otherwise: Language = "kk") -> Language:
    """`wish` when it is one of our three languages (a region such as ru-KZ is ignored), else `otherwise`."""
    tag = (wish or "").partition("-")[0]
    return next((language for language in LANGUAGES if language == tag), otherwise)


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who acts, in at most one tenant; `roles` are those that token and database agree on."""

    subject: UUID
    name: str
    kind: ActorKind
    tenant: Tenant | None
    roles: frozenset[str]
    service: str | None
    language: Language
    session_id: bytes | None
    groups: tuple[str, ...] = ()
    keycloak_away: bool = False

    @classmethod
    def system(cls, tenant: Tenant) -> "Actor":
        """The platform itself, acting in a tenant by its clocks."""
        return cls(
            subject=UUID(int=0), name="109", kind="system", tenant=tenant, roles=frozenset(), service=None,
            language="kk", session_id=None,
        )  # fmt: skip

    @classmethod
    def region(cls, tenant: Tenant, subject: UUID, name: str) -> "Actor":
        """The person of the regional command centre whom an order names, acting in a tenant by that order."""
        return cls(
            subject=subject, name=name, kind="region", tenant=tenant, roles=frozenset(), service=None,
            language="kk", session_id=None,
        )  # fmt: skip

    @property
    def tenant_id(self) -> int | None:
        """The tenant of the database, None outside /t/{slug}."""
        return None if self.tenant is None else self.tenant.id

    @property
    def person(self) -> UUID | None:
        """Who is named in histories and audit; the platform's own acts name nobody."""
        return None if self.kind == "system" else self.subject

    @property
    def here(self) -> Tenant:
        """The tenant of this request; raises NotFound outside /t/{slug}."""
        if self.tenant is None:
            raise NotFound
        return self.tenant

    def may(self, permission: Permission) -> bool:
        """Whether any of the roles allows it here."""
        return permission in granted(self.roles)
