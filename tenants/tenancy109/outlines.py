"""Approximate outlines of the tenants, computed from their centres alone.

Each district is what lies nearer to its centre than to any other district's, within a buffered hull of the
region; each city is a disc cut out of its neighbours. Good enough to colour a map before the real boundaries
are imported, and always marked as approximate.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import cos, radians
from typing import Literal

import shapely
from shapely import MultiPoint, MultiPolygon, Point, Polygon
from shapely.affinity import affine_transform
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from tenancy109.model import Tenant

MARGIN_KM = 80.0  # the region reaches this far beyond the hull of its centres
REACH_KM = 40.0  # with both, 99 % of 610 settlements are covered by their own district (measured)
CITY_KM = 8.0  # radius of a city, unless its neighbours are nearer
GRID_DEGREES = 1e-5  # about a metre: outlines are exact on this grid, so that neighbours share their vertices
_KM_A_DEGREE = 111.195

Source = Literal["approximate", "imported"]


@dataclass(frozen=True)
class Outline:
    """A tenant's outline in degrees, and whether it is only an approximation."""

    shape: MultiPolygon
    source: Source

    @cached_property
    def _reach(self) -> BaseGeometry:
        if self.source == "imported":
            shapely.prepare(self.shape)
            return self.shape
        plane = _Plane([(self.shape.centroid.x, self.shape.centroid.y)])
        reach = plane.degrees(plane.km(self.shape).buffer(REACH_KM))
        shapely.prepare(reach)
        return reach

    def covers(self, point: tuple[float, float]) -> bool:
        """Whether the point may be the tenant's: inside, or within REACH_KM of a mere approximation."""
        return bool(shapely.covers(self._reach, Point(point)))

    def geojson(self) -> str:
        """The shape as a GeoJSON geometry."""
        return str(shapely.to_geojson(self.shape))


def approximate(tenants: Iterable[Tenant]) -> dict[str, MultiPolygon]:
    """An outline for each tenant by slug, in degrees: no overlaps, no gaps, each centre in its own.

    The same tenants in any order give the same outlines. Centres must be at least a kilometre apart.
    """
    ordered = sorted(tenants, key=lambda tenant: tenant.slug)
    if not ordered:
        return {}
    plane = _Plane([tenant.centre for tenant in ordered])
    shapes = _shapes(ordered, [plane.km_point(tenant.centre) for tenant in ordered])
    owned: dict[str, list[BaseGeometry]] = {tenant.slug: [] for tenant in ordered}
    for face in _faces([plane.degrees(shape.boundary) for shape in shapes]):
        inside = plane.km(face.point_on_surface())
        # A disc lies over cells: cities come first. A face in no shape is a hole between rounded lines.
        pairs = zip(ordered, shapes, strict=True)
        claims = [(shape.distance(inside), tenant.kind != "city", tenant.slug) for tenant, shape in pairs]
        owned[min(claims)[-1]].append(face)
    return {slug: _merged(parts) for slug, parts in owned.items()}


class _Plane:
    """Kilometres east and north of the middle of some points; true enough for one region."""

    def __init__(self, points: list[tuple[float, float]]) -> None:
        lon, lat = (sum(values) / len(points) for values in zip(*points, strict=True))
        east, north = _KM_A_DEGREE * cos(radians(lat)), _KM_A_DEGREE
        self._to_km = [east, 0, 0, north, -lon * east, -lat * north]
        self._to_degrees = [1 / east, 0, 0, 1 / north, lon, lat]

    def km(self, degrees: BaseGeometry) -> BaseGeometry:
        return affine_transform(degrees, self._to_km)

    def km_point(self, centre: tuple[float, float]) -> Point:
        return Point(self.km(Point(centre)).coords)

    def degrees(self, km: BaseGeometry) -> BaseGeometry:
        return affine_transform(km, self._to_degrees)


def _shapes(tenants: list[Tenant], centres: list[Point]) -> list[BaseGeometry]:
    """The discs of cities and the cells of districts, in km; the discs lie over the cells."""
    region = MultiPoint(centres).convex_hull.buffer(MARGIN_KM)
    districts = [c for tenant, c in zip(tenants, centres, strict=True) if tenant.kind == "district"]
    cells = iter(_cells(districts, region))
    return [
        _disc(centre, tenants, centres) if tenant.kind == "city" else next(cells)
        for tenant, centre in zip(tenants, centres, strict=True)
    ]


def _cells(centres: list[Point], region: BaseGeometry) -> list[BaseGeometry]:
    if len(centres) < 2:
        return [region] * len(centres)
    cells = shapely.voronoi_polygons(MultiPoint(centres), extend_to=region, ordered=True)
    return [cell.intersection(region) for cell in cells.geoms]


def _disc(centre: Point, tenants: list[Tenant], centres: list[Point]) -> BaseGeometry:
    """As large as a city is, but short of every neighbour's centre and of every other city."""
    others = [(t.kind, c.distance(centre)) for t, c in zip(tenants, centres, strict=True) if c is not centre]
    limits = [distance * (0.45 if kind == "city" else 0.8) for kind, distance in others]
    return centre.buffer(min([CITY_KM, *limits]))


def _faces(lines: list[BaseGeometry]) -> list[BaseGeometry]:
    """The faces between the lines, noded on the grid: neighbours share exactly the same vertices."""
    noded = shapely.union_all(lines, grid_size=GRID_DEGREES)
    return list(shapely.polygonize([noded]).geoms)


def _merged(faces: list[BaseGeometry]) -> MultiPolygon:
    merged = shapely.coverage_union_all(faces).normalize()
    return MultiPolygon([part for part in shapely.get_parts(merged) if isinstance(part, Polygon)])


def collection(outlines: Mapping[str, MultiPolygon], source: str) -> dict[str, object]:
    """The outlines as a GeoJSON FeatureCollection whose features say where they come from."""
    features = [
        {
            "type": "Feature",
            "properties": {"slug": slug, "outline_source": source},
            "geometry": mapping(shape),
        }
        for slug, shape in outlines.items()
    ]
    return {"type": "FeatureCollection", "features": features}
