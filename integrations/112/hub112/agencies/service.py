"""The 109s that may hand emergencies over: written from the registry, known to every desk."""

from collections.abc import Iterable

import msgspec
from msgspec import Struct

from chassis109.store.unit import transaction
from hub112.agencies import repository
from tenancy109.model import Names, Tenant


class Agency(Struct, frozen=True):
    """A tenant's 109. `phone` is how a desk reaches its operators, E.164."""

    slug: str
    names: Names
    phone: str
    active: bool


async def all_() -> dict[str, Agency]:
    """Every agency by slug, closed ones too: an old handoff still names its sender."""
    return {
        row["slug"]: Agency(row["slug"], msgspec.json.decode(row["names"]), row["phone"], row["active"])
        for row in await repository.agencies()
    }


async def apply(tenants: Iterable[Tenant]) -> list[str]:
    """Write the agencies of these tenants as hub_owner; the slugs of those that changed."""
    changed = []
    async with transaction(None):
        for tenant in tenants:
            # The short number of another area is dialled after its code.
            phone = f"+7{tenant.dial_code}109"
            if await repository.write(tenant.slug, tenant.names, phone, tenant.active):
                changed.append(tenant.slug)
    return changed
