"""What tenants hold and what the region knows of it, each asked in its own database."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import asyncpg
from tests.acceptance.waiting import until

CAUGHT_UP = 60.0
TRUTH = "SELECT tenant_id, id, version, state FROM dispatch.ticket WHERE tenant_id = ANY ($1)"
KNOWN = "SELECT territory, id, version, state FROM region.ticket WHERE territory = ANY ($1)"
COUNTED = "SELECT sum(registered) FROM region.daily WHERE territory = ANY ($1)"
UNSENT = "SELECT count(*) FROM chassis.outbox WHERE tenant_id = ANY ($1) AND published_at IS NULL AND subject LIKE $2"
CHANGED = "SELECT id, version FROM dispatch.ticket WHERE tenant_id = $1 AND updated_at >= $2"
BEHIND = """
SELECT count(*) FROM unnest($2::uuid[], $3::integer[]) AS said (id, version)
WHERE NOT EXISTS (SELECT FROM region.ticket t
                  WHERE t.territory = $1 AND t.id = said.id AND t.version >= said.version)
"""
# One query a side and tenant, which know nothing of each other: day, category and how many. What was referred here was
# registered where it came from.
REGISTERED = """
SELECT (opened_at AT TIME ZONE 'Asia/Almaty')::date, category_code, count(*) FROM dispatch.ticket
WHERE tenant_id = $1 AND origin_slug IS NULL GROUP BY 1, 2
"""
FIGURES = "SELECT day, category, registered FROM region.daily WHERE territory = $1 AND registered > 0"


class Ledger:
    """Compares some tenants, by their numbers, with what the region knows."""

    def __init__(
        self, tenants: asyncpg.Connection, region: asyncpg.Connection, numbers: Iterable[int]
    ) -> None:
        self._tenants, self._region = tenants, region
        self._ids = list(numbers)

    async def differences(self) -> int:
        """How many tickets stand on one side only, or otherwise on the other."""
        truth = {tuple(row) for row in await self._tenants.fetch(TRUTH, self._ids)}
        known = {tuple(row) for row in await self._region.fetch(KNOWN, self._ids)}
        return len(truth ^ known)

    async def unsent(self) -> int:
        """How many facts have not left the tenants."""
        return int(await self._tenants.fetchval(UNSENT, self._ids, "sko.feed.%"))

    async def is_even(self, seconds: float = CAUGHT_UP) -> None:
        """Nothing is missing, nothing is doubled, and the figures have counted each ticket once."""
        await until(self.unsent, 0, seconds)
        await until(self.differences, 0, seconds)
        registered = await self._tenants.fetchval(
            "SELECT count(*) FROM dispatch.ticket WHERE tenant_id = ANY ($1) AND origin_slug IS NULL",
            self._ids,
        )
        assert await self._region.fetchval(COUNTED, self._ids) == registered

    async def changed(self, tenant: int, since: datetime) -> dict[Any, int]:
        """The versions of what a tenant has changed since then."""
        return dict(await self._tenants.fetch(CHANGED, tenant, since))

    async def behind(self, tenant: int, versions: dict[Any, int]) -> int:
        """How many of these versions, or newer ones, the region does not know yet."""
        return int(await self._region.fetchval(BEHIND, tenant, list(versions), list(versions.values())))

    async def figures(self, tenant: int) -> tuple[set[Any], set[Any]]:
        """What was registered by day and category: by the tenant's tickets, and by the region's figures."""
        there = {tuple(row) for row in await self._tenants.fetch(REGISTERED, tenant)}
        here = {tuple(row) for row in await self._region.fetch(FIGURES, tenant)}
        return there, here
