"""Where a person begins: the start page, and the first screen of a tenant."""

from litestar import get
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from litestar.response import Redirect, Template

from identity109.actor import Actor
from identity109.gate import Gate
from identity109.model import Workplace
from identity109.permissions import PUBLIC, SIGNED_IN, requires
from identity109.sessions import sid_hash_of
from ui109.templating import AnyRequest, page

Acting = NamedDependency[SkipValidation[Actor]]
TheGate = NamedDependency[SkipValidation[Gate]]


@get("/", opt=requires(PUBLIC), include_in_schema=False)
async def start(request: AnyRequest, gate: TheGate) -> Template | Redirect:
    """What this is and the way in; whoever is signed in goes on to the choice of a tenant."""
    sid_hash = sid_hash_of(gate.sid(request))
    if sid_hash is not None and await gate.sessions.enter(sid_hash, None):
        return Redirect("/tenants", status_code=303)
    return page(request, "start/start.html")


@get("/t/{slug:str}", opt=requires(SIGNED_IN), include_in_schema=False)
async def first_screen(actor: Acting) -> Redirect:
    """On to the screen where the person's roles begin their day in this tenant."""
    return Redirect(Workplace(actor.here, tuple(actor.roles)).first_screen, status_code=303)


PAGES = (start, first_screen)
