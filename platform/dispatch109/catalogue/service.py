"""What the tenant decides for itself: categories with their clocks, services and routes."""

from chassis109.kernel.errors import Conflict, FieldError, Invalid
from tenancy109 import directory
from tenancy109.model import Catalogue, Category, Tenant
from tenancy109.routing import Point, zones_at


class PauseNotAllowed(Conflict):
    """Tickets of this category may not be paused: the applicant cannot wait."""


async def of(tenant: Tenant) -> Catalogue:
    """The tenant's catalogue at the version this process knows (cached; no statement when unchanged)."""
    return await directory.catalogue(tenant.id)


async def covers(tenant: Tenant, point: Point) -> bool:
    """Whether a ticket of the tenant may lie there (see Outline.covers: outlines may be approximate)."""
    return (await directory.outline(tenant.id)).covers(point)


def category(catalogue: Catalogue, code: str) -> Category:
    """The category that a ticket may get today; raises Invalid naming the field."""
    found = catalogue.category(code)
    if found is None:
        raise Invalid(FieldError("category", "choice", "Choose one of the listed values."))
    return found


def known(catalogue: Catalogue, code: str) -> Category:
    """The category of an existing ticket, retired or not."""
    found = catalogue.category_ever(code)
    if found is None:  # the foreign key of the ticket says that it cannot be
        raise LookupError(code)
    return found


def require_service(catalogue: Catalogue, code: str) -> None:
    """Raise Invalid unless there is an active service of that code."""
    if catalogue.service(code) is None:
        raise Invalid(FieldError("service", "choice", "Choose one of the listed values."))


def require_pause(catalogue: Catalogue, code: str) -> None:
    """Raise PauseNotAllowed where the category does not let the clock stop."""
    if not known(catalogue, code).pause_allowed:
        raise PauseNotAllowed


def next_service(catalogue: Catalogue, code: str, point: Point | None, refused: set[str]) -> str | None:
    """The service after those that refused: of the zones around the point, smallest first, then everywhere's."""
    places = [*(zone.code for zone in zones_at(catalogue, point)), "*"] if point else ["*"]
    routes = {route.place: route.service for route in catalogue.routes if route.category == code}
    return next((routes[p] for p in places if p in routes and routes[p] not in refused), None)
