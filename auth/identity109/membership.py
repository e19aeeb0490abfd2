"""Roles in a tenant: granted and withdrawn in the database, where they count from the next request on."""

from uuid import UUID

from chassis109.kernel import clock
from chassis109.kernel.errors import Forbidden, NotFound
from chassis109.store import journal
from chassis109.store.journal import AuditEntry
from chassis109.store.unit import after_commit, transaction
from identity109 import repository
from identity109.actor import Actor
from identity109.gate import Withdrawn
from identity109.model import Member, Workplace, WrongService, checked_reason, checked_role, tenant_slugs
from tenancy109 import directory
from tenancy109.model import Tenant


class OwnRights(Forbidden):
    """Nobody changes their own roles. Ask another administrator."""


async def grant(actor: Actor, subject: UUID, role: str, service: str | None, reason: str) -> bool:
    """Give a role in the actor's tenant; executors name their service. False when the person had it already.

    It works once the person's Keycloak groups name it as well. Raises Invalid, NotFound, OwnRights.
    """
    tenant = _administered(actor, subject)
    checked_role(tenant, role, service)
    reason = checked_reason(reason)
    if service is not None and (await directory.catalogue(tenant.id)).service(service) is None:
        raise WrongService
    async with transaction(tenant.id):
        if await repository.person_of(subject) is None:
            raise NotFound
        changed = await repository.grant([subject], [role], [service], actor.subject, clock.now())
        if changed:
            await _note(actor, "membership.granted", subject, role=role, service=service, reason=reason)
    return bool(changed)


async def withdraw(actor: Actor, subject: UUID, role: str, reason: str, withdrawn: Withdrawn) -> None:
    """End a role in the actor's tenant at once: the next request is refused, streams are told after commit.

    Raises Invalid (no reason), NotFound (the person does not have the role here), OwnRights.
    """
    tenant = _administered(actor, subject)
    reason = checked_reason(reason)
    async with transaction(tenant.id):
        if not await repository.withdraw(tenant.id, subject, role, actor.subject, clock.now(), reason):
            raise NotFound
        await _note(actor, "membership.withdrawn", subject, role=role, reason=reason)
        after_commit(lambda: withdrawn(tenant.id, subject))


async def register(subject: UUID, username: str, name: str) -> None:
    """Know a person who has an account in Keycloak and has never signed in here."""
    async with transaction(None):
        await repository.remember_person(subject, username, name or username, "kk", language_chosen=False)


async def list_people(tenant_id: int) -> list[Member]:
    """Every role ever given in the tenant, by name of the person."""
    async with transaction(tenant_id):
        rows = await repository.people(tenant_id)
    return [
        Member(
            subject=row["subject"],
            username=row["username"],
            name=row["display_name"],
            role=row["role"],
            service=row["service_code"],
            active=row["active"],
            granted_at=row["granted_at"],
            withdrawn_at=row["withdrawn_at"],
            reason=row["reason"],
        )
        for row in rows
    ]


async def workplaces(actor: Actor) -> list[Workplace]:
    """Where the person may work: tenants on which token and database agree, in the groups' order."""
    found = [
        tenant for slug in tenant_slugs(actor.groups) if (tenant := await directory.find(slug)) is not None
    ]
    rows = await repository.memberships(actor.subject, [tenant.id for tenant in found])
    places = []
    for tenant in found:
        held = [row["role"] for row in rows if row["tenant_id"] == tenant.id]
        roles = tuple(role for role in held if f"{tenant.group_path}/{role}" in actor.groups)
        if roles:
            places.append(Workplace(tenant, roles))
    return places


def _administered(actor: Actor, subject: UUID) -> Tenant:
    if actor.tenant is None:
        raise NotFound
    if actor.subject == subject:
        raise OwnRights
    return actor.tenant


async def _note(actor: Actor, action: str, subject: UUID, **detail: object) -> None:
    entry = AuditEntry(action, "person", str(subject), {key: value for key, value in detail.items() if value})
    await journal.write(actor.subject, actor.kind, [entry])
