"""Reading the wall, a territory, a ticket and what was refused."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Generic, TypeVar
from uuid import UUID

from chassis109.kernel import clock
from chassis109.kernel.errors import NotFound
from chassis109.store.unit import transaction
from region109.feed import service as feed
from region109.wall import repository
from region109.wall.asked import Filter
from region109.wall.ground import Ground, ground
from region109.wall.model import ALMATY, DAYS, HOURS, Board, Cell, Days, Line, Standing, hours
from region109.wall.telling import Handoff, Mandate, Reaction, Refusal, Spot, Ticket

MOST_NEWS = 12
MOST_SPOTS = 1500
GAPS_SECONDS = 5
T = TypeVar("T")


class Shared(Generic[T]):
    """One reading for all who look at the same time. Whoever asks gets what was read after asking, never before: an
    open screen that was told of news must find it."""

    def __init__(self, read: Callable[[], Awaitable[T]]) -> None:
        self._read = read
        self._turn: asyncio.Lock | None = None
        self._next: asyncio.Task[T] | None = None

    async def get(self) -> T:
        """What is now."""
        if self._next is None:
            self._next = asyncio.create_task(self._run())
        return await asyncio.shield(self._next)

    async def _run(self) -> T:
        self._turn = self._turn or asyncio.Lock()
        async with self._turn:
            self._next = None
            return await self._read()


@dataclass(frozen=True)
class Card:
    """A ticket with what was ordered about it."""

    ticket: Ticket
    mandates: list[Mandate]


@dataclass(frozen=True)
class Local:
    """A territory with its services and where its open tickets are."""

    standing: Standing
    at: datetime
    reactions: list[Reaction]
    spots: list[Spot]


async def _board() -> Board:
    registry, at = await ground(), clock.now()
    today, since = at.astimezone(ALMATY).date(), at - timedelta(hours=HOURS)
    missing = await _missing(at)
    async with transaction(None):
        cells = await repository.cells(at)
        figures = await repository.figures(today - timedelta(days=DAYS - 1), today)
        flow = await repository.hours(since)
        news, acknowledged, refused = await repository.news(since, MOST_NEWS)
    by_territory = _grouped(registry, cells)
    standings = []
    for one in registry.territories.values():
        now, month, line = figures.get(one.id, (Days(), Days(), Line()))
        line = replace(line, missing=missing.get(one.id, 0))
        standings.append(Standing(one, by_territory.get(one.id, {}), now, month, line))
    known = tuple(one for one in news if one.territory in registry.numbered)
    return Board(at, tuple(standings), registry.groups, hours(at, flow), known, acknowledged, refused)


def _grouped(registry: Ground, cells: Mapping[tuple[int, str], Cell]) -> dict[int, dict[str, Cell]]:
    found: dict[int, dict[str, Cell]] = {}
    for (territory, category), cell in cells.items():
        groups = found.setdefault(territory, {})
        group = registry.group(territory, category)
        groups[group] = groups.get(group, Cell()) + cell
    return found


_shared = Shared(_board)
_gaps: tuple[datetime, dict[int, int]] | None = None


async def board() -> Board:
    """Everything on the wall, read once for all who look at it."""
    return await _shared.get()


async def _missing(at: datetime) -> dict[int, int]:
    """How many facts of each territory are missing, as known a few seconds ago: a pulse comes no oftener."""
    global _gaps  # noqa: PLW0603 - one a process, for all who look
    if _gaps is None or not timedelta() <= at - _gaps[0] < timedelta(seconds=GAPS_SECONDS):
        async with transaction(None):
            gaps = await feed.gaps()
        _gaps = at, {one.territory: max(one.missing_versions, one.missing_tickets) for one in gaps}
    return _gaps[1]


async def local(slug: str) -> Local:
    """A territory's figures, services and points; raises NotFound."""
    territory = (await ground()).territory(slug)
    shown = await board()
    async with transaction(None):
        reactions = await repository.reactions(territory.id, shown.at)
        spots = await repository.spots(territory.id, shown.at, MOST_SPOTS)
    standing = shown.of(slug)
    if standing is None:
        raise NotFound
    return Local(standing, shown.at, reactions, spots)


async def tickets(slug: str, wanted: Filter, after: tuple[datetime, UUID] | None, most: int) -> list[Ticket]:
    """Up to `most` of a territory's tickets after that place; raises NotFound."""
    territory = (await ground()).territory(slug)
    async with transaction(None):
        return await repository.tickets(territory.id, wanted, after, most, clock.now())


async def card(slug: str, ticket_id: UUID) -> Card:
    """Everything that is known of a ticket; raises NotFound."""
    territory = (await ground()).territory(slug)
    async with transaction(None):
        ticket = await repository.ticket(territory.id, ticket_id)
        if ticket is None:
            raise NotFound
        return Card(ticket, await repository.mandates(territory.id, ticket_id))


async def handoffs(slug: str, after: tuple[datetime, UUID] | None, most: int) -> list[Handoff]:
    """Up to `most` handoffs of a territory, the latest first; raises NotFound."""
    territory = (await ground()).territory(slug)
    async with transaction(None):
        return await repository.handoffs(territory.id, after, most)


async def refused(after: tuple[datetime, str, int] | None, most: int) -> list[Refusal]:
    """Up to `most` refused messages, the latest first."""
    async with transaction(None):
        return await repository.refused(after, most)


async def refused_counts() -> dict[tuple[int | None, str], int]:
    """How many messages were refused in all, by territory and reason."""
    async with transaction(None):
        return await repository.refused_counts()


def forget() -> None:
    """Ask for the gaps anew: the database is another one."""
    global _gaps  # noqa: PLW0603
    _gaps = None
