"""Who may do what: one table a service. A route names one permission; a role is a set of permissions."""

from collections.abc import Mapping
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
    EMERGENCY_READ = "emergency.read"
    EMERGENCY_HAND_OFF = "emergency.hand-off"
    EMERGENCY_CANCEL = "emergency.cancel"
    EMERGENCY_REOPEN = "emergency.reopen"
    HANDOFF_READ = "handoff.read"
    HANDOFF_RECEIPT = "handoff.receipt"
    HANDOFF_DECIDE = "handoff.decide"
    HANDOFF_FORWARD = "handoff.forward"
    HANDOFF_MACHINE = "handoff.machine"
    HUB_FIGURES_READ = "hub-figures.read"
    MANDATE_READ = "mandate.read"
    MANDATE_ANSWER = "mandate.answer"
    REFERRAL_SEND = "referral.send"
    REFERRAL_DECIDE = "referral.decide"
    ALERT_ACKNOWLEDGE = "alert.acknowledge"
    WALL_READ = "wall.read"
    MANDATE_ISSUE = "mandate.issue"
    ALERT_ISSUE = "alert.issue"
    REGION_FIGURES = "region-figures.read"
    PEOPLE_MANAGE = "people.manage"
    PUBLIC = "public"
    SIGNED_IN = "signed-in"


PUBLIC = Permission.PUBLIC
"""For anybody, also without a session: the sign-in itself, health, static files."""
SIGNED_IN = Permission.SIGNED_IN
"""For any signed-in person; under a {slug} for any member of that tenant."""

P = Permission

# CONTACT_OWN shows a phone while the call or ticket is the person's own; CONTACT_UNMASK is an audited act
# with a reason. An executor's TICKET_READ reaches the tickets of the own service only (the slice filters).
ROLES: dict[str, frozenset[Permission]] = {
    "operator": frozenset(
        {
            P.TICKET_READ, P.TICKET_OPEN, P.CALL_READ, P.CALLBACK_RECORD, P.CONTACT_OWN, P.CATALOGUE_READ,
            P.EMERGENCY_READ, P.EMERGENCY_HAND_OFF, P.EMERGENCY_CANCEL, P.REFERRAL_SEND, P.REFERRAL_DECIDE,
            P.ALERT_ACKNOWLEDGE,
        },
    ),
    "senior": frozenset(
        {
            P.TICKET_READ, P.TICKET_OPEN, P.TICKET_ASSIGN, P.TICKET_OVERRIDE, P.CALL_READ, P.CALLBACK_RECORD,
            P.CONTACT_OWN, P.CONTACT_UNMASK, P.CATALOGUE_READ, P.FIGURES_READ, P.EMERGENCY_READ, P.EMERGENCY_HAND_OFF,
            P.EMERGENCY_CANCEL, P.EMERGENCY_REOPEN, P.REFERRAL_SEND, P.REFERRAL_DECIDE, P.ALERT_ACKNOWLEDGE,
            P.MANDATE_READ,
        },
    ),
    "analyst": frozenset(
        {P.TICKET_READ, P.CALL_READ, P.TICKET_EXPORT, P.CATALOGUE_READ, P.FIGURES_READ, P.EMERGENCY_READ}
    ),
    "lawyer": frozenset({P.TICKET_READ, P.CALL_READ, P.CATALOGUE_READ}),
    "executor": frozenset({P.TICKET_READ, P.TICKET_EXECUTE, P.CATALOGUE_READ}),
    "head": frozenset(
        {
            P.TICKET_READ, P.CALL_READ, P.CATALOGUE_READ, P.FIGURES_READ, P.EMERGENCY_READ, P.MANDATE_READ,
            P.MANDATE_ANSWER,
        },
    ),
    "tenant-admin": frozenset({P.PEOPLE_MANAGE, P.CATALOGUE_READ}),
    "auditor": frozenset({P.AUDIT_READ}),
}  # fmt: skip

_DESK = frozenset({P.HANDOFF_READ, P.HANDOFF_RECEIPT, P.HANDOFF_DECIDE, P.HUB_FIGURES_READ})

# HANDOFF_RECEIPT says that a handoff arrived and was seen; HANDOFF_DECIDE answers for the desk: accept, decline,
# defer, units, close, note; HANDOFF_FORWARD gives a handoff to another desk; HANDOFF_MACHINE is the API of machines.
HUB_ROLES: dict[str, frozenset[Permission]] = {
    "hub-operator": _DESK,
    "hub-lead": _DESK | {P.HANDOFF_FORWARD},
    "machine": frozenset({P.HANDOFF_READ, P.HANDOFF_RECEIPT, P.HANDOFF_DECIDE, P.HANDOFF_MACHINE}),
}
"""Roles at the desk of an emergency service. No name stands in two of these tables."""

REGION_ROLES: dict[str, frozenset[Permission]] = {
    "region-command": frozenset({P.WALL_READ, P.MANDATE_ISSUE, P.ALERT_ISSUE, P.REGION_FIGURES}),
}
"""Roles of the region: they see its projection and act by orders, never in a tenant's tables."""

WAIT_FOR_KEYCLOAK = frozenset({P.PEOPLE_MANAGE, P.TICKET_EXPORT, P.CONTACT_UNMASK})
"""Administration and exports wait while Keycloak cannot confirm the session; taking calls does not."""


def requires(permission: Permission) -> dict[str, Permission]:
    """The handler's declaration: `@get("/…", opt=requires(P.TICKET_READ))`."""
    return {"permission": permission}


def granted(roles: frozenset[str]) -> frozenset[Permission]:
    """Everything that these roles allow together."""
    return frozenset().union(*(_ALL.get(role, frozenset()) for role in roles))


def roles_in(kind: str, actor: str = "person") -> Mapping[str, frozenset[Permission]]:
    """The roles that exist in such a tenant (city, district, desk or region) for a person, or for a machine.

    A dispatch role is nothing at a desk or in the region, nor the reverse; only a machine is a machine, and it is
    nothing else.
    """
    if actor == "machine":
        return _MACHINES if kind == "desk" else {}
    return {"desk": _STAFF, "region": REGION_ROLES}.get(kind, ROLES)


_ALL = ROLES | HUB_ROLES | REGION_ROLES
_STAFF = {role: rights for role, rights in HUB_ROLES.items() if role != "machine"}
_MACHINES = {"machine": HUB_ROLES["machine"]}
