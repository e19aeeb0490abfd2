"""`python -m region109.provision [ROOT]`: the region itself and its territories, into the database `region`.

Works as region_owner (REGION_OWNER_DSN); what is right already stays. Exit code 0: done; 1: refused, with the reason.
"""

import asyncio
import os
import sys
from pathlib import Path

from shapely import MultiPolygon, box

from chassis109.kernel.errors import Unavailable
from chassis109.kernel.settings import SettingMissing, read
from chassis109.store.unit import close_store, open_store
from region109.territories import service as territories
from region109.territories.model import HOME_ID
from tenancy109 import provisioning, registry
from tenancy109.model import REGION, Catalogue, Tenant, TenantFolder
from tenancy109.outlines import Outline

# The box of the region in degrees: nothing is routed by it.
OUTLINE = Outline(MultiPolygon([box(65.8, 52.2, 74.2, 55.5)]), "approximate")
HOME = Tenant(
    id=HOME_ID,
    slug=REGION,
    kind="region",
    names={"kk": "Солтүстік Қазақстан облысы", "ru": "Северо-Казахстанская область", "en": "North Kazakhstan Region"},
    centre_names={"kk": "Петропавл", "ru": "Петропавловск", "en": "Petropavl"},
    centre=(69.1335, 54.8668),
    kato="59",
    dial_code="7152",
    population=0,
    duty_phones={},
)  # fmt: skip
_NOTHING = Catalogue(categories=(), services=(), zones=(), routes=())


async def provision(root: Path) -> list[str]:
    """Write the region and its territories; a line for each. Needs a store opened as region_owner."""
    folders = registry.load(root)
    home = await provisioning.apply_one(TenantFolder(tenant=HOME, catalogue=_NOTHING), OUTLINE)
    return [str(home), *await territories.apply(folders)]


async def _as_owner(dsn: str, root: Path) -> list[str]:
    await open_store(dsn, size=2, application="region109-provision")
    try:
        return await provision(root)
    finally:
        await close_store()


def main() -> int:
    """Write what is missing and say what was written."""
    root = Path(*sys.argv[1:2] or ["tenants"])
    try:
        lines = asyncio.run(_as_owner(read(os.environ, "REGION_OWNER_DSN"), root))
    except (registry.RegistryRefused, SettingMissing, Unavailable) as refused:
        print(refused, file=sys.stderr)  # noqa: T201 - a command's answer
        return 1
    print("\n".join(lines))  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
