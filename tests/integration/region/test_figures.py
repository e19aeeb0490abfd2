"""Figures of a period equal a naive count of the newest facts, however these came; what is not known is not claimed."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from random import Random
from typing import Any

import asyncpg
import msgspec
import pytest
import pytest_asyncio
from tests.databases import Database
from tests.integration.region import facts
from tests.integration.region.facts import (
    SNOW,
    WATER,
    consultation,
    feed_of,
    hear,
    project,
    pulse,
    ticket,
    torn,
)

from chassis109.kernel import clock
from chassis109.store import unit
from region109.contract import Fact, TicketFact
from region109.feed import service as feed
from region109.figures import service as figures
from region109.figures.asked import BYS, NOBODY, Asked
from region109.figures.model import COUNTS, Row, Sums

FIVE = timezone(timedelta(hours=5))
"""Almaty by arithmetic, not by the same table of zones as the product."""
NUMBERS = {"esil": 5, "aqzhar": 3, "petropavl": 1}
MIDNIGHT = datetime(2026, 11, 23, 19, 0, tzinfo=UTC)  # between Monday and Tuesday in Almaty
MONDAY, TUESDAY, WEDNESDAY = (date(2026, 11, 23) + timedelta(days=n) for n in range(3))
AT = MIDNIGHT + timedelta(days=1, hours=9)  # Wednesday, 9 in the morning
WHOLE = Asked(MONDAY, WEDNESDAY)
MINUTE = timedelta(minutes=1)


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def figures_of_its_own(region: Database, superuser: asyncpg.Connection) -> AsyncIterator[None]:
    await superuser.execute("TRUNCATE " + ", ".join(f"region.{table}" for table in facts.TABLES))
    with clock.frozen(AT):
        yield


def near_midnight(random: Random) -> datetime:
    """Mostly within minutes of a midnight in Almaty, on either side; a moment of midnight itself too."""
    night = MIDNIGHT + timedelta(days=random.choice((-1, 0, 0, 1)))
    return night + random.choice(
        (timedelta(), timedelta(microseconds=-1), random.randint(-300, 300) * MINUTE)
    )


def life(random: Random, slug: str) -> list[TicketFact]:
    """A ticket with every turn that a figure depends on."""
    opened = near_midnight(random)
    steps = [
        ticket(
            slug, 1, opened_at=opened, due_at=near_midnight(random), category=random.choice((WATER, SNOW)),
            origin=random.choice((None, None, "aiyrtau")),
        )
    ]  # fmt: skip
    for _ in range(random.randint(0, 5)):
        last, at = steps[-1], near_midnight(random)
        change: dict[str, Any] = random.choice(
            (
                {"state": "closed", "done_at": random.choice((None, last.due_at)), "closed_at": at, "confirmed": True},
                {"state": "closed", "done_at": at, "closed_at": at, "confirmed": random.choice((None, False))},
                {"state": "reopened", "reopened": last.reopened + 1, "closed_at": None, "done_at": None},
                {"state": "assigned", "unanswered": last.unanswered + 1}, {"state": "paused", "paused_at": at},
                {"state": "callback_due", "done_at": at, "paused_at": None}, {"category": random.choice((WATER, SNOW))},
                {"state": random.choice(("cancelled", "rejected", "referred"))},
            )
        )  # fmt: skip
        steps.append(msgspec.structs.replace(last, version=last.version + 1, **change))
    return steps


def told(random: Random) -> list[Fact]:
    said: list[Fact] = []
    for slug in NUMBERS:
        for _ in range(25):
            said += life(random, slug)
        for day in (MONDAY, TUESDAY):
            for category in (WATER, None):
                said += [consultation(slug, n, day, category) for n in range(1, random.randint(2, 6))]
    return said


def newest(said: Sequence[Fact]) -> list[Any]:
    found: dict[object, Any] = {}
    for fact in said:
        one: Any = fact
        is_ticket = isinstance(fact, TicketFact)
        key, version = (
            ((one.id,), one.version) if is_ticket else ((one.tenant, one.day, one.category), one.count)
        )
        if key not in found or version > found[key][0]:
            found[key] = version, one
    return [one for _, one in found.values()]


def day_of(at: datetime) -> date:
    return at.astimezone(FIVE).date()


def late(fact: TicketFact, at: datetime) -> bool:
    if fact.state in {"closed", "rejected", "cancelled", "referred"} or fact.due_at >= at:
        return False
    return (fact.done_at or fact.paused_at or at) > fact.due_at


Count = Counter[tuple[date, int, str, str]]


def naive(said: Sequence[Fact]) -> Count:
    """Figures by day, territory, category and name, one fact after the other."""
    count: Count = Counter()
    for fact in newest(said):
        place, category = NUMBERS[fact.tenant], fact.category or ""
        if not isinstance(fact, TicketFact):
            count[fact.day, place, category, "consulted"] += fact.count
            continue
        opened = day_of(fact.opened_at)
        count[opened, place, category, "registered"] += fact.origin is None
        count[opened, place, category, "did_not_react"] += fact.unanswered > 0
        count[opened, place, category, "reopened"] += fact.reopened > 0
        if fact.state == "closed" and fact.closed_at:
            closed = day_of(fact.closed_at)
            count[closed, place, category, "closed"] += 1
            count[closed, place, category, "on_time"] += (fact.done_at or fact.closed_at) <= fact.due_at
            count[closed, place, category, "confirmed"] += fact.confirmed is True
    return count


def summed(count: Count, asked: Asked, **only: object) -> dict[str, int]:
    """The naive figures of a line."""
    sums = dict.fromkeys(COUNTS, 0)
    for (day, place, category, name), n in count.items():
        cell = {"day": day, "territory": place, "category": category}
        if asked.first <= day <= asked.last and all(cell[what] == value for what, value in only.items()):
            sums[name] += n
    return sums


def counts(sums: Sums) -> dict[str, int]:
    return {name: getattr(sums, name) for name in COUNTS}


def what(row: Row) -> dict[str, object]:
    known = {"day": row.day, "territory": row.territory, "category": row.category}
    return {name: value for name, value in known.items() if value is not None}


async def report(asked: Asked) -> figures.Report:
    return await figures.report(asked, await figures.ground())


async def end_of(day: date) -> None:
    """The worker looks five minutes after the midnight that ends a day."""
    with clock.frozen(datetime(day.year, day.month, day.day, tzinfo=FIVE) + timedelta(days=1, minutes=5)):
        async with unit.transaction(facts.HOME):
            await feed.end_day()


@pytest.mark.parametrize("seed", range(5))
async def test_every_figure_is_what_a_naive_count_says(region: Database, seed: int) -> None:
    random = Random(seed)  # noqa: S311 - the same lives each time
    said = told(random)
    deliveries = [*feed_of(said), *random.sample(feed_of(said), len(said) // 3)]
    random.shuffle(deliveries)
    await project(*torn(deliveries, random, most=50))
    await end_of(TUESDAY)
    count, tickets = naive(said), [one for one in newest(said) if isinstance(one, TicketFact)]

    for by in BYS:
        for asked in (WHOLE, replace(WHOLE, last=TUESDAY), replace(WHOLE, territory="esil"),
                      replace(WHOLE, category=SNOW), replace(WHOLE, category=NOBODY)):  # fmt: skip
            found = await report(replace(asked, by=by))
            only: dict[str, object] = {"territory": 5} if asked.territory else {}
            only |= {"category": "" if asked.category == NOBODY else asked.category} if asked.category else {}
            for row in found.rows:
                assert counts(row.sums) == summed(count, asked, **{**only, **what(row)})
            assert counts(found.total) == summed(count, asked, **only)
            end = AT if found.now else MIDNIGHT + timedelta(days=1)
            for row in found.rows if by != "day" else []:
                cell = {**only, **what(row)}
                assert row.sums.overdue == sum(
                    late(one, end) for one in tickets
                    if cell.get("territory", NUMBERS[one.tenant]) == NUMBERS[one.tenant]
                    and cell.get("category", one.category) == one.category
                )  # fmt: skip
            if by != "day":
                assert found.total.overdue == sum(row.sums.overdue or 0 for row in found.rows)


async def test_consultations_of_a_day_are_those_that_were_told_of_it(region: Database) -> None:
    random = Random(9)  # noqa: S311
    await project(*torn(feed_of(told(random)), random))

    async with unit.transaction(facts.HOME):
        differ = await unit.fetch(
            "SELECT day, territory, category, consulted, count FROM region.consultation"
            " FULL JOIN (SELECT * FROM region.daily WHERE consulted <> 0) d USING (day, territory, category)"
            " WHERE consulted IS DISTINCT FROM count"
        )
        assert differ == []
        assert await unit.fetchval("SELECT count(*) FROM region.consultation") == 12


async def test_punctuality_of_a_day_that_nobody_ended_is_not_known_and_the_day_is_named(
    region: Database,
) -> None:
    closed = {"state": "closed", "opened_at": AT - timedelta(days=3), "due_at": AT}
    await project(
        feed_of([ticket(**closed, closed_at=MIDNIGHT - MINUTE), ticket(**closed, closed_at=MIDNIGHT)])
    )
    await end_of(TUESDAY)

    monday, tuesday = await report(Asked(MONDAY, MONDAY)), await report(Asked(MONDAY, TUESDAY, by="day"))

    assert (monday.total.closed, monday.total.overdue, monday.total.punctual) == (1, None, None)
    assert monday.missing == tuesday.missing == [(MONDAY, MONDAY)]
    assert {row.sums.overdue for row in monday.rows} == {None}
    assert [(row.sums.closed, row.sums.overdue, row.sums.punctual) for row in tuesday.rows] == [
        (1, None, None),
        (1, 0, 1.0),
    ]
    assert (tuesday.total.punctual, tuesday.total.judged) == (1.0, 2)


async def test_the_end_of_a_day_stays_as_it_was_though_the_ticket_is_closed_later(region: Database) -> None:
    open_ = ticket(opened_at=AT - timedelta(days=3), due_at=MIDNIGHT - MINUTE)
    await project(feed_of([open_]))
    await end_of(MONDAY)
    done = msgspec.structs.replace(open_, version=2, state="closed", done_at=MIDNIGHT, closed_at=MIDNIGHT)
    await project(feed_of([done], first=2))

    monday, now = await report(Asked(MONDAY, MONDAY)), await report(WHOLE)

    assert (monday.total.overdue, monday.total.judged, monday.total.punctual) == (1, 1, 0.0)
    assert (now.total.overdue, now.total.closed, now.total.punctual) == (0, 1, 0.0)


async def test_a_referred_ticket_is_registered_where_it_came_from_and_closed_where_it_was_done(
    region: Database,
) -> None:
    there = ticket("esil", state="referred")
    here = ticket("aqzhar", state="closed", origin="esil", origin_reference=there.reference, closed_at=AT)
    await project(feed_of([there, here]))

    rows = {row.territory: row.sums for row in (await report(WHOLE)).rows}

    assert (rows[5].registered, rows[5].closed) == (1, 0)
    assert (rows[3].registered, rows[3].closed) == (0, 1)
    assert len(rows) == 14


async def test_a_silent_territory_is_known_as_such(region: Database) -> None:
    await hear(pulse("esil"))
    with clock.frozen(facts.NOON + timedelta(seconds=10)):
        ground = await figures.ground()

    assert not ground.stale(5)
    assert ground.stale(3)
    assert (await figures.ground()).stale(5)
    assert len(ground.silent) == 13
