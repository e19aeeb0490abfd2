"""SQL on places: the open tickets inside a box or a tile of the map."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis109.store import unit
from dispatch109.tickets.model import OPEN, State


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in WGS 84 degrees."""

    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True, slots=True)
class Spot:
    """An open ticket on the map. Times are UTC."""

    id: UUID
    state: State
    lon: float
    lat: float
    due_at: datetime
    paused_at: datetime | None
    done_at: datetime | None

    def overdue(self, at: datetime) -> bool:
        """Whether the operational clock has run out."""
        return (self.done_at or self.paused_at or at) > self.due_at


async def spots(box: Box, service: str | None, most: int) -> list[Spot]:
    """Open tickets inside `box`, the most urgent first; of one service when `service` is given."""
    rows = await unit.fetch(
        """SELECT id, state, ST_X(point) AS lon, ST_Y(point) AS lat, due_at, paused_at, done_at
           FROM dispatch.ticket
           WHERE tenant_id = app.tenant() AND point && ST_MakeEnvelope($1, $2, $3, $4, 4326)
           AND closed_at IS NULL AND state = ANY($5) AND ($6::text IS NULL OR service_code = $6)
           ORDER BY due_at LIMIT $7""",
        box.west, box.south, box.east, box.north, [state.value for state in OPEN], service, most,
    )  # fmt: skip
    return [Spot(**{**row, "state": State(row["state"])}) for row in rows]


@dataclass(frozen=True, slots=True)
class Tile:
    """A square of the Web Mercator pyramid: `zoom` 0 is the world, each further one has four times as many."""

    zoom: int
    x: int
    y: int


async def tile(
    where: Tile, service: str | None, looks: Mapping[State, str], overdue: str, at: datetime, most: int
) -> bytes:
    """A Mapbox vector tile with one layer, `tickets`: the open ones as points with `id` and `look`, the most urgent
    first; of one service when `service` is given. Empty when there are none."""
    found = await unit.fetchval(
        """WITH square AS MATERIALIZED (SELECT ST_TileEnvelope($1, $2, $3) AS box)
           SELECT ST_AsMVT(spot, 'tickets', 4096, 'shape') FROM (
             SELECT id::text, CASE WHEN coalesce(done_at, paused_at, $5) > due_at THEN $6
                    ELSE ($7::text[])[array_position($8::text[], state)] END AS look,
                    ST_AsMVTGeom(ST_Transform(point, 3857), (SELECT box FROM square), 4096, 0, true) AS shape
             FROM dispatch.ticket
             WHERE tenant_id = app.tenant() AND point && (SELECT ST_Transform(box, 4326) FROM square)
             AND closed_at IS NULL AND state = ANY($8) AND ($4::text IS NULL OR service_code = $4)
             ORDER BY due_at LIMIT $9) spot""",
        where.zoom, where.x, where.y, service, at, overdue, list(looks.values()), [state.value for state in looks],
        most,
    )  # fmt: skip
    return bytes(found)
