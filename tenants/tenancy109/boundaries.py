"""Real outlines from a GeoJSON file: all are right and all are taken, or none is, and each reason is told."""

import json
from collections.abc import Mapping
from itertools import combinations
from math import cos, isfinite, radians
from typing import Any

import shapely
from shapely import MultiPolygon, Point, Polygon
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from tenancy109.folder import EAST, NORTH, SOUTH, WEST

OVERLAP_KM2 = 0.3  # neighbours traced apart overlap by slivers
_KM_A_DEGREE = 111.195
NAMES_OF_SLUG = ("slug", "district")
WGS84_NAMES = ("urn:ogc:def:crs:OGC:1.3:CRS84", "urn:ogc:def:crs:EPSG::4326", "EPSG:4326")


class BoundariesRefused(Exception):
    """The file cannot be taken; `reasons` names each feature and what is wrong with it."""

    def __init__(self, reasons: list[str]) -> None:
        self.reasons = reasons
        super().__init__("\n".join(reasons))


def read(text: str, centres: Mapping[str, tuple[float, float]]) -> dict[str, MultiPolygon]:
    """The outline of each tenant by slug. `centres` are the tenants that must all be in the file.

    A feature names its tenant in the property `slug` or `district`. Raises BoundariesRefused.
    """
    shapes: dict[str, MultiPolygon] = {}
    reasons: list[str] = []
    for number, feature in enumerate(_features(text), 1):
        slug = _slug(feature)
        try:
            _admit(slug, centres, shapes)
            shapes[slug] = _outline(feature)
        except _Wrong as wrong:
            reasons.append(f"feature {number} ({slug or 'no slug'}): {wrong}")
    reasons += [f"{slug}: the file has no feature of this tenant" for slug in centres if slug not in shapes]
    reasons += _misplaced(shapes, centres) + _overlaps(shapes)
    if reasons:
        raise BoundariesRefused(reasons)
    return shapes


class _Wrong(Exception):
    """Why a feature is refused."""


def _features(text: str) -> list[dict[str, Any]]:
    try:
        content = json.loads(text)
    except ValueError as error:
        raise BoundariesRefused([f"the file is not JSON: {error}"]) from error
    if not isinstance(content, dict) or content.get("type") != "FeatureCollection":
        raise BoundariesRefused(["the file is not a GeoJSON FeatureCollection"])
    system = content.get("crs")
    if system is not None and _crs_name(system) not in WGS84_NAMES:
        raise BoundariesRefused([f"coordinates must be WGS 84, longitude first, not {_crs_name(system)}"])
    features = content.get("features")
    if not isinstance(features, list) or not all(isinstance(feature, dict) for feature in features):
        raise BoundariesRefused(["`features` is not a list of features"])
    return features


def _crs_name(system: object) -> object:
    properties = system.get("properties") if isinstance(system, dict) else None
    return properties.get("name") if isinstance(properties, dict) else system


def _slug(feature: dict[str, Any]) -> str:
    properties = feature.get("properties")
    named = properties if isinstance(properties, dict) else {}
    return next((str(named[name]) for name in NAMES_OF_SLUG if named.get(name)), "")


def _admit(slug: str, centres: Mapping[str, tuple[float, float]], shapes: Mapping[str, MultiPolygon]) -> None:
    if not slug:
        raise _Wrong("neither `slug` nor `district` names a tenant")
    if slug not in centres:
        raise _Wrong("there is no tenant of this slug")
    if slug in shapes:
        raise _Wrong("a second feature of this tenant")


def _outline(feature: dict[str, Any]) -> MultiPolygon:
    geometry = feature.get("geometry")
    kind = geometry.get("type") if isinstance(geometry, dict) else geometry
    try:
        found = shapely.force_2d(shape(feature["geometry"])) if kind in ("Polygon", "MultiPolygon") else None
    except (ValueError, TypeError, KeyError, IndexError, shapely.errors.ShapelyError) as error:
        raise _Wrong(f"the coordinates cannot be read: {error}") from error
    if not isinstance(found, Polygon | MultiPolygon):
        raise _Wrong(f"the geometry must be a Polygon or MultiPolygon, not {kind}")
    _inside_kazakhstan(found)
    if not found.is_valid:
        raise _Wrong(f"the geometry is invalid: {shapely.is_valid_reason(found)}")
    return MultiPolygon([found]) if isinstance(found, Polygon) else found


def _inside_kazakhstan(found: BaseGeometry) -> None:
    if found.is_empty:
        raise _Wrong("the geometry is empty")
    west, south, east, north = found.bounds
    finite = all(isfinite(value) for value in shapely.get_coordinates(found).flat)
    if not finite or not (west >= WEST and south >= SOUTH and east <= EAST and north <= NORTH):
        raise _Wrong(f"longitudes {west} to {east}, latitudes {south} to {north}: outside Kazakhstan")


def _misplaced(shapes: Mapping[str, MultiPolygon], centres: Mapping[str, tuple[float, float]]) -> list[str]:
    astray = [slug for slug, outline in shapes.items() if not outline.covers(Point(centres[slug]))]
    return [f"{slug}: its centre is not inside" for slug in astray]


def _overlaps(shapes: Mapping[str, MultiPolygon]) -> list[str]:
    return [
        f"{one} and {two} overlap by {shared:.1f} km²"
        for (one, a), (two, b) in combinations(shapes.items(), 2)
        if a.intersects(b) and (shared := _km2(a.intersection(b))) > OVERLAP_KM2
    ]


def _km2(area: BaseGeometry) -> float:
    """Square kilometres; true enough for something small."""
    return float(area.area) * _KM_A_DEGREE**2 * cos(radians(area.centroid.y)) if area.area else 0.0
