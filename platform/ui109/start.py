"""The start page of a service, from its own template `start/start.html`."""

from litestar import get
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from litestar.response import Redirect, Template

from identity109.gate import Gate
from identity109.permissions import PUBLIC, requires
from identity109.sessions import sid_hash_of
from ui109.templating import AnyRequest, page

TheGate = NamedDependency[SkipValidation[Gate]]


@get("/", opt=requires(PUBLIC), include_in_schema=False)
async def start(request: AnyRequest, gate: TheGate) -> Template | Redirect:
    """What this is and the way in; whoever is signed in goes on to the choice of a place."""
    sid_hash = sid_hash_of(gate.sid(request))
    if sid_hash is not None and await gate.sessions.enter(sid_hash, None):
        return Redirect("/tenants", status_code=303)
    return page(request, "start/start.html")
