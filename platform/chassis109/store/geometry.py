"""Points and areas between Python (shapely), Piccolo and PostGIS: always WGS 84, longitude first."""

from typing import Any

import asyncpg
import shapely
from piccolo.columns import Column
from piccolo.columns.combination import WhereRaw
from shapely.geometry.base import BaseGeometry

WGS84 = 4326


def encode(geometry: BaseGeometry) -> bytes:
    """EWKB for PostGIS; a geometry without a reference system is taken as WGS 84."""
    if shapely.get_srid(geometry) == 0:
        geometry = shapely.set_srid(geometry, WGS84)
    return shapely.to_wkb(geometry, include_srid=True)


async def init_connection(connection: asyncpg.Connection) -> None:
    """Let a new connection speak shapely, where the database has PostGIS (the region's need not)."""
    if await connection.fetchval("SELECT to_regtype('public.geometry') IS NOT NULL"):
        await connection.set_type_codec(
            "geometry", schema="public", encoder=encode, decoder=shapely.from_wkb, format="binary"
        )


class Geometry(Column):
    """A PostGIS column for Piccolo. `shape` is a PostGIS type name: Point, MultiPolygon, …"""

    value_type = BaseGeometry

    def __init__(
        self,
        shape: str = "GEOMETRY",
        srid: int = WGS84,
        default: BaseGeometry | None = None,
        **kwargs: Any,  # noqa: ANN401 - passed on to Piccolo
    ) -> None:
        self.shape, self.srid, self.default = shape, srid, default
        kwargs.update({"shape": shape, "srid": srid, "default": default})
        super().__init__(**kwargs)

    @property
    def column_type(self) -> str:
        """The type in SQL."""
        return f"geometry({self.shape},{self.srid})"

    def __get__(self, row: object | None, owner: object = None) -> Any:  # noqa: ANN401 - column or value
        return self if row is None else row.__dict__[self._meta.name]

    def __set__(self, row: object, value: BaseGeometry | None) -> None:
        row.__dict__[self._meta.name] = value

    def contains_point(self, lon: float, lat: float) -> WhereRaw:
        """Rows whose area covers the point; the bounding box goes first, because only `&&` may use the index
        under row-level security (isolation.md, rule 5)."""
        point = "ST_SetSRID(ST_MakePoint({}, {}), 4326)"
        return WhereRaw(f"({{}} && {point} AND ST_Covers({{}}, {point}))", self, lon, lat, self, lon, lat)
