"""Every SQL statement on what the registry says of the territories; the writing ones need region_owner."""

from collections.abc import Sequence

import asyncpg
import msgspec
import shapely
from shapely import MultiPolygon

from chassis109.store import unit
from tenancy109.model import Catalogue, Category, Tenant

_TERRITORY = """
INSERT INTO region.territory AS t (id, slug, kind, names, lon, lat, population, outline, active)
VALUES ($1, $2, $3, $4::jsonb, $5, $6, $7, ST_SetSRID(ST_GeomFromWKB($8), 4326), $9)
ON CONFLICT (id) DO UPDATE SET kind = EXCLUDED.kind, names = EXCLUDED.names, lon = EXCLUDED.lon, lat = EXCLUDED.lat,
    population = EXCLUDED.population, outline = EXCLUDED.outline, active = EXCLUDED.active
WHERE (t.kind, t.names, t.lon, t.lat, t.population, ST_AsBinary(t.outline), t.active) IS DISTINCT FROM
    (EXCLUDED.kind, EXCLUDED.names, EXCLUDED.lon, EXCLUDED.lat, EXCLUDED.population, ST_AsBinary(EXCLUDED.outline),
     EXCLUDED.active)
RETURNING true
"""

_CATEGORIES = """
INSERT INTO region.category AS c (territory, code, group_code, group_names, names, position)
SELECT $1, code, group_code, group_names, names, position
FROM jsonb_to_recordset($2::jsonb) AS r(code text, group_code text, group_names jsonb, names jsonb, position smallint)
ON CONFLICT (territory, code) DO UPDATE SET group_code = EXCLUDED.group_code, group_names = EXCLUDED.group_names,
    names = EXCLUDED.names, position = EXCLUDED.position
WHERE (c.group_code, c.group_names, c.names, c.position) IS DISTINCT FROM
    (EXCLUDED.group_code, EXCLUDED.group_names, EXCLUDED.names, EXCLUDED.position)
RETURNING true
"""

_SERVICES = """
INSERT INTO region.service AS s (territory, code, kind, names)
SELECT $1, code, kind, names FROM jsonb_to_recordset($2::jsonb) AS r(code text, kind text, names jsonb)
ON CONFLICT (territory, code) DO UPDATE SET kind = EXCLUDED.kind, names = EXCLUDED.names
WHERE (s.kind, s.names) IS DISTINCT FROM (EXCLUDED.kind, EXCLUDED.names)
RETURNING true
"""


async def territories() -> Sequence[asyncpg.Record]:
    """All territories by number, closed ones too; `names` as JSON text. Needs no unit of work."""
    return await unit.lookup(
        "SELECT id, slug, kind, names::text AS names, active FROM region.territory ORDER BY id"
    )


async def write(tenant: Tenant, catalogue: Catalogue, outline: MultiPolygon) -> int:
    """Insert or overwrite a territory with its categories and services, retired ones too; how many rows changed.
    What vanished from the registry stays: old facts still name it."""
    changed = list[asyncpg.Record]()
    changed += await unit.fetch(
        _TERRITORY, tenant.id, tenant.slug, tenant.kind, _json(tenant.names), *tenant.centre, tenant.population,
        shapely.to_wkb(outline), tenant.active,
    )  # fmt: skip
    categories = (*catalogue.categories, *catalogue.retired_categories)
    services = (*catalogue.services, *catalogue.retired_services)
    changed += await unit.fetch(_CATEGORIES, tenant.id, _json(list(map(_category, categories))))
    changed += await unit.fetch(_SERVICES, tenant.id, _json(services))
    return len(changed)


def _category(one: Category) -> dict[str, object]:
    said = {name: getattr(one, name) for name in ("code", "group_names", "names", "position")}
    return {**said, "group_code": one.group}


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
