"""Where it happens: streets of the tenant's centre with houses that keep their place, and open country."""

from collections.abc import Callable
from dataclasses import dataclass
from math import cos, pi, radians, sin
from random import Random

from tenancy109.model import Tenant
from tenancy109.routing import Point

METRES_A_DEGREE = 111_320
HOUSE_METRES = 22  # from one house to the next on a street
CITY_METRES, TOWN_METRES = 3_800, 1_300  # how far the streets of a centre reach
COUNTRY_METRES = 24_000
MOST_HOUSES = 90

Covers = Callable[[Point], bool]


@dataclass(frozen=True, slots=True)
class Place:
    """What the operator writes down; `point` is WGS 84 (longitude, latitude) or None when nobody knew."""

    address: str
    landmark: str
    point: Point | None


@dataclass(frozen=True, slots=True)
class _Street:
    names: dict[str, str]
    start: Point
    bearing: float


class Town:
    """A tenant's centre as streets, drawn once from the seed: the same house is always at the same point."""

    def __init__(self, random: Random, tenant: Tenant, streets: list[list[str]], covers: Covers) -> None:
        self._tenant, self._covers = tenant, covers
        reach = CITY_METRES if tenant.kind == "city" else TOWN_METRES
        self._streets = [self._street(random, ru, kk, reach) for ru, kk in streets]

    def draw(self, random: Random, landmarks: dict[str, list[str]], language: str) -> Place:
        """A house mostly, with its point if the operator set one; sometimes a landmark out of town."""
        if self._tenant.kind == "district" and random.random() < 0.06:
            return Place("", random.choice(landmarks[language]), self._inside(self._country(random)))
        street = random.choice(self._streets)
        house = 1 + int(MOST_HOUSES * random.random() ** 1.6)  # the first houses of a street are its blocks
        flat = f", кв. {random.randint(1, 80)}" if language == "ru" and random.random() < 0.3 else ""
        landmark = random.choice(landmarks[language]) if random.random() < 0.15 else ""
        point = self.house(street, house) if random.random() < 0.82 else None
        return Place(f"{street.names[language]} {house}{flat}", landmark, point)

    def house(self, street: _Street, number: int) -> Point:
        """Where a house stands: even numbers on one side, odd ones on the other."""
        along, across = number / 2 * HOUSE_METRES, 12 if number % 2 else -12
        east = along * sin(street.bearing) + across * cos(street.bearing)
        north = along * cos(street.bearing) - across * sin(street.bearing)
        return self._inside(_moved(street.start, east, north))

    def _street(self, random: Random, ru: str, kk: str, reach: float) -> _Street:
        distance, angle = reach * random.random() ** 0.7, random.uniform(0, 2 * pi)
        start = _moved(self._tenant.centre, distance * sin(angle), distance * cos(angle))
        # Streets run along one grid, crooked by a few degrees, towards the centre rather than away from it.
        grid = random.choice((0.0, pi / 2, pi, 3 * pi / 2))
        return _Street({"ru": ru, "kk": kk}, start, grid + random.uniform(-0.1, 0.1))

    def _country(self, random: Random) -> Point:
        distance, angle = COUNTRY_METRES * random.random(), random.uniform(0, 2 * pi)
        return _moved(self._tenant.centre, distance * sin(angle), distance * cos(angle))

    def _inside(self, point: Point) -> Point:
        return point if self._covers(point) else self._tenant.centre


def _moved(point: Point, east: float, north: float) -> Point:
    """`point` moved by metres, to six decimals (10 cm)."""
    lon = point[0] + east / (METRES_A_DEGREE * cos(radians(point[1])))
    return round(lon, 6), round(point[1] + north / METRES_A_DEGREE, 6)
