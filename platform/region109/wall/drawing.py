"""Outlines and flow as numbers for SVG: projected, simplified and made to fit. Pure but for shapely."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import cos, radians

import shapely
from shapely import MultiPolygon
from shapely.affinity import affine_transform
from shapely.geometry.base import BaseGeometry

from region109.wall.model import ALMATY, Hour
from region109.wall.telling import Spot

WIDTH = 1000
MARGIN = 8
LEDGE = 60
"""Room above the map for the signs of territories that are too small to be written into, as a city."""
NARROW = 140
"""A territory of less width than this cannot hold its sign either."""
SIGN = 300
TOLERANCE = 1.5
"""In units of the picture: nobody sees less from five metres, nor from one."""
FLOW_WIDTH, FLOW_HEIGHT = 960, 180
HOUR = timedelta(hours=1)
TICK_HOURS = 3


@dataclass(frozen=True, slots=True)
class Shape:
    """A territory on the map: its path, and where its sign stands. `pin`: the place that the sign points at, for a
    territory that is too small for it."""

    path: str
    x: float
    y: float
    pin: tuple[float, float] | None


@dataclass(frozen=True)
class Map:
    """The territories by number, in a picture of WIDTH × `height`."""

    height: int
    shapes: Mapping[int, Shape]


@dataclass(frozen=True)
class Plane:
    """WGS 84 degrees to units of a picture: plate carrée that is true at the middle of what it shows."""

    west: float
    north: float
    squeeze: float
    scale: float
    top: float

    @classmethod
    def around(cls, shapes: Iterable[BaseGeometry], top: float = MARGIN) -> "Plane":
        """The plane in which all of them fill the width."""
        west, south, east, north = shapely.total_bounds(list(shapes))
        squeeze = cos(radians((south + north) / 2))
        return cls(west, north, squeeze, (WIDTH - 2 * MARGIN) / ((east - west) * squeeze), top)

    def point(self, lon: float, lat: float) -> tuple[float, float]:
        """A place in the picture."""
        x, y = (lon - self.west) * self.squeeze * self.scale, (self.north - lat) * self.scale
        return round(x + MARGIN, 1), round(y + self.top, 1)

    def drawn(self, shape: BaseGeometry) -> BaseGeometry:
        """A shape in the picture, without what nobody sees."""
        across = self.squeeze * self.scale
        matrix = [across, 0, 0, -self.scale, MARGIN - self.west * across, self.top + self.north * self.scale]
        return affine_transform(shape, matrix).simplify(TOLERANCE)


def region(outlines: Mapping[int, tuple[MultiPolygon, str]]) -> Map:
    """The map of all territories, given as outline and kind by number."""
    if not outlines:
        return Map(LEDGE, {})
    plane = Plane.around((outline for outline, _ in outlines.values()), MARGIN + LEDGE)
    drawn = {number: (plane.drawn(outline), kind) for number, (outline, kind) in outlines.items()}
    bottom = max(shape.bounds[3] for shape, _ in drawn.values())
    inside = {number: _inside(shape) for number, (shape, _) in drawn.items()}
    small = [number for number, (shape, kind) in drawn.items() if kind == "city" or _width(shape) < NARROW]
    signs = dict(
        zip(
            sorted(small, key=inside.__getitem__),
            _spread(sorted(inside[one][0] for one in small)),
            strict=True,
        )
    )
    shapes = {}
    for number, (shape, _) in drawn.items():
        x, y = inside[number]
        at, pin = ((signs[number], LEDGE / 2), (x, y)) if number in signs else ((x, y), None)
        shapes[number] = Shape(path(shape), *at, pin)
    return Map(round(bottom + MARGIN), shapes)


def _inside(shape: BaseGeometry) -> tuple[float, float]:
    """The middle of a shape, or a place that is inside of it."""
    found = shape.centroid if shape.contains(shape.centroid) else shape.representative_point()
    return round(found.x, 1), round(found.y, 1)


def _width(shape: BaseGeometry) -> float:
    west, _, east, _ = shape.bounds
    return float(east - west)


def _spread(places: Sequence[float]) -> list[float]:
    """Signs side by side on the ledge, the first one straight above its place as far as there is room."""
    half, each = SIGN / 2, SIGN + MARGIN
    first = max(min(min(places, default=0.0), WIDTH - half - each * (len(places) - 1)), half)
    return [round(first + each * number, 1) for number in range(len(places))]


def path(shape: BaseGeometry) -> str:
    """The `d` of an SVG path; holes are left out by the rule evenodd."""
    rings = [ring for part in shapely.get_parts(shape) for ring in (part.exterior, *part.interiors)]
    return "".join("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in ring.coords[:-1]) + "Z" for ring in rings)


@dataclass(frozen=True, slots=True)
class Sketch:
    """A territory with points in it: x, y, radius, how many tickets, how many of them overdue."""

    height: int
    path: str
    dots: Sequence[tuple[float, float, float, int, int]]


def sketch(outline: MultiPolygon, spots: Iterable[Spot]) -> Sketch:
    """The map of one territory; a point is as large as there are tickets."""
    plane = Plane.around([outline])
    shape = plane.drawn(outline)
    dots = [
        (*plane.point(one.lon, one.lat), round(min(6 + 2 * one.open**0.5, 26), 1), one.open, one.overdue)
        for one in spots
    ]
    return Sketch(round(shape.bounds[3] + MARGIN), path(shape), dots)


@dataclass(frozen=True, slots=True)
class Flow:
    """The lines of a day: `registered` and `closed` are points of an SVG polyline, an hour in its middle; `ticks` are
    places and moments of the clock."""

    registered: str
    closed: str
    most: int
    ticks: Sequence[tuple[float, datetime]]


def flow(hours: Sequence[Hour]) -> Flow:
    """The flow of the last hours, as high as its highest hour needs."""
    most = _round_up(max((max(hour.registered, hour.closed) for hour in hours), default=0))
    across = FLOW_WIDTH / max(len(hours), 1)

    def line(name: str) -> str:
        heights = (FLOW_HEIGHT * (1 - getattr(hour, name) / most) for hour in hours)
        return " ".join(f"{(place + 0.5) * across:.1f},{height:.1f}" for place, height in enumerate(heights))

    return Flow(line("registered"), line("closed"), most, list(_ticks(hours, across)))


def _ticks(hours: Sequence[Hour], across: float) -> Iterator[tuple[float, datetime]]:
    for place, hour in enumerate(hours):
        clock = (hour.at + HOUR).astimezone(ALMATY).replace(minute=0, second=0, microsecond=0)
        if clock.hour % TICK_HOURS == 0:
            yield round((place + (clock - hour.at) / HOUR) * across, 1), clock


def _round_up(most: int) -> int:
    """The next of 4, 10, 12, 16, 20, 24, 30, 40, 60, 80, 100, 120, …: a scale that people can halve."""
    if most <= 4:
        return 4
    tens = int("1" + "0" * (len(str(most)) - 2))
    return next(edge * tens for edge in (10, 12, 16, 20, 24, 30, 40, 60, 80, 100) if edge * tens >= most)
