"""Every SQL statement about agencies."""

from collections.abc import Mapping, Sequence

import msgspec
from asyncpg import Record

from chassis109.store import unit


async def agencies() -> Sequence[Record]:
    """All agencies by slug, closed ones too; `names` as JSON text. Needs no unit of work."""
    return await unit.lookup("SELECT slug, names::text, phone, active FROM hub.agency ORDER BY slug")


async def write(slug: str, names: Mapping[str, str], phone: str, active: bool) -> bool:
    """Insert or overwrite an agency as hub_owner; False when it was so already."""
    changed = await unit.fetchval(
        "INSERT INTO hub.agency AS a (slug, names, phone, active) VALUES ($1, $2::jsonb, $3, $4)"
        " ON CONFLICT (slug) DO UPDATE SET names = EXCLUDED.names, phone = EXCLUDED.phone, active = EXCLUDED.active"
        " WHERE (a.names, a.phone, a.active) IS DISTINCT FROM (EXCLUDED.names, EXCLUDED.phone, EXCLUDED.active)"
        " RETURNING 1",
        slug, msgspec.json.encode(names).decode(), phone, active,
    )  # fmt: skip
    return changed is not None
