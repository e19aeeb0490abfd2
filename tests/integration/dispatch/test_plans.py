"""With 100 000 tickets and row-level security on, the questions of every minute use their indexes."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from tests.databases import Database, Databases, storing

from chassis109.store import unit
from chassis109.store.unit import transaction
from dispatch109.citymap import repository as places
from dispatch109.citymap.repository import Tile
from dispatch109.queue import repository as queue_rows
from dispatch109.queue.model import Filter
from dispatch109.tickets import repository as ticket_rows
from dispatch109.tickets.model import State
from identity109.actor import Actor

ROWS = 100_000
_FILL = f"""
WITH who AS (
    INSERT INTO dispatch.contact (tenant_id, id, key_id, language, created_at)
    SELECT t, md5('contact' || t)::uuid, 'k1', 'kk', now() FROM generate_series(1, 4) t RETURNING tenant_id, id
)
INSERT INTO dispatch.ticket (tenant_id, id, year, number, state, version, contact_id, category_code, service_code,
    priority, text, address, landmark, folded, language, point, opened_at, opened_by, updated_at, due_at,
    statutory_due, closed_at)
SELECT who.tenant_id, md5(who.tenant_id || '-' || n)::uuid, 2026, n,
    CASE WHEN n % 20 = 0 THEN 'assigned' ELSE 'closed' END,
    2, who.id, 'other', CASE WHEN n % 500 = 0 THEN 'akimat' END, 3, f.t, '', '', f.t, 'kk',
    ST_SetSRID(ST_MakePoint(69.0 + (n % 317) * 0.001, 54.8 + (n % 311) * 0.001), 4326),
    now() - n * interval '1 minute', who.id, now(), now() + (n % 5000) * interval '1 minute',
    now() + interval '20 days',
    CASE WHEN n % 20 = 0 THEN NULL ELSE now() END
FROM who, generate_series(1, {ROWS} / 4) n, LATERAL (SELECT 'заявка ' || md5(n::text) AS t) f
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def full(databases: Databases) -> AsyncIterator[Database]:
    """A database of its own with 100 000 tickets in four tenants."""
    made = await databases.clone("tenants")
    connection = await asyncpg.connect(made.superuser)
    await connection.execute(_FILL)
    await connection.execute("VACUUM ANALYZE dispatch.ticket")
    await connection.close()
    async with storing(made.app):
        yield made


async def plan_of(question: Any) -> tuple[list[dict[str, Any]], float]:
    """The nodes of the plan that the application's own statement gets in the unit, and its milliseconds."""
    heard: list[asyncpg.connection.LoggedQuery] = []
    async with transaction(1):
        connection = unit.current().connection
        connection.add_query_logger(heard.append)
        await question
        await asyncio.sleep(0)  # asyncpg tells its loggers at the next turn of the loop
        connection.remove_query_logger(heard.append)
        (asked,) = heard
        text = await unit.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {asked.query}", *asked.args)
    (explained,) = json.loads(text)
    return list(nodes(explained["Plan"])), explained["Execution Time"]


def nodes(plan: dict[str, Any]) -> Any:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from nodes(inner)


def indexes(plan: list[dict[str, Any]]) -> set[str]:
    return {node["Index Name"] for node in plan if "Index Name" in node}


def read(plan: list[dict[str, Any]]) -> float:
    """Rows that were fetched and thrown away again."""
    return sum(
        node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0) for node in plan
    )


def page(**wanted: Any) -> Any:
    return lambda: queue_rows.page(Filter(**wanted), None, 51, counted=True)


WINTER = datetime(2026, 1, 1, tzinfo=UTC)
LOOKS = {State.ASSIGNED: "assigned"}
QUESTIONS = {
    "ticket_folded": page(view="all", words="c4ca4238a0"),
    "ticket_point": lambda: ticket_rows.near(69.14, 54.87, 300, None, 8),
    "ticket_open": page(),
    "ticket_service": page(service="akimat"),
    "ticket_opened": page(view="all"),
    "ticket_tenant_id_year_number_key": page(view="all", number=(2026, 77)),
}


@pytest.mark.parametrize("index", QUESTIONS)
async def test_the_question_uses_its_index_under_row_level_security(
    index: str, full: Database, store: object
) -> None:
    plan, milliseconds = await plan_of(QUESTIONS[index]())

    assert index in indexes(plan), plan
    assert not [
        node for node in plan if node["Node Type"] == "Seq Scan" and node["Relation Name"] == "ticket"
    ]
    assert read(plan) < 500
    assert milliseconds < 50


async def test_a_tile_of_the_map_is_found_by_an_index(full: Database, store: object) -> None:
    plan, milliseconds = await plan_of(places.tile(Tile(11, 1417, 649), None, LOOKS, "overdue", WINTER, 5000))

    assert indexes(plan) & {"ticket_open", "ticket_state", "ticket_point"}, plan
    assert read(plan) < 500
    assert milliseconds < 50


async def test_the_count_of_a_queue_reads_no_more_than_it_tells(full: Database, store: object) -> None:
    plan, _ = await plan_of(queue_rows.count(Filter(view="all")))

    assert max(node["Actual Rows"] for node in plan) <= queue_rows.COUNT_LIMIT


async def test_a_search_finds_the_same_as_reading_everything(
    full: Database, operator: Actor, store: object
) -> None:
    async with transaction(operator.here.id):
        quick = await page(view="all", words="c4ca4238a0")()
        await unit.execute("SET LOCAL enable_bitmapscan = off")
        await unit.execute("SET LOCAL enable_indexscan = off")
        slow = await page(view="all", words="c4ca4238a0")()

    assert quick == slow
    assert quick[1] == 1
