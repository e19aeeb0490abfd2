"""The tables of the region come out the same when the feed is read again, whatever happens meanwhile."""

import asyncio
from dataclasses import replace
from pathlib import Path
from random import Random

import asyncpg
import msgspec
import pytest
import pytest_asyncio
from tests.databases import Database
from tests.integration.region import facts
from tests.integration.region.facts import tables
from tests.integration.region.feeding import (
    broker_of,
    number_of,
    projecting,
    rebuilt,
    say,
    settled,
    started,
)
from tests.integration.region.test_feed_projection import told

from chassis109.kernel.ids import uuid7
from chassis109.store import unit
from region109 import contract
from region109.contract import Fact, TicketFact


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def nothing_heard(superuser: asyncpg.Connection) -> None:
    await superuser.execute("TRUNCATE " + ", ".join(f"region.{table}" for table in facts.TABLES))


def lines(seed: int) -> list[Fact]:
    return told(Random(seed))  # noqa: S311 - the same lives each time


def many(count: int) -> list[Fact]:
    slugs = ("esil", "aqzhar", "petropavl", "mamlyut")
    return [facts.ticket(slugs[number % 4]) for number in range(count)]


async def test_a_rebuild_gives_the_same_tables(region: Database, tmp_path: Path) -> None:
    async with broker_of(tmp_path) as connections, projecting(connections):
        one = uuid7()
        bad = facts.ticket(category="witchcraft")
        older = [facts.ticket(version=n, id=one) for n in (1, 4, 2)]
        await say(connections, [*lines(1), bad, *older])
        client = await connections.get("REGION")
        await client.jetstream().publish("sko.feed.esil.ticket", b"{")
        await client.jetstream().publish(
            "sko.pulse.esil", contract.encode(facts.pulse(tickets=99, versions=120))
        )
        await settled(connections)
        before, noted = await tables(), await _noted()
        assert len(before["refused"]) == 3

        code, said = await rebuilt(region, connections)

        assert code == 0, said
        assert "100%" in said
        assert "0 daily figures corrected" in said
        assert await tables() == before
        assert await _noted() == noted


async def _noted() -> set[tuple[object, ...]]:
    async with unit.transaction(facts.HOME):
        return {tuple(row) for row in await unit.fetch("SELECT stream, seq, heard_at FROM region.refused")}


async def test_a_rebuild_heals_rows_and_figures_that_are_wrong_and_takes_back_refusals(
    region: Database, tmp_path: Path, superuser: asyncpg.Connection
) -> None:
    async with broker_of(tmp_path) as connections, projecting(connections):
        late = facts.ticket(category="known-later")
        await say(connections, [*lines(2), late])
        await settled(connections)
        right = await tables(without=("refused", "heard"))
        assert await number_of("refused") == 1
        await superuser.execute("UPDATE region.ticket SET state = 'cancelled'")
        await superuser.execute("UPDATE region.daily SET registered = registered + 7, confirmed = 3")
        await superuser.execute("UPDATE region.heard SET facts = 0, known_tickets = 9")
        await superuser.execute("DELETE FROM region.consultation")

        code, said = await rebuilt(region, connections)
        assert code == 0, said
        assert "0 daily figures corrected" not in said
        assert await tables(without=("refused", "heard")) == right

        await superuser.execute(
            "INSERT INTO region.category SELECT 5, 'known-later', group_code, group_names, names, 0"
            " FROM region.category WHERE territory = 5 LIMIT 1"
        )
        assert (await rebuilt(region, connections))[0] == 0
        assert await number_of("refused") == 0
        async with unit.transaction(facts.HOME):
            assert await unit.fetchval("SELECT count(*) FROM region.ticket WHERE id = $1", late.id) == 1
            assert await unit.fetchval("SELECT sum(refused) FROM region.heard") == 0


async def test_what_the_feed_has_forgotten_stays(region: Database, tmp_path: Path) -> None:
    async with broker_of(tmp_path, max_msgs=120) as connections, projecting(connections):
        old = many(100)
        await say(connections, old)
        await settled(connections)
        closed = [
            msgspec.structs.replace(one, version=2, state="closed", closed_at=facts.NOON)
            for one in old[:50]
            if isinstance(one, TicketFact)
        ]
        await say(connections, [*closed, *many(50)])
        await settled(connections)
        before = await tables()

        code, said = await rebuilt(region, connections)

        assert code == 0, said
        assert "of 120 facts" in said
        assert await tables() == before
        assert await number_of("ticket") == 150


async def test_a_rebuild_that_is_killed_leaves_everything_as_it_was(
    region: Database, tmp_path: Path, superuser: asyncpg.Connection
) -> None:
    async with broker_of(tmp_path) as connections:
        async with projecting(connections):
            await say(connections, many(3_000))
            await settled(connections)
        before = await tables()
        # The last row holds it up, so that it is surely killed in the middle.
        async with superuser.transaction():
            await superuser.execute("SELECT FROM region.heard FOR UPDATE")
            process = await started(region, connections)
            assert process.stdout is not None
            async with asyncio.timeout(60):
                while b"100%" not in await process.stdout.readline():
                    pass
            process.kill()
            await process.communicate()
        assert await tables() == before
        code, said = await rebuilt(region, connections)
        assert code == 0, said
        assert await tables() == before


async def test_a_worker_beside_a_rebuild_loses_nothing_and_doubles_nothing(
    region: Database, tmp_path: Path
) -> None:
    async with broker_of(tmp_path) as connections, projecting(connections):
        first, later = many(1_500), lines(3)
        await say(connections, first)
        rebuilding = asyncio.create_task(rebuilt(region, connections))
        for fact in later:
            await say(connections, [fact])
        code, said = await rebuilding
        assert code == 0, said
        await settled(connections)
        during = await tables()
        again = await rebuilt(region, connections)
        assert "0 daily figures corrected" in again[1]
        assert await tables() == during
        assert await number_of("ticket") == 1_500 + len({f.id for f in later if isinstance(f, TicketFact)})


async def test_two_workers_at_once_project_everything_once(region: Database, tmp_path: Path) -> None:
    said = lines(4)
    async with broker_of(tmp_path) as connections:
        async with projecting(connections), projecting(connections):
            for start in range(0, len(said), 25):
                await say(connections, said[start : start + 25])
            await settled(connections)
        both = await tables(without=("refused",))
        code, told_ = await rebuilt(region, connections)
        assert code == 0, told_
        assert "0 daily figures corrected" in told_
        assert await tables(without=("refused",)) == both


async def test_when_asked_every_tenant_is_ordered_to_say_everything_again(
    region: Database, tmp_path: Path, superuser: asyncpg.Connection
) -> None:
    async with broker_of(tmp_path) as connections:
        code, said = await rebuilt(region, connections, "--resend")
    assert code == 0, said
    assert "esil" in said
    orders = await superuser.fetch(
        "SELECT subject, message_id, payload, tenant_id FROM chassis.outbox WHERE subject LIKE 'sko.mandate.%'"
    )
    audited = await superuser.fetch("SELECT object_id FROM chassis.audit WHERE action = 'facts.asked_again'")
    assert len(orders) == len(audited) == 14
    for row in orders:
        order = contract.decode_order(row["subject"], bytes(row["payload"]))
        assert isinstance(order, contract.Resend)
        assert (order.id, order.since, row["tenant_id"]) == (row["message_id"], None, facts.HOME)


@pytest.mark.parametrize("missing", ["NATS_URL", "REGION_OWNER_DSN"])
async def test_without_a_broker_or_a_database_nothing_changes_and_the_reason_is_said(
    region: Database, missing: str, tmp_path: Path
) -> None:
    await facts.project(facts.feed_of(many(3)))
    before = await tables()
    async with broker_of(tmp_path) as connections:
        if missing == "NATS_URL":
            connections._url = "nats://127.0.0.1:1"
            code, said = await rebuilt(region, connections)
        else:
            nowhere = "postgresql://region_owner@127.0.0.1:1/region"
            code, said = await rebuilt(replace(region, owner=nowhere), connections)
    assert code == 1, said
    assert "Traceback" not in said
    assert await tables() == before
