"""`python -m hub112.provision [ROOT]`: the five desks and the 109s that may send, into the database `hub`.

Works as hub_owner (HUB_OWNER_DSN); what is right already stays. Exit code 0: done; 1: refused, with the reason.
"""

import sys
from pathlib import Path

from shapely import MultiPolygon, box

from hub112.agencies import service as agencies
from tenancy109 import commands, provisioning, registry
from tenancy109.model import Catalogue, Names, Tenant, TenantFolder
from tenancy109.outlines import Outline

NAMES: dict[str, Names] = {
    "101": {"kk": "Өрт сөндіру", "ru": "Пожарная служба", "en": "Fire service"},
    "102": {"kk": "Полиция", "ru": "Полиция", "en": "Police"},
    "103": {"kk": "Жедел жәрдем", "ru": "Скорая помощь", "en": "Ambulance"},
    "104": {"kk": "Газ қызметі", "ru": "Газовая служба", "en": "Gas service"},
    "112": {"kk": "Құтқару қызметі 112", "ru": "Служба спасения 112", "en": "Rescue service 112"},
}
# Every desk works for the whole region: its box in degrees, and its centre.
REGION = Outline(MultiPolygon([box(65.8, 52.2, 74.2, 55.5)]), "approximate")
CENTRE = (69.1335, 54.8668)
_NOTHING = Catalogue(categories=(), services=(), zones=(), routes=())


def desk(code: str) -> Tenant:
    """The desk of an emergency service: its number is id and slug."""
    return Tenant(
        id=int(code),
        slug=code,
        kind="desk",
        names=NAMES[code],
        centre_names={"kk": "Петропавл", "ru": "Петропавловск", "en": "Petropavl"},
        centre=CENTRE,
        kato="59",
        dial_code="7152",
        population=0,
        duty_phones={},
    )


async def provision(root: Path) -> list[str]:
    """Write desks and agencies; a line for each that is there. Needs a store opened as hub_owner."""
    folders = registry.load(root)
    lines = []
    for code in NAMES:
        folder = TenantFolder(tenant=desk(code), catalogue=_NOTHING)
        lines.append(str(await provisioning.apply_one(folder, REGION)))
    changed = await agencies.apply(folder.tenant for folder in folders.values())
    return [*lines, f"agencies: {', '.join(changed) or 'unchanged'}"]


def main() -> int:
    """Write what is missing and say what was written."""
    return commands.provisioning("HUB_OWNER_DSN", "hub112-provision", provision)


if __name__ == "__main__":
    sys.exit(main())
