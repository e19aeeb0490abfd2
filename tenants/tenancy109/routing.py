"""Category × place → service: which service is responsible for a ticket."""

from math import asin, cos, radians, sin, sqrt

from tenancy109.model import EVERYWHERE, Catalogue, Zone

_EARTH_KM = 6371.0088  # mean radius, IUGG

Point = tuple[float, float]


class NoRoute(LookupError):
    """The category is not in this catalogue (the registry refuses a category without a route)."""


def choose(catalogue: Catalogue, category: str, point: Point | None) -> str:
    """The code of the responsible service for `category` at `point` (lon, lat), or for an unknown place.

    The smallest zone around the point that has a route of its own decides, else the route for everywhere.
    Raises NoRoute for a category that the catalogue does not have.
    """
    routes = {route.place: route.service for route in catalogue.routes if route.category == category}
    if EVERYWHERE not in routes:
        raise NoRoute(category)
    around = zones_at(catalogue, point) if point is not None else []
    return next((routes[zone.code] for zone in around if zone.code in routes), routes[EVERYWHERE])


def zones_at(catalogue: Catalogue, point: Point) -> list[Zone]:
    """The zones around `point`, smallest first (equal radii by code, so that the answer never varies)."""
    inside = [zone for zone in catalogue.zones if distance_km(zone.centre, point) <= zone.radius_km]
    return sorted(inside, key=lambda zone: (zone.radius_km, zone.code))


def distance_km(a: Point, b: Point) -> float:
    """Great-circle distance of two points (lon, lat)."""
    (lon_a, lat_a), (lon_b, lat_b) = (map(radians, a), map(radians, b))
    half = sin((lat_b - lat_a) / 2) ** 2 + cos(lat_a) * cos(lat_b) * sin((lon_b - lon_a) / 2) ** 2
    return 2 * _EARTH_KM * asin(min(1.0, sqrt(half)))
