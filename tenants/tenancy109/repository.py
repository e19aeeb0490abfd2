"""Every SQL statement about tenants. Rows travel as JSON: one statement reads or writes a whole table."""

from collections.abc import Mapping

import msgspec
from shapely import MultiPolygon

from chassis109.store import unit
from tenancy109.model import Catalogue, Category, Route, Service, Tenant, Zone
from tenancy109.outlines import Outline
from tenancy109.rows import TABLES, Row

_LOCK = 1093  # any constant: two applies at once wait for each other

_TENANTS = """
SELECT jsonb_build_object('id', id, 'slug', slug, 'kind', kind, 'names', names, 'centre_names', centre_names,
                          'centre', jsonb_build_array(lon, lat), 'kato', kato, 'dial_code', dial_code,
                          'population', population, 'duty_phones', duty_phones, 'active', active,
                          'version', version)::text AS tenant, outline, outline_source
FROM tenancy.tenant ORDER BY id
"""

# The explicit tenant lets the planner estimate; row-level security stays the net.
_CATALOGUE = """
SELECT (SELECT coalesce(jsonb_agg(to_jsonb(c) || jsonb_build_object('group', c.group_code)
                                  ORDER BY c.position, c.code), '[]')
        FROM tenancy.category c WHERE c.tenant_id = $1)::text AS categories,
       (SELECT coalesce(jsonb_agg(to_jsonb(s) ORDER BY s.position, s.code), '[]')
        FROM tenancy.service s WHERE s.tenant_id = $1)::text AS services,
       (SELECT coalesce(jsonb_agg(to_jsonb(z) || jsonb_build_object('centre', jsonb_build_array(z.lon, z.lat))
                                  ORDER BY z.code), '[]')
        FROM tenancy.zone z WHERE z.tenant_id = $1 AND z.active)::text AS zones,
       (SELECT coalesce(jsonb_agg(to_jsonb(r) ORDER BY r.category, r.place), '[]')
        FROM tenancy.route r WHERE r.tenant_id = $1 AND r.active)::text AS routes
"""


async def tenants() -> list[tuple[Tenant, Outline]]:
    """All tenants by id, closed ones too. Needs no unit of work."""
    return [
        (msgspec.json.decode(row["tenant"], type=Tenant), Outline(row["outline"], row["outline_source"]))
        for row in await unit.lookup(_TENANTS)
    ]


async def stamp() -> str:
    """Another text after any change of any tenant. Needs no unit of work."""
    (row,) = await unit.lookup("SELECT string_agg(id || ':' || version, ',' ORDER BY id) FROM tenancy.tenant")
    return row[0] or ""


async def catalogue(tenant_id: int) -> Catalogue:
    """The tenant's catalogue, in one statement of a unit of its own or of the running one."""
    async with unit.transaction(tenant_id):
        row = await unit.fetchrow(_CATALOGUE, tenant_id)
    if row is None:
        raise LookupError(tenant_id)
    decode = msgspec.json.decode
    categories = decode(row["categories"], type=list[Category])
    services = decode(row["services"], type=list[Service])
    return Catalogue(
        categories=tuple(category for category in categories if category.active),
        services=tuple(service for service in services if service.active),
        retired_categories=tuple(category for category in categories if not category.active),
        retired_services=tuple(service for service in services if not service.active),
        zones=decode(row["zones"], type=tuple[Zone, ...]),
        routes=decode(row["routes"], type=tuple[Route, ...]),
    )


async def lock() -> None:
    """Until the end of the running unit, nobody else changes tenants."""
    await unit.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)


async def rows(table: str, tenant_id: int) -> list[Row]:
    """All rows of one table of the catalogue, retired ones too."""
    keys, values = TABLES[table]
    columns = ", ".join((*keys, *values))
    found = await unit.fetchval(
        f"SELECT coalesce(jsonb_agg(to_jsonb(t)), '[]')::text"
        f" FROM (SELECT {columns} FROM tenancy.{table} WHERE tenant_id = $1) t",
        tenant_id,
    )
    return msgspec.json.decode(found, type=list[Row])


async def write(table: str, tenant_id: int, wanted: list[Row]) -> None:
    """Insert rows of one table of the catalogue, or overwrite those of the same key."""
    keys, values = TABLES[table]
    columns = ", ".join((*keys, *values))
    news = ", ".join(f"{column} = EXCLUDED.{column}" for column in values)
    await unit.execute(
        f"INSERT INTO tenancy.{table} (tenant_id, {columns})"
        f" SELECT $1, {columns} FROM jsonb_populate_recordset(NULL::tenancy.{table}, $2::jsonb)"
        f" ON CONFLICT (tenant_id, {', '.join(keys)}) DO UPDATE SET {news}",
        tenant_id,
        msgspec.json.encode(wanted).decode(),
    )


async def write_tenant(tenant: Row, outline: Outline) -> None:
    """Insert or overwrite a tenant's own row and raise its version."""
    columns = ", ".join(tenant)
    news = ", ".join(f"{column} = EXCLUDED.{column}" for column in (*tenant, "outline", "outline_source"))
    await unit.execute(
        f"INSERT INTO tenancy.tenant AS t ({columns}, outline, outline_source, version)"
        f" SELECT {columns}, $2, $3, 1 FROM jsonb_populate_record(NULL::tenancy.tenant, $1::jsonb)"
        f" ON CONFLICT (id) DO UPDATE SET {news}, version = t.version + 1",
        msgspec.json.encode(tenant).decode(),
        outline.shape,
        outline.source,
    )


async def write_boundaries(shapes: Mapping[str, MultiPolygon]) -> None:
    """Give tenants their real outlines by slug; versions rise, so that directories follow."""
    await unit.execute(
        "UPDATE tenancy.tenant t SET outline = n.shape, outline_source = 'imported', version = version + 1"
        " FROM unnest($1::text[], $2::geometry[]) AS n(slug, shape) WHERE t.slug = n.slug",
        list(shapes),
        list(shapes.values()),
    )
