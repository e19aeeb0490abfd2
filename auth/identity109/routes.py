"""JSON API: who am I, and the people of a tenant."""

from uuid import UUID

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, SkipValidation

from identity109 import membership
from identity109.actor import Actor
from identity109.gate import Gate
from identity109.model import region_roles
from identity109.permissions import SIGNED_IN, Permission, requires
from identity109.schemas import GrantIn, Me, PersonOut, WithdrawIn, WorkplaceOut

PEOPLE = "/api/v1/t/{slug:str}/people"
Acting = NamedDependency[SkipValidation[Actor]]


@get("/api/v1/me", opt=requires(SIGNED_IN), tags=["identity"], summary="Who am I")
async def me(actor: Acting) -> Me:
    """The caller, the tenants to work in and the roles there, as token and database agree."""
    places = [
        WorkplaceOut(place.tenant.slug, place.tenant.names, list(place.roles))
        for place in await membership.workplaces(actor)
    ]
    return Me(actor.subject, actor.name, actor.kind, actor.language, places, list(region_roles(actor.groups)))


@get(PEOPLE, opt=requires(Permission.PEOPLE_MANAGE), tags=["identity"], summary="People of the tenant")
async def people(actor: Acting) -> list[PersonOut]:
    """Every role ever given in the tenant, by name of the person."""
    return [
        PersonOut(
            m.subject, m.username, m.name, m.role, m.service, m.active, m.granted_at, m.withdrawn_at, m.reason
        )
        for m in await membership.list_people(actor.tenant_id or 0)
    ]  # fmt: skip


@post(
    f"{PEOPLE}/{{subject:uuid}}/grant",
    opt=requires(Permission.PEOPLE_MANAGE),
    status_code=204,
    tags=["identity"],
)
async def grant(actor: Acting, subject: FromPath[UUID], data: JSONBody[GrantIn]) -> None:
    """Give a role. It works once the sign-in service has the person in the group of that role as well."""
    await membership.grant(actor, subject, data.role, data.service, data.reason)


@post(
    f"{PEOPLE}/{{subject:uuid}}/withdraw",
    opt=requires(Permission.PEOPLE_MANAGE),
    status_code=204,
    tags=["identity"],
)
async def withdraw(
    actor: Acting,
    subject: FromPath[UUID],
    data: JSONBody[WithdrawIn],
    gate: NamedDependency[SkipValidation[Gate]],
) -> None:
    """End a role: the person's next request in this tenant is refused, open streams end."""
    await membership.withdraw(actor, subject, data.role, data.reason, gate.withdrawn)


ROUTES = (me, people, grant, withdraw)
