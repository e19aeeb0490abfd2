"""`map_tile`: a tile of the operators' map with 5 000 open tickets beside the bare SQL, and as GeoJSON.

A database of the benchmark's own with 100 000 tickets, 5 000 open in each of 14 tenants; what answers the browser and a
bare connection (superuser, no policies, tenant and states written into the statement) take turns.
"""

import os
from statistics import median

import asyncpg
from tests.bench import lookups, tickets_data
from tests.bench.figure import Figure, note
from tests.bench.tickets_data import Shape
from tests.databases import Databases, storing

from dispatch109.citymap import pages

SHAPE = Shape(most=35_000, others=5_000, days=55, still_open=5_000)
WHOLE = (0, 0, 0)
ROUNDS = 5
GOAL = "ratio <= 2"
BARE = """
SELECT ST_AsMVT(spot, 'tickets', 4096, 'shape') FROM (
    SELECT id::text, CASE WHEN now() > due_at THEN 'overdue' ELSE state END AS look,
           ST_AsMVTGeom(ST_Transform(point, 3857), ST_TileEnvelope(0, 0, 0), 4096, 0, true) AS shape
    FROM dispatch.ticket WHERE tenant_id = 1 AND closed_at IS NULL
    AND point && ST_Transform(ST_TileEnvelope(0, 0, 0), 4326) ORDER BY due_at LIMIT 5000) spot
"""


async def measure() -> list[Figure]:
    """Milliseconds of a tile, from the handler's beginning to the answer it returns."""
    databases = await Databases.open(dict(os.environ))
    try:
        database = await databases.clone("tenants")
        await tickets_data.fill(database, SHAPE)
        bare = await asyncpg.connect(database.superuser)
        took, floor = list[float](), list[float]()
        async with storing(database.app, size=2):
            actor = await tickets_data.operator()
            for _ in range(ROUNDS):
                took += await lookups.times(lambda: pages.tile.fn(actor, *WHOLE))
                floor += await lookups.times(lambda: bare.fetchval(BARE))
            drawn = (await pages.tile.fn(actor, *WHOLE)).content
            points = await lookups.times(lambda: pages.tickets.fn(actor))
        shown = await bare.fetchval(
            "SELECT count(*) FROM dispatch.ticket WHERE tenant_id = 1 AND closed_at IS NULL"
        )
        await bare.close()
        note(f"a tile of {len(drawn)} bytes, {shown} tickets are open")
        return [
            Figure(
                "map_tile", median(took), "ms", median(floor), GOAL,
                f"p95 {sorted(took)[int(len(took) * 0.95)]:.2f} ms",
            ),
            Figure("map_tile.geojson", median(points), "ms", None, "", f"{pages.MOST_SPOTS} points"),
        ]  # fmt: skip
    finally:
        await databases.close()
