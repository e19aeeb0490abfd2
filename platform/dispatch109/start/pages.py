"""Where a person begins: the start page, and the first screen of a tenant."""

from litestar import get
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from litestar.response import Redirect

from identity109.actor import Actor
from identity109.model import Workplace
from identity109.permissions import SIGNED_IN, requires
from ui109.start import start

Acting = NamedDependency[SkipValidation[Actor]]


@get("/t/{slug:str}", opt=requires(SIGNED_IN), include_in_schema=False)
async def first_screen(actor: Acting) -> Redirect:
    """On to the screen where the person's roles begin their day in this tenant."""
    return Redirect(Workplace(actor.here, tuple(actor.roles)).first_screen, status_code=303)


PAGES = (start, first_screen)
