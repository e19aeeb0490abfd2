"""GeoJSON for the maps of the screens: the tenant's outline and its open tickets."""

from math import isfinite
from typing import Any

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, SkipValidation

from chassis109.kernel import clock
from chassis109.kernel.errors import FieldError, Invalid
from chassis109.store.unit import transaction
from dispatch109.citymap import repository
from dispatch109.citymap.repository import Box, Spot
from identity109.actor import Actor
from identity109.permissions import Permission as P
from identity109.permissions import requires
from tenancy109 import directory
from ui109.statuses import STATUSES

Acting = NamedDependency[SkipValidation[Actor]]
MAP = "/t/{slug:str}/map"
MOST_SPOTS = 2000
"""More symbols than this cover each other; the most urgent ones are shown."""
AROUND_DEGREES = 0.7
"""How far beyond its outline a tenant's tickets may lie while the outline is approximate (40 km)."""
OUTLINE_SECONDS = 300


@get(f"{MAP}/outline", opt=requires(P.CATALOGUE_READ), include_in_schema=False)
async def outline(actor: Acting) -> Response[bytes]:
    """The tenant's outline as a GeoJSON feature; `source` says whether it is only approximate."""
    found = await directory.outline(actor.here.id)
    shape = msgspec.Raw(found.geojson().encode())
    feature = {"type": "Feature", "properties": {"source": found.source}, "geometry": shape}
    return _geojson(feature, f"private, max-age={OUTLINE_SECONDS}")


@get(f"{MAP}/tickets", opt=requires(P.TICKET_READ), include_in_schema=False)
async def tickets(actor: Acting, bbox: FromQuery[str] = "") -> Response[bytes]:
    """Open tickets inside `bbox` (west,south,east,north in degrees; the tenant's surroundings when absent)."""
    box = _box(bbox) if bbox else await _surroundings(actor.here.id)
    async with transaction(actor.tenant_id):
        found = await repository.spots(box, actor.service, MOST_SPOTS)
    return _geojson({"type": "FeatureCollection", "features": [_feature(spot) for spot in found]}, "no-store")


def _box(written: str) -> Box:
    try:
        west, south, east, north = (float(part) for part in written.split(","))
    except ValueError:
        west = south = east = north = float("nan")
    if not all(map(isfinite, (west, south, east, north))) or west > east or south > north:
        raise Invalid(FieldError("bbox", "box", "A box is west,south,east,north in degrees."))
    return Box(west, south, east, north)


async def _surroundings(tenant_id: int) -> Box:
    west, south, east, north = (await directory.outline(tenant_id)).shape.bounds
    far = AROUND_DEGREES
    return Box(west - far, south - far, east + far, north + far)


def _feature(spot: Spot) -> dict[str, Any]:
    look = STATUSES["overdue" if spot.overdue(clock.now()) else spot.state.value][0]
    return {
        "type": "Feature",
        "properties": {"id": str(spot.id), "look": look},
        "geometry": {"type": "Point", "coordinates": [spot.lon, spot.lat]},
    }


def _geojson(content: dict[str, Any], caching: str) -> Response[bytes]:
    return Response(
        msgspec.json.encode(content), media_type="application/geo+json", headers={"Cache-Control": caching}
    )


PAGES = (outline, tickets)
