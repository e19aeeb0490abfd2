"""Geometry between shapely, Piccolo and PostGIS."""

import shapely
from piccolo.columns import Integer
from piccolo.table import Table

from chassis109.store import unit
from chassis109.store.geometry import Geometry


class Zone(Table, tablename="zone_of_test"):
    """A table for this test only."""

    id = Integer(primary_key=True, default=None)
    area = Geometry(shape="MultiPolygon", null=True)


SQUARE = shapely.MultiPolygon([shapely.box(69.0, 54.0, 70.0, 55.0)])


async def test_a_geometry_comes_back_as_it_was_written(store: None) -> None:
    async with unit.transaction(None):
        assert await unit.fetchval("SELECT $1::geometry", SQUARE) == SQUARE
        assert await unit.fetchval("SELECT ST_SRID($1::geometry)", SQUARE) == 4326
        assert await unit.fetchval("SELECT NULL::geometry") is None


async def test_a_piccolo_table_keeps_areas_and_finds_the_one_around_a_point(store: None) -> None:
    unit.bind(Zone)
    async with unit.transaction(None):
        await unit.execute(
            "CREATE TEMPORARY TABLE zone_of_test (id integer PRIMARY KEY, area geometry(MultiPolygon,4326))"
            " ON COMMIT DROP"
        )
        await Zone.insert(Zone(id=1, area=SQUARE), Zone(id=2, area=None)).run()
        inside = await Zone.select(Zone.id, Zone.area).where(Zone.area.contains_point(69.5, 54.5)).run()
        outside = await Zone.select(Zone.id).where(Zone.area.contains_point(71.5, 54.5)).run()
    assert inside == [{"id": 1, "area": SQUARE}]
    assert outside == []
