"""Facts become the same tables however they come: twice, said again, late, torn into batches of any size."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import msgspec
import pytest
import pytest_asyncio
from tests.databases import Database
from tests.integration.region import facts
from tests.integration.region.facts import NOON, SNOW, WATER, feed_of, project, tables, torn

from chassis109.kernel.ids import uuid7
from chassis109.store import unit
from region109.contract import ConsultationFact, Fact, HandoffFact, TicketFact

NUMBERS = {"esil": 5, "aqzhar": 3, "petropavl": 1}
HOUR = timedelta(hours=1)


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def nothing_heard(superuser: asyncpg.Connection) -> None:
    await superuser.execute("TRUNCATE " + ", ".join(f"region.{table}" for table in facts.TABLES))


def day_of(at: datetime) -> date:
    return at.astimezone(ZoneInfo("Asia/Almaty")).date()


def life(random: Random, slug: str) -> list[TicketFact]:
    """A ticket from its registration on: each step a fact, with everything that figures depend on."""
    opened = NOON - timedelta(hours=random.randint(0, 72))
    said = facts.ticket(
        slug, 1, opened_at=opened, due_at=opened + random.randint(1, 40) * HOUR, category=random.choice((WATER, SNOW)),
        origin=random.choice((None, None, None, "aiyrtau")),
        point=random.choice((None, (69.123, 54.9), (66.4, 51.958))),
    )  # fmt: skip
    steps = [said]
    for _ in range(random.randint(0, 6)):
        last, at = steps[-1], steps[-1].updated_at + random.randint(1, 30) * HOUR
        change = random.choice(
            (
                {"state": "closed", "done_at": random.choice((None, at)), "closed_at": at, "confirmed": True},
                {"state": "closed", "done_at": at, "closed_at": at, "confirmed": None},
                {"state": "reopened", "reopened": last.reopened + 1, "closed_at": None, "done_at": None},
                {"state": "assigned", "unanswered": last.unanswered + 1},
                {"state": "paused", "paused_at": at},
                {"category": random.choice((WATER, SNOW))},
                {"state": "cancelled"},
            )
        )
        steps.append(msgspec.structs.replace(last, version=last.version + 1, updated_at=at, **change))
    return steps


def told(random: Random) -> list[Fact]:
    """What three tenants tell in the order in which it happened, and a part of it once more at the end."""
    lines: list[list[Fact]] = []
    for slug in NUMBERS:
        lines += [list(life(random, slug)) for _ in range(12)]
        for category in (WATER, None):
            counts = range(1, random.randint(2, 9))
            lines.append([facts.consultation(slug, count, category=category) for count in counts])
        one = uuid7()
        states = ("created", "dispatched", "received", "accepted", "closed")
        lines.append([facts.handoff(slug, n, id=one, state=state) for n, state in enumerate(states, 1)])
    found: list[Fact] = []
    while left := [line for line in lines if line]:
        found.append(random.choice(left).pop(0))
    newest = {(type(fact), fact.tenant, _which(fact)): fact for fact in found}
    return found + random.sample(list(newest.values()), len(newest) // 2)


def _which(fact: Any) -> object:
    return (fact.day, fact.category) if isinstance(fact, ConsultationFact) else fact.id


def _version(fact: Any) -> int:
    return fact.count if isinstance(fact, ConsultationFact) else fact.version


class Expected:
    """The same figures, worked out from the newest fact of each object and nothing else."""

    def __init__(self, said: Sequence[Fact]) -> None:
        self.newest: dict[tuple[object, ...], Any] = {}
        for fact in said:
            key = (type(fact), fact.tenant, _which(fact))
            if key not in self.newest or _version(fact) > _version(self.newest[key]):
                self.newest[key] = fact
        self.daily: defaultdict[tuple[date, int, str], Counter[str]] = defaultdict(Counter)
        for fact in self.newest.values():
            if isinstance(fact, TicketFact):
                self._count(fact)
            elif isinstance(fact, ConsultationFact):
                self.daily[fact.day, NUMBERS[fact.tenant], fact.category or ""]["consulted"] += fact.count

    def _count(self, fact: TicketFact) -> None:
        opened = self.daily[day_of(fact.opened_at), NUMBERS[fact.tenant], fact.category]
        opened["registered"] += fact.origin is None
        opened["did_not_react"] += fact.unanswered > 0
        opened["reopened"] += fact.reopened > 0
        if fact.state == "closed" and fact.closed_at is not None:
            closed = self.daily[day_of(fact.closed_at), NUMBERS[fact.tenant], fact.category]
            closed["closed"] += 1
            closed["on_time"] += (fact.done_at or fact.closed_at) <= fact.due_at
            closed["confirmed"] += bool(fact.confirmed)

    def of(self, kind: type, slug: str) -> list[Any]:
        return [fact for key, fact in self.newest.items() if key[0] is kind and key[1] == slug]


async def _daily() -> dict[tuple[date, int, str], Counter[str]]:
    async with unit.transaction(facts.HOME):
        rows = await unit.fetch("SELECT * FROM region.daily")
    return {
        (row["day"], row["territory"], row["category"]): +Counter({n: row[n] for n in facts.COUNTED})
        for row in rows
        if any(row[name] for name in facts.COUNTED)
    }


@pytest.mark.parametrize("seed", range(8))
async def test_the_tables_are_what_the_newest_facts_come_to_however_they_came(
    region: Database, seed: int, superuser: asyncpg.Connection
) -> None:
    random = Random(seed)  # noqa: S311 - the same lives each time
    said = told(random)
    expected, deliveries = Expected(said), feed_of(said)

    await project(*torn(deliveries, random))
    straight = await tables()
    for _ in range(2):
        await nothing_heard_again(superuser)
        shuffled = [*deliveries, *random.choices(deliveries, k=len(deliveries))]
        random.shuffle(shuffled)
        await project(*torn(shuffled, random, most=60))
        assert await tables() == straight

    assert await _daily() == {key: +counts for key, counts in expected.daily.items() if +counts}
    async with unit.transaction(facts.HOME):
        rows = await unit.fetch("SELECT *, ST_X(point) AS lon, ST_Y(point) AS lat FROM region.ticket")
        heard = {row["territory"]: row for row in await unit.fetch("SELECT * FROM region.heard")}
    assert {row["id"]: _as_told(row) for row in rows} == {
        fact.id: msgspec.structs.asdict(fact) for slug in NUMBERS for fact in expected.of(TicketFact, slug)
    }
    for slug, number in NUMBERS.items():
        tickets = expected.of(TicketFact, slug)
        assert heard[number]["known_tickets"] == len(tickets)
        assert heard[number]["known_versions"] == sum(fact.version for fact in tickets)
        everything = tickets + expected.of(HandoffFact, slug) + expected.of(ConsultationFact, slug)
        assert heard[number]["facts"] == sum(map(_version, everything))


async def nothing_heard_again(superuser: asyncpg.Connection) -> None:
    await superuser.execute("TRUNCATE " + ", ".join(f"region.{table}" for table in facts.TABLES))


def _as_told(row: asyncpg.Record) -> dict[str, Any]:
    slugs = {number: slug for slug, number in NUMBERS.items()}
    said = {name: value for name, value in row.items() if name not in {"seq", "heard_at", "lon", "lat"}}
    point = None if row["lon"] is None else (row["lon"], row["lat"])
    return said | {"point": point, "tenant": slugs[said.pop("territory")]}


async def test_a_fact_said_again_changes_nothing_and_is_no_refusal(region: Database) -> None:
    one = facts.ticket(version=3)
    await project(feed_of([one]))
    before = await tables(without=("heard",))

    await project(feed_of([one], first=2), feed_of([one, one], first=3))

    assert await tables(without=("heard",)) == before


async def test_an_older_version_behind_a_newer_one_is_refused_in_sight_and_changes_nothing(
    region: Database,
) -> None:
    one = uuid7()
    newer, older = facts.ticket(version=3, id=one, state="accepted"), facts.ticket(version=2, id=one)
    await project(feed_of([newer]), feed_of([older], first=2))
    async with unit.transaction(facts.HOME):
        assert await unit.fetchval("SELECT state FROM region.ticket") == "accepted"
        row = await unit.fetchrow("SELECT reason, territory, seq FROM region.refused")
        assert row is not None
        assert tuple(row) == ("old-version", 5, 2)
        assert await unit.fetchval("SELECT refused FROM region.heard") == 1
