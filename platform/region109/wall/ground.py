"""What changes with the registry only: territories and their map, categories, services. Read once a process and again
every few minutes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from shapely import MultiPolygon

from chassis109.kernel import clock
from chassis109.kernel.errors import NotFound
from chassis109.store.unit import transaction
from region109.territories.model import Territory
from region109.wall import drawing, repository
from region109.wall.model import Category, Group, groups

AGAIN = timedelta(minutes=5)
Names = Mapping[str, str]


@dataclass(frozen=True)
class Ground:
    """The registry as the wall needs it. Categories and services by (territory, code)."""

    read_at: datetime
    territories: Mapping[str, Territory]
    outlines: Mapping[int, MultiPolygon]
    groups: tuple[Group, ...]
    categories: Mapping[tuple[int, str], Category]
    services: Mapping[tuple[int, str], Names]

    @cached_property
    def map(self) -> drawing.Map:
        """The map of all territories, projected and simplified once."""
        return drawing.region(
            {one.id: (self.outlines[one.id], one.kind) for one in self.territories.values()}
        )

    @cached_property
    def numbered(self) -> Mapping[int, Territory]:
        """The territories by number."""
        return {one.id: one for one in self.territories.values()}

    def territory(self, slug: str) -> Territory:
        """One of them; raises NotFound."""
        found = self.territories.get(slug)
        if found is None:
            raise NotFound
        return found

    def group(self, territory: int, code: str) -> str:
        """The group of a category; what the registry does not know stands in none."""
        found = self.categories.get((territory, code))
        return found.group.code if found else ""

    def category(self, territory: int, code: str) -> Names:
        """The name of a category, else its code."""
        found = self.categories.get((territory, code))
        return found.names if found else {"kk": code}

    def service(self, territory: int, code: str | None) -> Names:
        """The name of a service, else its code."""
        return self.services.get((territory, code or ""), {"kk": code or "—"})

    def categories_of(self, territory: int) -> list[Category]:
        """A territory's categories, in the order of the registry."""
        return [one for one in self.categories.values() if one.territory == territory]

    def services_of(self, territory: int) -> list[tuple[str, Names]]:
        """Codes and names of a territory's services."""
        return [(code, names) for (whose, code), names in self.services.items() if whose == territory]


_ground: Ground | None = None


async def ground() -> Ground:
    """The registry as it was at most a few minutes ago."""
    global _ground  # noqa: PLW0603 - one a process, for all who look
    if _ground is None or not _ground.territories or clock.now() - _ground.read_at > AGAIN:
        _ground = await _read()
    return _ground


def forget() -> None:
    """Read it again at once: the database is another one."""
    global _ground  # noqa: PLW0603
    _ground = None


async def _read() -> Ground:
    async with transaction(None):
        places, kinds, who = (
            await repository.territories(), await repository.categories(), await repository.services()
        )  # fmt: skip
    return Ground(
        clock.now(),
        {one.slug: one for one, _ in places},
        {one.id: outline for one, outline in places},
        groups(kinds),
        {(one.territory, one.code): one for one in kinds},
        who,
    )
