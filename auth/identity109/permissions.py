"""Who may do what: one table. A route names one permission; a role is a set of permissions."""

from enum import StrEnum


class Permission(StrEnum):
    """What a route may ask for. The word before the dot is the object, after it the act."""

    TICKET_READ = "ticket.read"
    TICKET_OPEN = "ticket.open"
    TICKET_ASSIGN = "ticket.assign"
    TICKET_EXECUTE = "ticket.execute"
    TICKET_OVERRIDE = "ticket.override"
    TICKET_EXPORT = "ticket.export"
    CALLBACK_RECORD = "callback.record"
    CALL_READ = "call.read"
    CONTACT_OWN = "contact.own"
    CONTACT_UNMASK = "contact.unmask"
    CATALOGUE_READ = "catalogue.read"
    FIGURES_READ = "figures.read"
    AUDIT_READ = "audit.read"
    PEOPLE_MANAGE = "people.manage"
    PUBLIC = "public"
    SIGNED_IN = "signed-in"


PUBLIC = Permission.PUBLIC
"""For anybody, also without a session: the sign-in itself, health, static files."""
SIGNED_IN = Permission.SIGNED_IN
"""For any signed-in person; under /t/{slug} for any member of the tenant."""

P = Permission

# CONTACT_OWN shows a phone while the call or ticket is the person's own; CONTACT_UNMASK is an audited act
# with a reason. An executor's TICKET_READ reaches the tickets of the own service only (the slice filters).
ROLES: dict[str, frozenset[Permission]] = {
    "operator": frozenset(
        {P.TICKET_READ, P.TICKET_OPEN, P.CALL_READ, P.CALLBACK_RECORD, P.CONTACT_OWN, P.CATALOGUE_READ},
    ),
    "senior": frozenset(
        {
            P.TICKET_READ, P.TICKET_OPEN, P.TICKET_ASSIGN, P.TICKET_OVERRIDE, P.CALL_READ, P.CALLBACK_RECORD,
            P.CONTACT_OWN, P.CONTACT_UNMASK, P.CATALOGUE_READ, P.FIGURES_READ,
        },
    ),
    "analyst": frozenset({P.TICKET_READ, P.CALL_READ, P.TICKET_EXPORT, P.CATALOGUE_READ, P.FIGURES_READ}),
    "lawyer": frozenset({P.TICKET_READ, P.CALL_READ, P.CATALOGUE_READ}),
    "executor": frozenset({P.TICKET_READ, P.TICKET_EXECUTE, P.CATALOGUE_READ}),
    "head": frozenset({P.TICKET_READ, P.CALL_READ, P.CATALOGUE_READ, P.FIGURES_READ}),
    "tenant-admin": frozenset({P.PEOPLE_MANAGE, P.CATALOGUE_READ}),
    "auditor": frozenset({P.AUDIT_READ}),
}  # fmt: skip

REGION_ROLES = frozenset({"region-command"})
"""Roles of /region: they see the regional projection, never a tenant's tables, so they stand in no tenant."""

WAIT_FOR_KEYCLOAK = frozenset({P.PEOPLE_MANAGE, P.TICKET_EXPORT, P.CONTACT_UNMASK})
"""Administration and exports wait while Keycloak cannot confirm the session; taking calls does not."""


def requires(permission: Permission) -> dict[str, Permission]:
    """The handler's declaration: `@get("/…", opt=requires(P.TICKET_READ))`."""
    return {"permission": permission}


def granted(roles: frozenset[str]) -> frozenset[Permission]:
    """Everything that these roles allow together."""
    return frozenset().union(*(ROLES.get(role, frozenset()) for role in roles))
