"""The territories of the region, from the registry."""

from collections.abc import Mapping

import msgspec

from chassis109.kernel.errors import NotFound
from chassis109.store.unit import transaction
from region109.territories import repository
from region109.territories.model import Territory
from tenancy109 import outlines
from tenancy109.model import TenantFolder


async def all_() -> list[Territory]:
    """Every territory by number, closed ones too: old facts still name them."""
    return [
        Territory(row["id"], row["slug"], row["kind"], msgspec.json.decode(row["names"]), row["active"])
        for row in await repository.territories()
    ]


async def find(slug: str) -> Territory:
    """The territory of this slug; raises NotFound."""
    found = next((one for one in await all_() if one.slug == slug), None)
    if found is None:
        raise NotFound
    return found


async def apply(folders: Mapping[str, TenantFolder]) -> list[str]:
    """Write the registry as region_owner; a line for each territory. A second run changes nothing.

    Outlines are the approximate ones: real ones that a tenant imported stand in its own database.
    """
    shapes = outlines.approximate(folder.tenant for folder in folders.values())
    lines = []
    async with transaction(None):
        for slug, folder in folders.items():
            changed = await repository.write(folder.tenant, folder.catalogue, shapes[slug])
            lines.append(f"{slug}: {f'{changed} rows' if changed else 'unchanged'}")
    return lines
