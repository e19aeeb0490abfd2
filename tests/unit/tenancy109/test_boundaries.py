import json
import os
from pathlib import Path
from typing import Any

import pytest

from tenancy109 import boundaries, registry

ROOT = Path(__file__).parents[3]
SHARED_DATA = Path(os.environ.get("SHARED_DATA", ROOT.parent / "shared" / "data"))

CENTRES = {"west": (68.5, 54.5), "east": (69.5, 54.5)}


def square(west: float, south: float, size: float = 1.0) -> list[list[float]]:
    east, north = west + size, south + size
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def feature(slug: str | None, ring: Any, kind: str = "Polygon", named: str = "slug") -> dict[str, Any]:
    properties = {named: slug} if slug else {}
    return {"type": "Feature", "properties": properties, "geometry": {"type": kind, "coordinates": ring}}


WEST, EAST = feature("west", [square(68, 54)]), feature("east", [square(69, 54)])


def refused(*features: dict[str, Any], **members: Any) -> list[str]:
    text = json.dumps({"type": "FeatureCollection", "features": list(features)} | members)
    with pytest.raises(boundaries.BoundariesRefused) as refusal:
        boundaries.read(text, CENTRES)
    return refusal.value.reasons


def test_neighbours_that_touch_are_taken_as_multipolygons() -> None:
    east = feature("east", [[square(69, 54)]], "MultiPolygon", named="district")
    text = json.dumps({"type": "FeatureCollection", "features": [WEST, east]})

    found = boundaries.read(text, CENTRES)

    assert {slug: shape.geom_type for slug, shape in found.items()} == {
        "west": "MultiPolygon",
        "east": "MultiPolygon",
    }


def test_heights_are_dropped() -> None:
    high = feature("west", [[[*point, 120.5] for point in square(68, 54)]])

    found = boundaries.read(json.dumps({"type": "FeatureCollection", "features": [high, EAST]}), CENTRES)

    assert not found["west"].has_z


BOW_TIE = [[68, 54], [69, 55], [69, 54], [68, 55], [68, 54]]

# the feature that stands for `west`, what is said
WRONG = [
    (feature("north", [square(68, 54)]), "feature 1 (north): there is no tenant of this slug"),
    (feature("West", [square(68, 54)]), "feature 1 (West): there is no tenant of this slug"),
    (feature(None, [square(68, 54)]), "feature 1 (no slug): neither `slug` nor `district` names a tenant"),
    (feature("east", [square(68, 54)]), "feature 2 (east): a second feature of this tenant"),
    (feature("west", [BOW_TIE]), "feature 1 (west): the geometry is invalid: Self-intersection"),
    (
        feature("west", [68.0, 54.0], "Point"),
        "feature 1 (west): the geometry must be a Polygon or MultiPolygon, not Point",
    ),
    (feature("west", []), "feature 1 (west): the geometry is empty"),
    (feature("west", "x"), "feature 1 (west): the coordinates cannot be read"),
    (feature("west", [[[68, 54], [69]]]), "feature 1 (west): the coordinates cannot be read"),
    (
        feature("west", [square(54, 68)]),
        "feature 1 (west): longitudes 54.0 to 55.0, latitudes 68.0 to 69.0: outside Kazakhstan",
    ),
    (feature("west", [square(6_800_000, 5_400_000)]), "outside Kazakhstan"),
    (feature("west", [square(68, 54, 1.1)]), "west and east overlap by"),
    (feature("west", [square(67, 53)]), "west: its centre is not inside"),
    ({"type": "Feature", "properties": None, "geometry": None}, "feature 1 (no slug): neither"),
    ({"type": "Feature", "properties": {"slug": "west"}, "geometry": None}, "not None"),
]


@pytest.mark.parametrize(("west", "reason"), WRONG, ids=[reason for _, reason in WRONG])
def test_a_wrong_feature_is_refused_by_name(west: dict[str, Any], reason: str) -> None:
    said = refused(west, EAST)

    assert any(reason in line for line in said), said


def test_every_tenant_must_be_in_the_file() -> None:
    assert refused(EAST) == ["west: the file has no feature of this tenant"]


def test_all_reasons_are_told_at_once() -> None:
    said = refused(feature("west", [BOW_TIE]), feature("mars", [square(69, 54)]))

    assert len(said) == 4, said


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "the file is not JSON"),
        ("[]", "the file is not a GeoJSON FeatureCollection"),
        ('{"type": "FeatureCollection"}', "`features` is not a list of features"),
        ('{"type": "FeatureCollection", "features": [1]}', "`features` is not a list of features"),
    ],
)
def test_a_file_that_is_no_geojson_is_refused(text: str, reason: str) -> None:
    with pytest.raises(boundaries.BoundariesRefused, match=reason):
        boundaries.read(text, CENTRES)


def test_another_reference_system_is_refused() -> None:
    crs = {"type": "name", "properties": {"name": "EPSG:3857"}}

    assert refused(WEST, EAST, crs=crs) == ["coordinates must be WGS 84, longitude first, not EPSG:3857"]


def test_the_real_boundaries_of_the_region_are_taken() -> None:
    file = SHARED_DATA / "boundaries.geojson"
    if not file.exists():
        pytest.skip("the real boundaries (ODbL, not part of the project) are not on this machine")
    centres = {slug: f.tenant.centre for slug, f in registry.load(ROOT / "tenants").items()}

    found = boundaries.read(file.read_text(), centres)

    assert len(found) == 14
