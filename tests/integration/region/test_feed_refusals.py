"""What is no fact is refused in sight: reason and digest, never the text; the others of its batch pass."""

from datetime import date
from hashlib import sha256
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from prometheus_client import REGISTRY
from tests.databases import Database
from tests.integration.region import facts
from tests.integration.region.facts import delivery, feed_of, project

from chassis109.kernel.ids import uuid7
from chassis109.store import unit
from region109 import contract
from region109.contract import MOST_BYTES
from region109.feed import service as feed

GOOD = contract.encode(facts.ticket())
CANARY = "Qanat Canary 77011234567"


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def nothing_heard(superuser: asyncpg.Connection) -> None:
    await superuser.execute("TRUNCATE " + ", ".join(f"region.{table}" for table in facts.TABLES))


def _with(payload: bytes, name: str, value: bytes) -> bytes:
    return payload.replace(b'"reference"', b'"%s":%s,"reference"' % (name.encode(), value), 1)


BAD: dict[str, tuple[str, bytes, str, int | None]] = {
    "unknown tenant": ("sko.feed.atlantis.ticket", GOOD, "unknown-tenant", None),
    "another tenant's slug": ("sko.feed.aqzhar.ticket", GOOD, "sender", 3),
    "another tenant's number": ("sko.feed.aqzhar.audit", contract.encode(facts.head(5, 1)), "sender", 3),
    "unknown kind": ("sko.feed.esil.person", GOOD, "subject", 5),
    "broken JSON": ("sko.feed.esil.ticket", b'{"type": "ticket/1", ', "json", 5),
    "not UTF-8": ("sko.feed.esil.ticket", GOOD.replace(b"assigned", b"assign\xff\xfe"), "json", 5),
    "nested without end": ("sko.feed.esil.ticket", b"[" * 50_000, "schema", 5),
    "empty": ("sko.feed.esil.ticket", b"", "json", 5),
    "a field for a person": (
        "sko.feed.esil.ticket", _with(GOOD, "name", f'"{CANARY}"'.encode()), "schema", 5,
    ),
    "a state nobody knows": ("sko.feed.esil.ticket", GOOD.replace(b"assigned", b"vanished"), "schema", 5),
    "another kind's fact": ("sko.feed.esil.ticket", contract.encode(facts.handoff()), "schema", 5),
    "free text for a code": ("sko.feed.esil.ticket", GOOD.replace(b'"water"', f'"{CANARY}"'.encode(), 1), "schema", 5),
    "free text for an alarm": (
        "sko.feed.esil.handoff", contract.encode(facts.handoff(alarm=CANARY)), "schema", 5,
    ),
    "too large": ("sko.feed.esil.ticket", GOOD + b" " * MOST_BYTES, "size", 5),
    "exact to the door": (
        "sko.feed.esil.ticket", contract.encode(facts.ticket(point=(66.40412, 51.958))), "point", 5,
    ),
    "not on earth": ("sko.feed.esil.ticket", contract.encode(facts.ticket(point=(66.4, 151.0))), "point", 5),
    "unknown category": (
        "sko.feed.esil.ticket", contract.encode(facts.ticket(category="witchcraft")), "unknown-category", 5,
    ),
    "a count of an unknown category": (
        "sko.feed.esil.consultation", contract.encode(facts.consultation(category="witchcraft")), "unknown-category", 5,
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
async def test_what_is_no_fact_is_refused_in_sight_and_the_others_pass(region: Database, kind: str) -> None:
    subject, payload, reason, territory = BAD[kind]
    counted = _refused(reason)
    bad = delivery(subject, payload, 2)

    await project([*feed_of([facts.ticket()]), bad, *feed_of([facts.ticket("aqzhar")], first=3)])
    await project([bad])

    async with unit.transaction(facts.HOME):
        (row,) = await unit.fetch("SELECT * FROM region.refused")
        heard = dict(await unit.fetch("SELECT territory, refused FROM region.heard"))
        assert await unit.fetchval("SELECT count(*) FROM region.ticket") == 2
    assert (row["stream"], row["seq"], row["reason"], row["territory"]) == ("FEED", 2, reason, territory)
    assert (row["bytes"], row["sha256"], row["said_at"]) == (len(payload), sha256(payload).digest(), bad.at)
    assert heard == {3: int(territory == 3), 5: int(territory == 5)}
    assert _refused(reason) == counted + 1


def _refused(reason: str) -> float:
    values = (REGISTRY.get_sample_value("facts_refused_total", {"tenant": t, "reason": reason})
              for t in ("?", "aqzhar", "esil"))  # fmt: skip
    return sum(value or 0 for value in values)


async def test_nothing_of_what_was_refused_is_found_anywhere_in_the_database(
    region: Database, superuser: asyncpg.Connection
) -> None:
    batch = [delivery(subject, payload, n) for n, (subject, payload, *_) in enumerate(BAD.values(), 1)]
    told = [delivery(f"sko.feed.esil.{CANARY.replace(' ', '_')}", GOOD, 100)]
    await project(batch, told)

    async with unit.transaction(facts.HOME):
        refused = await unit.fetch("SELECT subject, reason FROM region.refused")
    assert len(refused) == len(BAD) + 1
    assert ("sko.feed.esil.?", "subject") in {tuple(row) for row in refused}
    assert await _mentions(superuser, "Qanat") == []
    assert await _mentions(superuser, "atlantis") == []


async def _mentions(superuser: asyncpg.Connection, word: str) -> list[str]:
    tables = await superuser.fetch(
        "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables"
        " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    )
    return [
        table["name"]
        for table in tables
        if await superuser.fetchval(
            f"SELECT EXISTS (SELECT FROM {table['name']} t WHERE t::text ILIKE $1)", f"%{word}%"
        )
    ]


async def test_a_category_that_the_registry_has_retired_and_a_service_of_any_kind_are_known(
    region: Database, superuser: asyncpg.Connection
) -> None:
    await superuser.execute(
        "INSERT INTO region.category SELECT 5, 'coal-delivery', group_code, group_names, names, 0"
        " FROM region.category WHERE territory = 5 LIMIT 1 ON CONFLICT DO NOTHING"
    )
    await project(
        feed_of([facts.ticket(category="coal-delivery", service="of-the-moon", service_kind="lunar")])
    )
    async with unit.transaction(facts.HOME):
        assert await unit.fetchval("SELECT service_kind FROM region.ticket") == "lunar"
        assert await unit.fetchval("SELECT count(*) FROM region.refused") == 0


async def test_a_territory_that_was_closed_is_still_known(
    region: Database, superuser: asyncpg.Connection
) -> None:
    await superuser.execute("UPDATE region.territory SET active = false WHERE slug = 'esil'")
    try:
        await project(feed_of([facts.ticket()]))
    finally:
        await superuser.execute("UPDATE region.territory SET active = true WHERE slug = 'esil'")
    async with unit.transaction(facts.HOME):
        assert await unit.fetchval("SELECT count(*) FROM region.ticket") == 1


async def test_a_head_of_an_audit_that_differs_from_what_was_told_is_refused_and_the_first_stays(
    region: Database,
) -> None:
    first, forged = facts.head(5, 7), facts.head(5, 7, "cd" * 32)
    await project(feed_of([first], slug="esil"), feed_of([first, forged], first=2, slug="esil"))
    async with unit.transaction(facts.HOME):
        assert await unit.fetchval("SELECT digest FROM region.audit_head") == first.digest
        assert await unit.fetchval("SELECT reason FROM region.refused") == "digest"


async def test_what_the_database_does_not_take_is_refused_by_itself(region: Database) -> None:
    poison = delivery("sko.feed.esil.handoff", contract.encode(facts.handoff(alarm="\x00")), 9)
    async with unit.transaction(facts.HOME):
        await feed.refuse(poison)
    async with unit.transaction(facts.HOME):
        row = await unit.fetchrow("SELECT reason, territory, seq FROM region.refused")
    assert row is not None
    assert tuple(row) == ("unstorable", 5, 9)


async def test_a_pulse_says_what_is_missing_and_when_a_tenant_was_heard(region: Database) -> None:
    kept = facts.ticket(version=2, id=uuid7())
    await project(feed_of([kept]))
    await facts.hear(facts.pulse(tickets=3, versions=9, waiting=4), first=1)
    gap = {one.slug: one for one in await _gaps()}["esil"]
    assert (gap.missing_tickets, gap.missing_versions, gap.waiting, gap.facts) == (2, 7, 4, 2)

    others = [facts.ticket(version=4), facts.ticket(version=3)]
    await project(feed_of(others, first=2))
    gap = {one.slug: one for one in await _gaps()}["esil"]
    assert (gap.missing_tickets, gap.missing_versions) == (0, 0)


async def test_a_pulse_about_all_tickets_is_compared_with_all_of_them(region: Database) -> None:
    old = facts.ticket(version=2, opened_at=facts.NOON.replace(year=2024))
    await project(feed_of([old]))
    await facts.hear(
        facts.pulse(tickets=0), facts.pulse(since=facts.NOON.replace(year=2020), tickets=2, versions=5)
    )
    gap = {one.slug: one for one in await _gaps()}["esil"]
    assert (gap.missing_tickets, gap.missing_versions) == (1, 3)


async def test_a_pulse_in_another_tenants_name_is_refused(region: Database) -> None:
    false = delivery("sko.pulse.aqzhar", contract.encode(facts.pulse("esil")), 1, "PULSE")
    async with unit.transaction(facts.HOME):
        await feed.heard([false])
    async with unit.transaction(facts.HOME):
        row = await unit.fetchrow("SELECT stream, reason, territory FROM region.refused")
        assert row is not None
        assert tuple(row) == ("PULSE", "sender", 3)
        assert await unit.fetchval("SELECT pulse_at FROM region.heard WHERE territory = 3") is None


async def _gaps() -> list[Any]:
    async with unit.transaction(facts.HOME):
        return await feed.gaps()


@pytest.mark.parametrize("late", [0, 5])
async def test_the_end_of_a_day_is_written_once_at_the_first_moment_after(
    region: Database, late: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = facts.NOON.replace(day=23, hour=19 + 0, minute=1 + late)  # a minute past midnight in Almaty, UTC+5
    monkeypatch.setattr(feed.clock, "now", lambda: at)
    overdue = facts.ticket(due_at=facts.NOON)
    in_time = facts.ticket(due_at=at)
    done = facts.ticket(due_at=facts.NOON, state="done", done_at=facts.NOON)
    await project(feed_of([overdue, in_time, done]))
    for _ in range(2):
        async with unit.transaction(facts.HOME):
            await feed.end_day()
        await project(feed_of([facts.ticket(due_at=facts.NOON)], first=9))
    async with unit.transaction(facts.HOME):
        rows = await unit.fetch("SELECT * FROM region.overdue WHERE territory = 5 ORDER BY category")
    assert [tuple(row) for row in rows] == [
        (date(2026, 11, 23), 5, "", 0),
        (date(2026, 11, 23), 5, overdue.category, 1),
    ]
