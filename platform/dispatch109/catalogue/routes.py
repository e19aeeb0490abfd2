"""The tenant's categories and services over JSON."""

from litestar import get
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from msgspec import Struct

from dispatch109.catalogue import service as catalogues
from identity109.actor import Actor
from identity109.permissions import Permission as P
from identity109.permissions import requires

Acting = NamedDependency[SkipValidation[Actor]]


class CategoryOut(Struct):
    """A subject of tickets. Clocks in seconds."""

    code: str
    group: str
    names: dict[str, str]
    group_names: dict[str, str]
    reaction_seconds: int
    resolution_seconds: int
    pause_allowed: bool
    priority: int


class ServiceOut(Struct):
    """Who may be responsible."""

    code: str
    kind: str
    names: dict[str, str]


@get("/api/v1/t/{slug:str}/categories", opt=requires(P.CATALOGUE_READ), tags=["catalogue"])
async def categories(actor: Acting) -> list[CategoryOut]:
    """The tenant's categories in their order, with names in kk, ru and en and their default clocks."""
    found = (await catalogues.of(actor.here)).categories
    return [CategoryOut(**{name: getattr(c, name) for name in CategoryOut.__struct_fields__}) for c in found]


@get("/api/v1/t/{slug:str}/services", opt=requires(P.CATALOGUE_READ), tags=["catalogue"])
async def services(actor: Acting) -> list[ServiceOut]:
    """The tenant's responsible services."""
    return [ServiceOut(s.code, s.kind, s.names) for s in (await catalogues.of(actor.here)).services]


ROUTES = (categories, services)
