"""What is drawn on the wall fits and says where things are."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from re import findall

import pytest
from shapely import MultiPolygon, box

from region109.wall import drawing, model
from region109.wall.telling import Spot
from tenancy109 import outlines, registry

TENANTS = Path(__file__).parents[3] / "tenants"
NOW = datetime(2026, 11, 23, 9, 20, 30, tzinfo=UTC)


def test_every_territory_is_on_the_map_and_inside_of_it() -> None:
    folders = registry.load(TENANTS)
    shapes = outlines.approximate(folder.tenant for folder in folders.values())
    drawn = drawing.region(
        {folder.tenant.id: (shapes[slug], folder.tenant.kind) for slug, folder in folders.items()}
    )

    assert len(drawn.shapes) == 14
    for shape in drawn.shapes.values():
        numbers = [float(number) for number in findall(r"[\d.]+", shape.path)]
        assert 0 <= min(numbers[::2]) <= max(numbers[::2]) <= drawing.WIDTH
        assert drawing.LEDGE <= min(numbers[1::2]) <= max(numbers[1::2]) <= drawn.height
        assert 0 <= shape.x <= drawing.WIDTH


def test_a_territory_that_is_too_small_has_its_sign_above_the_map_and_it_points_there() -> None:
    around, city = MultiPolygon([box(68, 54, 70, 56)]), MultiPolygon([box(68.9, 54.9, 69.1, 55.1)])
    narrow = MultiPolygon([box(69.8, 55, 69.9, 55.5)])
    drawn = drawing.region({1: (city, "city"), 2: (around, "district"), 3: (narrow, "district")})

    left, right = drawn.shapes[1], drawn.shapes[3]
    assert left.pin is not None
    assert right.pin is not None
    assert drawn.shapes[2].pin is None
    assert left.y == right.y == drawing.LEDGE / 2
    assert right.x - left.x >= drawing.SIGN
    assert drawing.SIGN / 2 <= left.x < right.x <= drawing.WIDTH - drawing.SIGN / 2
    assert left.pin[0] < right.pin[0]


def test_a_map_without_territories_is_empty() -> None:
    assert drawing.region({}).shapes == {}


def test_a_point_is_larger_the_more_tickets_it_has() -> None:
    one = drawing.sketch(
        MultiPolygon([box(68, 54, 70, 56)]),
        [Spot(lon=69, lat=55, open=1, overdue=0), Spot(lon=69, lat=55, open=30, overdue=2)],
    )

    (x, y, small, _, _), (_, _, large, _, overdue) = one.dots
    assert small < large
    assert overdue == 2
    assert abs(x - drawing.WIDTH / 2) < 1
    assert abs(y - one.height / 2) < 1


def test_the_flow_is_as_high_as_its_highest_hour_needs_and_names_full_hours() -> None:
    hours = model.hours(NOW, {NOW - timedelta(hours=1): (37, 3)})
    flow = drawing.flow(hours)

    assert flow.most == 40
    assert flow.registered.split()[-1] == f"{drawing.FLOW_WIDTH - 20:.1f},{drawing.FLOW_HEIGHT * 3 / 40:.1f}"
    assert [at.hour for _, at in flow.ticks] == [15, 18, 21, 0, 3, 6, 9, 12]
    assert all(0 < x < drawing.FLOW_WIDTH for x, _ in flow.ticks)


@pytest.mark.parametrize(
    ("most", "scale"), [(0, 4), (5, 10), (41, 60), (99, 100), (104, 120), (250, 300), (801, 1000)]
)
def test_a_scale_has_a_whole_middle(most: int, scale: int) -> None:
    assert drawing.flow(model.hours(NOW, {NOW - timedelta(hours=3): (most, 0)})).most == scale


def test_a_day_without_anything_has_a_scale_as_well() -> None:
    assert drawing.flow(model.hours(NOW, {})).most == 4
