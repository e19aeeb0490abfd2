"""With 40 000 emergencies behind it and row-level security on, what is asked each second uses its index."""

from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import pytest
import pytest_asyncio
from tests.databases import Database, Databases, storing
from tests.integration.dispatch.test_plans import indexes, plan_of

from dispatch109.emergencies import repository, watchdog

ROWS = 40_000
_FILL = f"""
WITH who AS (
    INSERT INTO dispatch.contact (tenant_id, id, key_id, language, created_at)
    SELECT t, md5('contact' || t)::uuid, 'k1', 'kk', now() FROM generate_series(1, 4) t RETURNING tenant_id, id
), given AS (
    INSERT INTO dispatch.incident (tenant_id, id, year, number, mode, version, contact_id, type, priority, text,
        address, landmark, place, victims, hazards, relation, opened_at, opened_by, opened_name, ended_at)
    SELECT tenant_id, md5(tenant_id || '-' || n)::uuid, 2026, n, 'live', 1, id, 'gas.co', 'P0', '', 'x', '', '{{}}',
        '{{}}', '{{}}', '', now() - n * interval '1 minute', id, 'x',
        CASE WHEN n % 500 = 0 THEN NULL ELSE now() END
    FROM who, generate_series(1, {ROWS} / 4) n RETURNING tenant_id, id, number
)
INSERT INTO dispatch.handoff (tenant_id, id, incident_id, service, state, version, priority, message_id, sent_seq,
    chain, created_at, sent_at, expires_at, hub_by, receipt_by, seen_by, decide_by, unit_seconds, hub_at, ended_at,
    alarm, alarm_at, due_at)
SELECT tenant_id, id, id, '103', CASE WHEN number % 500 = 0 THEN 'created' ELSE 'closed' END, 1, 'P0', id, 1, '', now(),
    now(), now(), now(), now(), now(), now(), 60, CASE WHEN number % 500 = 0 THEN NULL ELSE now() END,
    CASE WHEN number % 500 = 0 THEN NULL ELSE now() END, CASE WHEN number % 500 = 0 THEN 'no_hub' END, now(),
    CASE WHEN number % 500 = 0 THEN now() END
FROM given
"""
QUESTIONS: dict[str, Callable[[], Awaitable[object]]] = {
    "handoff_due": lambda: repository.overdue(100),
    "handoff_leaving": lambda: repository.arrived(100),
    "handoff_alarm": lambda: repository.alarmed("live", 200),
    "incident_open": lambda: repository.listed("live", 200, open_only=True),
    "incident_opened": lambda: repository.listed("live", 51, open_only=False),
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def full(databases: Databases) -> AsyncIterator[Database]:
    """A database of its own with emergencies of four tenants."""
    made = await databases.clone("tenants")
    connection = await asyncpg.connect(made.superuser)
    await connection.execute(_FILL)
    await connection.execute("VACUUM ANALYZE dispatch.incident")
    await connection.execute("VACUUM ANALYZE dispatch.handoff")
    await connection.close()
    async with storing(made.app):
        yield made


@pytest.mark.parametrize("index", QUESTIONS)
async def test_the_question_uses_its_index_under_row_level_security(
    index: str, full: Database, store: object
) -> None:
    plan, milliseconds = await plan_of(QUESTIONS[index]())

    assert index in indexes(plan), plan
    assert not [node for node in plan if node["Node Type"] == "Seq Scan" and "Relation Name" in node
                and node["Relation Name"] in {"incident", "handoff"}]  # fmt: skip
    assert milliseconds < 50


async def test_the_relay_finds_the_tenants_with_something_to_do_without_reading_all(full: Database) -> None:
    relay = await asyncpg.connect(full.relay)
    try:
        rows = await relay.fetch(f"EXPLAIN {watchdog.TENANTS_WITH_OVERDUE}")
    finally:
        await relay.close()

    plan = "\n".join(row[0] for row in rows)
    assert "handoff_due" in plan
    assert "handoff_leaving" in plan
    assert "Seq Scan" not in plan
