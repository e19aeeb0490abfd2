"""What a tenant is and what it decides for itself. Pure: no files, no database.

Names are dictionaries with exactly the keys kk, ru and en. Coordinates are WGS 84, longitude first.
"""

from typing import Literal, TypeVar

from msgspec import Struct

LANGUAGES = ("kk", "ru", "en")
EVERYWHERE = "*"
SLUG = r"[a-z][a-z0-9-]{0,39}"
KINDS = ("city", "district")
REGION = "sko"
"""The slug of the region, the one tenant of its own service."""
SERVICE_KINDS = ("utility", "contractor", "condominium", "department")

Names = dict[str, str]
Kind = Literal["city", "district"]


class Tenant(Struct, frozen=True, kw_only=True):
    """An isolated customer of the platform: the city or a district. At the hub: the desk of an emergency service; in
    the region's own service: the region."""

    id: int
    slug: str
    kind: Kind | Literal["desk", "region"]
    """Folders know cities and districts only: desks are the hub's own, and the region is its service's."""
    names: Names
    centre_names: Names
    centre: tuple[float, float]
    kato: str
    dial_code: str
    population: int
    duty_phones: dict[str, str]
    """Who to phone when the hub is silent: "101" … "112" → E.164."""
    active: bool = True
    version: int = 0
    """Rises with every change of the tenant or of its catalogue; caches follow it. 0: not yet stored."""

    @property
    def path(self) -> str:
        """Where its pages begin; its JSON API begins with /api/v1 before that."""
        return {"desk": f"/hub/{self.slug}", "region": "/rc"}.get(self.kind, f"/t/{self.slug}")

    @property
    def group_path(self) -> str:
        """Its group in the sign-in service; a role is a group below it."""
        return {"desk": f"/services/{self.slug}", "region": "/region"}.get(self.kind, f"/tenants/{self.slug}")


class Category(Struct, frozen=True, kw_only=True):
    """A subject of tickets with its default clocks."""

    code: str
    group: str
    group_names: Names
    names: Names
    words: dict[str, tuple[str, ...]]
    """By language, what people say: beginnings of words that must all occur (see guessing)."""
    reaction_seconds: int
    """The service must accept or return within this time."""
    resolution_seconds: int
    """The operational clock: the work must be done within this time."""
    pause_allowed: bool
    priority: int
    """1 at once, 2 today, 3 planned."""
    position: int
    active: bool = True


class Service(Struct, frozen=True, kw_only=True):
    """Who must act: a utility, a contractor, a condominium body, a department."""

    code: str
    kind: str
    names: Names
    phone: str
    position: int
    active: bool = True


class Zone(Struct, frozen=True, kw_only=True):
    """A named place that routing distinguishes: a circle. Where circles overlap, the smaller one counts."""

    code: str
    names: Names
    centre: tuple[float, float]
    radius_km: float


class Route(Struct, frozen=True, kw_only=True):
    """Tickets of `category` at `place` (a zone's code, or "*" for everywhere else) go to `service`."""

    category: str
    place: str
    service: str


_Coded = TypeVar("_Coded", Category, Service)


class Catalogue(Struct, frozen=True, kw_only=True):
    """All that a tenant decides for itself, in the order of its files: what may be chosen today."""

    categories: tuple[Category, ...]
    services: tuple[Service, ...]
    zones: tuple[Zone, ...]
    routes: tuple[Route, ...]
    retired_categories: tuple[Category, ...] = ()
    """What old tickets still speak of."""
    retired_services: tuple[Service, ...] = ()

    def category(self, code: str) -> Category | None:
        """The category of that code that may be chosen today."""
        return _coded(self.categories, code)

    def category_ever(self, code: str) -> Category | None:
        """The category of that code, a retired one too: for the name and clocks of an old ticket."""
        return _coded((*self.categories, *self.retired_categories), code)

    def service(self, code: str) -> Service | None:
        """The service of that code that may be chosen today."""
        return _coded(self.services, code)

    def service_ever(self, code: str) -> Service | None:
        """The service of that code, a retired one too: for the name on an old ticket."""
        return _coded((*self.services, *self.retired_services), code)


def _coded(items: tuple[_Coded, ...], code: str) -> _Coded | None:
    return next((item for item in items if item.code == code), None)


class TenantFolder(Struct, frozen=True, kw_only=True):
    """What the three files of tenants/<slug>/ say."""

    tenant: Tenant
    catalogue: Catalogue
