"""What the maps of the screens show: the tenant's outline, and its open tickets as tiles; where a browser cannot draw
tiles, as GeoJSON."""

from math import isfinite
from typing import Any

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, SkipValidation

from chassis109.kernel import clock
from chassis109.kernel.errors import FieldError, Invalid
from chassis109.store.unit import transaction
from dispatch109.citymap import repository
from dispatch109.citymap.repository import Box, Spot, Tile
from dispatch109.tickets.model import OPEN
from identity109.actor import Actor
from identity109.permissions import Permission as P
from identity109.permissions import requires
from tenancy109 import directory
from ui109.statuses import STATUSES

Acting = NamedDependency[SkipValidation[Actor]]
MAP = "/t/{slug:str}/map"
MOST_SPOTS, MOST_IN_A_TILE = 2000, 5000
"""More symbols than this cover each other; the most urgent ones are shown."""
DEEPEST_ZOOM = 22
LOOKS = {state: STATUSES[state.value][0] for state in OPEN}
OVERDUE = STATUSES["overdue"][0]
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


@get(f"{MAP}/tiles/{{z:int}}/{{x:int}}/{{y:int}}", opt=requires(P.TICKET_READ), include_in_schema=False)
async def tile(actor: Acting, z: FromPath[int], x: FromPath[int], y: FromPath[int]) -> Response[bytes]:
    """Open tickets in a square of the map, as a Mapbox vector tile. Invalid when there is no such square."""
    if not (0 <= z <= DEEPEST_ZOOM and 0 <= x < 2**z and 0 <= y < 2**z):
        raise Invalid(FieldError("z", "tile", "There is no such square of the map."))
    async with transaction(actor.tenant_id):
        drawn = await repository.tile(
            Tile(z, x, y), actor.service, LOOKS, OVERDUE, clock.now(), MOST_IN_A_TILE
        )
    return Response(
        drawn, media_type="application/vnd.mapbox-vector-tile", headers={"Cache-Control": "no-store"}
    )


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
    look = OVERDUE if spot.overdue(clock.now()) else LOOKS[spot.state]
    return {
        "type": "Feature",
        "properties": {"id": str(spot.id), "look": look},
        "geometry": {"type": "Point", "coordinates": [spot.lon, spot.lat]},
    }


def _geojson(content: dict[str, Any], caching: str) -> Response[bytes]:
    return Response(
        msgspec.json.encode(content), media_type="application/geo+json", headers={"Cache-Control": caching}
    )


PAGES = (outline, tickets, tile)
