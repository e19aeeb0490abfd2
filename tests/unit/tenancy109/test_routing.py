import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.tenancy109.makers import catalogue, zone

from tenancy109.model import Route
from tenancy109.routing import NoRoute, choose, distance_km, zones_at

CENTRE = (69.1335, 54.8668)
FAR = (72.3, 53.6)

RULES = catalogue(
    zones=(zone("city", CENTRE, 10), zone("yard", CENTRE, 0.2), zone("rural", CENTRE, 150)),
    routes=(
        Route(category="water", place="*", service="utility"),
        Route(category="water", place="city", service="city-utility"),
        Route(category="water", place="yard", service="yard-utility"),
        Route(category="snow", place="*", service="roads"),
        Route(category="snow", place="rural", service="rural-roads"),
    ),
)

points = st.tuples(st.floats(46, 88), st.floats(40, 56))


def test_the_smallest_zone_around_the_point_decides() -> None:
    assert choose(RULES, "water", CENTRE) == "yard-utility"
    assert choose(RULES, "water", (69.20, 54.87)) == "city-utility"


def test_a_zone_without_a_route_of_its_own_leaves_it_to_the_next_larger_one() -> None:
    assert choose(RULES, "snow", CENTRE) == "rural-roads"


def test_outside_all_zones_and_without_a_place_the_route_for_everywhere_decides() -> None:
    assert choose(RULES, "water", FAR) == "utility"
    assert choose(RULES, "water", None) == "utility"


def test_an_unknown_category_has_no_route() -> None:
    with pytest.raises(NoRoute):
        choose(RULES, "lifts", CENTRE)


@given(point=points)
def test_every_point_has_exactly_one_service_whatever_the_order_of_the_files(
    point: tuple[float, float],
) -> None:
    turned = catalogue(RULES.zones[::-1], RULES.routes[::-1])

    assert choose(RULES, "water", point) == choose(turned, "water", point)


@given(point=points, centre=points, radius=st.floats(0.1, 500))
def test_a_point_is_in_a_zone_when_it_is_not_farther_than_the_radius(
    point: tuple[float, float], centre: tuple[float, float], radius: float
) -> None:
    rules = catalogue((zone("a", centre, radius),), ())

    assert bool(zones_at(rules, point)) == (distance_km(centre, point) <= radius)


def test_a_distance_is_that_of_the_globe() -> None:
    # Petropavl to Saumalkol; a map service measures 187 km.
    assert distance_km(CENTRE, (68.106, 53.294)) == pytest.approx(187, abs=1)
