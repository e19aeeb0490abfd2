"""SQL on places: the open tickets inside a box."""

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
