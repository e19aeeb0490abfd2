"""What crosses HTTP about the wall. Times are RFC 3339 UTC, shares are between 0 and 1, points WGS 84 degrees."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self
from uuid import UUID

import msgspec

from region109.territories.model import Territory
from region109.wall.ground import Ground
from region109.wall.model import Board, Standing
from region109.wall.service import Card
from region109.wall.telling import Handoff, Mandate, Refusal, Ticket


def _alike(kind: type[Any], source: object, **other: object) -> dict[str, Any]:
    """The fields of a struct that the source has under the same name, and the others."""
    names = [name for name in kind.__struct_fields__ if name not in other]
    return {name: getattr(source, name) for name in names} | other


class TerritoryOut(msgspec.Struct):
    """A territory now. `in_time` and `did_not_react` are of the last 30 days; `missing` facts did not arrive."""

    slug: str
    names: dict[str, str]
    open: int
    overdue: int
    in_time: float | None
    did_not_react: float | None
    registered_today: int
    consulted_today: int
    heard_at: datetime | None
    stale: bool
    waiting: int
    missing: int

    @classmethod
    def of(cls, one: Standing, at: datetime) -> Self:
        """From the board."""
        return cls(
            one.territory.slug, dict(one.territory.names), one.cell.open, one.cell.overdue, one.in_time, one.silent,
            one.today.registered, one.today.consulted, one.line.heard_at, one.line.stale(at), one.line.waiting,
            one.line.missing,
        )  # fmt: skip


class CellOut(msgspec.Struct):
    """Open tickets of a group of categories in a territory."""

    territory: str
    group: str
    open: int
    overdue: int


class HourOut(msgspec.Struct):
    """An hour of the flow, named by its beginning."""

    at: datetime
    registered: int
    closed: int


class NewsOut(msgspec.Struct):
    """A fact: of a ticket, or of a handoff (then without category)."""

    at: datetime
    territory: str
    state: str
    category: str
    ticket: UUID | None


class WallOut(msgspec.Struct):
    """Everything on the wall. `consulted` is the share of today's requests that were settled on the first call;
    `acknowledged` counts decided handoffs of 24 hours; `refused` counts messages without effect in 24 hours."""

    at: datetime
    registered_today: int
    consulted: float | None
    open: int
    overdue: int
    in_time: float | None
    acknowledged: int
    acknowledged_median_seconds: float | None
    refused: int
    territories: list[TerritoryOut]
    cells: list[CellOut]
    hours: list[HourOut]
    news: list[NewsOut]

    @classmethod
    def of(cls, board: Board, registry: Ground) -> Self:
        """From the board."""
        whole = board.whole
        slugs = {number: one.slug for number, one in registry.numbered.items()}
        return cls(
            board.at, whole.today.registered, board.consulted, whole.cell.open, whole.cell.overdue, whole.in_time,
            board.acknowledged.count, board.acknowledged.median_seconds, board.refused,
            [TerritoryOut.of(one, board.at) for one in board.ranked("overdue")],
            [CellOut(one.territory.slug, group, cell.open, cell.overdue)
             for one in board.standings for group, cell in one.groups.items()],
            [HourOut(hour.at, hour.registered, hour.closed) for hour in board.hours],
            [NewsOut(**_alike(NewsOut, one, territory=slugs[one.territory])) for one in board.news],
        )  # fmt: skip


class TerritoriesOut(msgspec.Struct):
    """All territories, ranked."""

    items: list[TerritoryOut]


class TicketOut(msgspec.Struct):
    """What is known of a ticket. `due_at` is the operational clock, `statutory_due` the law's."""

    id: UUID
    reference: str
    version: int
    category: str
    service: str | None
    service_kind: str | None
    state: str
    priority: int
    opened_at: datetime
    updated_at: datetime
    react_by: datetime | None
    due_at: datetime
    statutory_due: datetime
    overdue: bool
    paused_at: datetime | None
    unanswered: int
    reopened: int
    done_at: datetime | None
    closed_at: datetime | None
    confirmed: bool | None
    origin: str | None
    origin_reference: str | None
    lon: float | None
    lat: float | None
    heard_at: datetime

    @classmethod
    def of(cls, one: Ticket, now: datetime) -> Self:
        """From the projection; `now` decides what is overdue."""
        return cls(**_alike(cls, one, overdue=one.overdue(now)))


class TicketsOut(msgspec.Struct):
    """A page of tickets; `next` is the cursor of the following page, null at the end."""

    items: list[TicketOut]
    next: str | None


class MandateOut(msgspec.Struct):
    """What was ordered about a ticket and what became of it."""

    id: UUID
    kind: str
    state: str
    reason: str
    deadline: datetime
    issued_at: datetime
    issued_name: str
    received_at: datetime | None
    answered_at: datetime | None
    answered_by: str | None
    answer: str | None

    @classmethod
    def of(cls, one: Mandate) -> Self:
        """From the projection."""
        return cls(**_alike(cls, one))


class CardOut(msgspec.Struct):
    """A ticket with its mandates, the latest first."""

    ticket: TicketOut
    mandates: list[MandateOut]

    @classmethod
    def of(cls, card: Card, now: datetime) -> Self:
        """From the projection."""
        return cls(TicketOut.of(card.ticket, now), [MandateOut.of(one) for one in card.mandates])


class HandoffOut(msgspec.Struct):
    """Where a handoff to an emergency service stands, with every clock."""

    id: UUID
    incident: str
    kind: str
    mode: str
    service: str
    state: str
    version: int
    priority: str
    sent_at: datetime
    hub_at: datetime | None
    receipt_at: datetime | None
    seen_at: datetime | None
    decided_at: datetime | None
    unit_at: datetime | None
    ended_at: datetime | None
    decide_by: datetime
    late: bool
    alarm: str | None

    @classmethod
    def of(cls, one: Handoff) -> Self:
        """From the projection."""
        return cls(**_alike(cls, one))


class HandoffsOut(msgspec.Struct):
    """A page of handoffs; `next` is the cursor of the following page, null at the end."""

    items: list[HandoffOut]
    next: str | None


class RefusalOut(msgspec.Struct):
    """A message without effect. `territory` is null when nobody knows whose it is."""

    stream: str
    seq: int
    subject: str
    territory: str | None
    reason: str
    bytes: int
    said_at: datetime
    heard_at: datetime

    @classmethod
    def of(cls, one: Refusal, territories: Mapping[int, Territory]) -> Self:
        """From what was put aside."""
        whose = territories.get(one.territory or 0)
        return cls(**_alike(cls, one, territory=whose.slug if whose else None))


class RefusalsOut(msgspec.Struct):
    """A page of refused messages; `next` is the cursor of the following page, null at the end."""

    items: list[RefusalOut]
    next: str | None
