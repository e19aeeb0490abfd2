"""Fills a tenant with demo history: all of it in one unit of work, or nothing.

No outbox rows are written: 250 000 messages about the past would hold back the first real one. The region is told the
present state of the tickets page by page, by the worker, as after any order to say everything again.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from random import Random

import msgspec

from chassis109.kernel.ids import uuid7
from chassis109.store.unit import transaction
from dispatch109.demo import repository
from dispatch109.demo.intake import Desk, Setting
from dispatch109.demo.model import Cast, NobodyWorksHere, Person, Row, Rows
from dispatch109.demo.places import Town
from dispatch109.demo.season import Subjects, moments
from dispatch109.demo.texts import Texts
from dispatch109.federation import repository as federation
from tenancy109 import directory
from tenancy109.model import Catalogue, Tenant

CHUNK = 4_000  # phone contacts an INSERT: long enough to be fast, short enough to let another tenant go on
CONSULTATIONS = 2  # for each ticket: two calls of three are answered on the spot (product.md §4)


@dataclass(frozen=True)
class Wish:
    """What to make. The same seed and window give the same rows; only sealed bytes differ, by their nonces."""

    seed: int
    days: int
    until: datetime


@dataclass(frozen=True)
class Filled:
    """What was written into a tenant, or why nothing was (`left_alone`)."""

    left_alone: str = ""
    tickets: int = 0
    consultations: int = 0
    still_open: int = 0
    unanswered: int = 0


async def fill(tenant: Tenant, tickets: int, wish: Wish, texts: Texts) -> Filled:
    """Write `tickets` tickets and twice as many consultations, unless the tenant has calls or tickets already.

    Raises NobodyWorksHere when the demo people are missing.
    """
    async with transaction(tenant.id):
        filled, used = await repository.state_of_tenant()
        if filled or used:
            return Filled("filled before" if filled else "has calls or tickets of its own")
        desk = await open_desk(tenant, wish, texts)
        calls = iter(incoming(desk, tickets, wish))
        while rows := take(desk, islice(calls, CHUNK)):
            await _write(rows)
        await repository.set_numbers(dict(desk.numbers))
        await repository.count_consultations()
        await federation.begin(uuid7(), None)
        await repository.insert("chassis.audit", [_mark(tickets, wish)])
    return Filled("", tickets, tickets * CONSULTATIONS, desk.still_open, desk.unanswered)


async def open_desk(tenant: Tenant, wish: Wish, texts: Texts) -> Desk:
    """The desk of a tenant, with the people, catalogue and outline that stand in the database."""
    catalogue, outline = await directory.catalogue(tenant.id), await directory.outline(tenant.id)
    random = Random(f"{wish.seed}:{tenant.slug}")  # noqa: S311 - no secret
    town = Town(random, tenant, texts.streets(tenant.slug), outline.covers)
    subjects = Subjects(wish.seed, catalogue.categories)
    cast = await _cast(tenant, catalogue)
    return Desk(Setting(tenant, catalogue, cast, town, subjects, texts, wish.until), random)


def incoming(desk: Desk, tickets: int, wish: Wish) -> Iterator[tuple[datetime, bool]]:
    """Every phone contact in order of time, and whether it becomes a ticket."""
    count = tickets * (1 + CONSULTATIONS)
    kinds = [True] * tickets + [False] * (count - tickets)
    desk.random.shuffle(kinds)
    return zip(moments(desk.random, wish.seed, count, wish.days, wish.until), kinds, strict=True)


def take(desk: Desk, calls: Iterable[tuple[datetime, bool]]) -> Rows | None:
    """The rows of these calls; None when there are none left."""
    rows = Rows()
    for at, is_ticket in calls:
        if is_ticket:
            desk.ticket(at, rows)
        else:
            desk.consultation(at, rows)
    return rows if rows.contact else None


async def _write(rows: Rows) -> None:
    rows.audit.sort(key=_at)
    for table in repository.COLUMNS:
        await repository.insert(table, getattr(rows, table.partition(".")[2]))


def _at(row: Row) -> float:
    moment = row[0]
    return moment.timestamp() if isinstance(moment, datetime) else 0.0


def _mark(tickets: int, wish: Wish) -> Row:
    """The audit entry by which a later run knows that this tenant has its demo data."""
    said = {"seed": wish.seed, "days": wish.days, "tickets": tickets}
    return (
        wish.until,
        None,
        "system",
        "demo.fill",
        "demo",
        str(wish.seed),
        msgspec.json.encode(said).decode(),
    )


async def _cast(tenant: Tenant, catalogue: Catalogue) -> Cast:
    operators, seniors, executors = list[Person](), list[Person](), dict[str, Person]()
    for row in await repository.people():
        person = Person(row["subject"], row["display_name"])
        if row["role"] == "operator":
            operators.append(person)
        elif row["role"] == "senior":
            seniors.append(person)
        elif row["role"] == "executor":
            executors.setdefault(row["service_code"], person)
    missing = [f"executor of {s.code}" for s in catalogue.services if s.code not in executors]
    missing += [role for role, held in (("operator", operators), ("senior", seniors)) if not held]
    if missing:
        raise NobodyWorksHere(
            f"{tenant.slug} has no {', '.join(missing)}: run `python -m identity109 provision-demo` first"
        )
    return Cast(tuple(operators), seniors[0], executors)
