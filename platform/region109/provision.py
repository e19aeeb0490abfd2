"""`python -m region109.provision [ROOT]`: the region itself and its territories, into the database `region`.

Works as region_owner (REGION_OWNER_DSN); what is right already stays. Exit code 0: done; 1: refused, with the reason.
"""

import sys
from pathlib import Path

from shapely import MultiPolygon, box

from region109.territories import service as territories
from region109.territories.model import HOME_ID
from tenancy109 import commands, provisioning, registry
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


def main() -> int:
    """Write what is missing and say what was written."""
    return commands.provisioning("REGION_OWNER_DSN", "region109-provision", provision)


if __name__ == "__main__":
    sys.exit(main())
