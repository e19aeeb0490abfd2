import json
from itertools import combinations
from pathlib import Path

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import MultiPolygon, Point, Polygon, box
from tests.unit.tenancy109.makers import tenant

from tenancy109 import outlines, registry
from tenancy109.model import Tenant
from tenancy109.outlines import Outline
from tenancy109.routing import distance_km

TENANTS = [f.tenant for f in registry.load(Path(__file__).parents[3] / "tenants").values()]


@st.composite
def regions(draw: st.DrawFn) -> list[Tenant]:
    """Up to twelve tenants, each at least two kilometres from the others."""
    places = st.tuples(
        st.floats(65, 75).map(lambda v: round(v, 4)), st.floats(52, 55).map(lambda v: round(v, 4))
    )
    centres = draw(st.lists(places, min_size=1, max_size=12, unique=True))
    kinds = draw(
        st.lists(st.sampled_from(["city", "district"]), min_size=len(centres), max_size=len(centres))
    )
    apart: list[Tenant] = []
    for number, (centre, kind) in enumerate(zip(centres, kinds, strict=True), 1):
        if all(distance_km(centre, other.centre) >= 2 for other in apart):
            apart.append(tenant(f"t{number}", centre, "city" if kind == "city" else "district", number))
    return apart


def sound(found: dict[str, MultiPolygon], tenants: list[Tenant]) -> None:
    assert set(found) == {t.slug for t in tenants}
    for t in tenants:
        assert found[t.slug].is_valid
        assert found[t.slug].contains(Point(t.centre)), t
    for (_, a), (_, b) in combinations(found.items(), 2):
        assert not shapely.relate_pattern(a, b, "T********"), "two outlines share ground"


@given(tenants=regions())
def test_outlines_of_any_region_are_valid_apart_and_around_their_centres(tenants: list[Tenant]) -> None:
    sound(outlines.approximate(tenants), tenants)


@given(tenants=regions())
def test_the_order_of_the_tenants_does_not_matter(tenants: list[Tenant]) -> None:
    assert outlines.approximate(tenants) == outlines.approximate(tenants[::-1])


def test_the_region_is_covered_without_gaps_and_the_city_is_cut_out_of_its_neighbour() -> None:
    found = outlines.approximate(TENANTS)

    sound(found, TENANTS)
    whole = shapely.union_all(list(found.values()))
    assert isinstance(whole, Polygon)
    assert not whole.interiors
    assert whole.area == pytest.approx(sum(shape.area for shape in found.values()))
    assert found["petropavl"].touches(found["qyzylzhar"])


def test_no_tenants_have_no_outlines() -> None:
    assert outlines.approximate([]) == {}


def test_an_imported_outline_is_taken_exactly_and_an_approximate_one_with_forty_kilometres() -> None:
    shape = MultiPolygon([box(69, 54, 70, 55)])
    real, rough = Outline(shape, "imported"), Outline(shape, "approximate")

    assert real.covers((69.0, 54.5))
    assert not real.covers((68.99, 54.5))
    assert rough.covers((68.99, 54.5))
    assert rough.covers((68.45, 54.5))
    assert not rough.covers((68.3, 54.5))


def test_geojson_says_what_is_only_approximate() -> None:
    collection = outlines.collection(outlines.approximate(TENANTS), "approximate")

    text = json.dumps(collection)
    assert text.count('"outline_source": "approximate"') == 14
    assert (
        json.loads(Outline(MultiPolygon([box(69, 54, 70, 55)]), "imported").geojson())["type"]
        == "MultiPolygon"
    )
