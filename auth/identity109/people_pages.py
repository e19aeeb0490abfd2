"""The screen of a tenant's administrator: who has which role here, and giving and ending roles with a reason."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, SkipValidation, URLEncodedBody
from litestar.response import Template
from msgspec import Struct

from identity109 import membership
from identity109.actor import Actor
from identity109.gate import Gate
from identity109.permissions import Permission, requires
from tenancy109 import directory

PEOPLE = "/t/{slug:str}/admin/people"
MANAGE = requires(Permission.PEOPLE_MANAGE)
AnyRequest = Request[Any, Any, Any]
Acting = NamedDependency[SkipValidation[Actor]]
TheGate = NamedDependency[SkipValidation[Gate]]


class RoleForm(Struct):
    """Which role begins again or ends, and why."""

    role: str
    reason: str = ""
    service: str = ""


@get(PEOPLE, opt=MANAGE, include_in_schema=False)
async def people(request: AnyRequest, actor: Acting, gate: TheGate) -> Template:
    """Everybody with a role here now, and the roles that ended."""
    members = await membership.list_people(actor.here.id)
    catalogue = await directory.catalogue(actor.here.id)
    return gate.render(request, "identity/people.html", members=members, catalogue=catalogue)


@post(f"{PEOPLE}/{{subject:uuid}}/withdraw", opt=MANAGE, include_in_schema=False)
async def withdraw(
    request: AnyRequest, subject: FromPath[UUID], data: URLEncodedBody[RoleForm], actor: Acting, gate: TheGate
) -> Response[None]:
    """End a role: the person's next request is refused."""
    await membership.withdraw(actor, subject, data.role, data.reason, gate.withdrawn)
    return _back(request, actor)


@post(f"{PEOPLE}/{{subject:uuid}}/grant", opt=MANAGE, include_in_schema=False)
async def grant(
    request: AnyRequest, subject: FromPath[UUID], data: URLEncodedBody[RoleForm], actor: Acting
) -> Response[None]:
    """Give a role that had ended once more."""
    await membership.grant(actor, subject, data.role, data.service or None, data.reason)
    return _back(request, actor)


def _back(request: AnyRequest, actor: Actor) -> Response[None]:
    """To the list: the browser's own form is redirected, a script is told where to go."""
    status = 200 if "hx-request" in request.headers else 303
    return Response(None, status_code=status, headers={"Location": f"{actor.here.path}/admin/people"})


PAGES = (people, withdraw, grant)
