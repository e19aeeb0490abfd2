"""Every tenant table that the catalogue knows, tried with plain SQL as the application's role."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from tests.integration.isolation.conftest import Side

from chassis109.store import unit
from chassis109.store.unit import NoUnitOfWork, transaction
from dispatch109 import tables

_TABLES = """
SELECT n.nspname || '.' || c.relname AS name,
    (SELECT array_agg(quote_ident(attname) ORDER BY attnum) FROM pg_attribute a
     WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') AS columns
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND obj_description(c.oid, 'pg_class') LIKE 'tenant: %' ORDER BY 1
"""

Attempt = Callable[[str, list[str], int, int, Any], Awaitable[str]]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def registered(superuser: asyncpg.Connection) -> dict[str, list[str]]:
    """The columns of every table that is registered as a tenant's."""
    return {row["name"]: row["columns"] for row in await superuser.fetch(_TABLES)}


async def rows_of(superuser: asyncpg.Connection, table: str, tenant: int) -> list[str]:
    rows = await superuser.fetch(
        f"SELECT to_jsonb(t)::text AS row FROM {table} t WHERE tenant_id = $1 ORDER BY 1", tenant
    )
    return [row["row"] for row in rows]


async def read(table: str, columns: list[str], ours: int, theirs: int, _: Any) -> str:
    count = await unit.fetchval(f"SELECT count(*) FROM {table} WHERE tenant_id = $1", theirs)
    everything = await unit.fetchval(f"SELECT count(*) FROM {table} WHERE tenant_id <> $1", ours)
    return f"{count + everything} rows seen"


async def insert(table: str, columns: list[str], ours: int, theirs: int, row: Any) -> str:
    names = ", ".join(columns)
    return await unit.execute(
        f"INSERT INTO {table} ({names}) OVERRIDING SYSTEM VALUE"
        f" SELECT {names} FROM jsonb_populate_record(NULL::{table}, $1::jsonb)",
        json.dumps(row),
    )


async def update(table: str, columns: list[str], ours: int, theirs: int, _: Any) -> str:
    return await unit.execute(f"UPDATE {table} SET tenant_id = tenant_id WHERE tenant_id = $1", theirs)


async def take(table: str, columns: list[str], ours: int, theirs: int, _: Any) -> str:
    return await unit.execute(f"UPDATE {table} SET tenant_id = $1 WHERE tenant_id = $2", ours, theirs)


async def give(table: str, columns: list[str], ours: int, theirs: int, _: Any) -> str:
    return await unit.execute(f"UPDATE {table} SET tenant_id = $1 WHERE tenant_id = $2", theirs, ours)


async def delete(table: str, columns: list[str], ours: int, theirs: int, _: Any) -> str:
    return await unit.execute(f"DELETE FROM {table} WHERE tenant_id = $1", theirs)


async def lock(table: str, columns: list[str], ours: int, theirs: int, _: Any) -> str:
    found = await unit.fetch(f"SELECT 1 FROM {table} WHERE tenant_id = $1 FOR UPDATE", theirs)
    return f"{len(found)} rows seen"


ATTEMPTS: tuple[Attempt, ...] = (read, insert, update, take, give, delete, lock)
HARMLESS = {"0 rows seen", "UPDATE 0", "DELETE 0", "refused"}


HANGING = (
    "INSERT INTO dispatch.history (tenant_id, ticket_id, seq, at, actor_name, verb, to_state, note)"
    " VALUES ($1, $2, 99, now(), 'x', 'x', 'x', 'x')",
    "INSERT INTO dispatch.assignment (tenant_id, id, ticket_id, service_code, assigned_at, react_by)"
    " VALUES ($1, gen_random_uuid(), $2, 'akimat', now(), now())",
    "UPDATE dispatch.callback SET ticket_id = $2 WHERE tenant_id = $1",
    "UPDATE dispatch.incident SET ticket_id = $2 WHERE tenant_id = $1",
)
HANGING_ON_AN_EMERGENCY = (
    "UPDATE dispatch.handoff SET incident_id = $2 WHERE tenant_id = $1",
    "INSERT INTO dispatch.callback (tenant_id, id, incident_id, contact_id, state, version, planned_at, not_before,"
    " due_at) SELECT $1, gen_random_uuid(), $2, contact_id, 'due', 1, now(), now(), now() FROM dispatch.incident",
    "INSERT INTO dispatch.call (tenant_id, id, contact_id, operator_id, at, outcome, incident_id, note)"
    " SELECT $1, gen_random_uuid(), contact_id, opened_by, now(), 'handed_off', $2, '' FROM dispatch.incident",
)
HANGING_ON_A_HANDOFF = (
    "UPDATE dispatch.handoff SET parent_id = $2, relation = 'transfer' WHERE tenant_id = $1",
    "INSERT INTO dispatch.handoff_event (tenant_id, handoff_id, seq, at, event, side, to_state, actor_name, note,"
    " digest) VALUES ($1, $2, 99, now(), 'x', 'hub', 'x', 'x', 'x', '')",
    "INSERT INTO dispatch.handoff_unit (tenant_id, handoff_id, unit_id, call_sign, kind, status, at)"
    " VALUES ($1, $2, 'x', 'x', 'x', 'x', now())",
)


async def test_every_table_has_rows_of_both_tenants_so_that_the_attempts_mean_something(
    registered: dict[str, list[str]], superuser: asyncpg.Connection, ours: Side, theirs: Side
) -> None:
    assert len(registered) >= 20
    for table in registered:
        for side in (ours, theirs):
            assert await rows_of(superuser, table, side.tenant.id), f"{table} is empty: fill it in conftest"


async def test_no_tenant_reads_writes_moves_or_deletes_a_row_of_another(
    registered: dict[str, list[str]], superuser: asyncpg.Connection, ours: Side, theirs: Side
) -> None:
    a, b = ours.tenant.id, theirs.tenant.id
    reached = []
    for table, columns in registered.items():
        before = [await rows_of(superuser, table, tenant) for tenant in (a, b)]
        for attempt in ATTEMPTS:
            try:
                async with transaction(a):
                    result = await attempt(table, columns, a, b, json.loads(before[1][0]))
            except asyncpg.InsufficientPrivilegeError:
                result = "refused"
            if result not in HARMLESS:
                reached.append(f"{attempt.__name__} {table}: {result}")
        assert [await rows_of(superuser, table, tenant) for tenant in (a, b)] == before, table
    assert reached == []


async def test_without_a_tenant_no_table_shows_or_takes_a_row(
    registered: dict[str, list[str]], superuser: asyncpg.Connection, ours: Side
) -> None:
    for table, columns in registered.items():
        row = json.loads((await rows_of(superuser, table, ours.tenant.id))[0])
        async with transaction(None):
            assert await unit.fetchval(f"SELECT count(*) FROM {table}") == 0, table
        (seen,) = await unit.lookup(f"SELECT count(*) FROM {table}")
        assert seen[0] == 0, table
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with transaction(None):
                await insert(table, columns, 0, 0, row)


async def test_a_query_outside_a_unit_of_work_is_refused_by_name(store: object) -> None:
    for ask in (unit.fetch, unit.fetchrow, unit.fetchval, unit.execute):
        with pytest.raises(NoUnitOfWork):
            await ask("SELECT 1")


async def test_piccolo_works_inside_a_unit_with_its_tenant_and_is_refused_outside(
    ours: Side, theirs: Side
) -> None:
    unit.bind(tables.Ticket)
    for side in (ours, theirs):
        async with transaction(side.tenant.id):
            seen = await tables.Ticket.select(tables.Ticket.tenant_id)
        assert {row["tenant_id"] for row in seen} == {side.tenant.id}
    for question in (tables.Ticket.select(), tables.Ticket.count(), tables.Ticket.raw("SELECT 1")):
        with pytest.raises(NoUnitOfWork):
            await question


async def test_a_row_of_ours_cannot_hang_on_a_row_of_theirs(ours: Side, theirs: Side) -> None:
    for statements, foreign in (
        (HANGING, theirs.opened.id), (HANGING_ON_AN_EMERGENCY, theirs.incident.id),
        (HANGING_ON_A_HANDOFF, theirs.handoff.id),
    ):  # fmt: skip
        for sql in statements:
            with pytest.raises(asyncpg.ForeignKeyViolationError):
                async with transaction(ours.tenant.id):
                    await unit.execute(sql, ours.tenant.id, foreign)


async def test_a_key_that_another_tenant_uses_is_free_here(ours: Side, theirs: Side) -> None:
    a = ours.tenant.id
    async with transaction(a):
        await unit.execute(
            "INSERT INTO dispatch.contact (tenant_id, id, key_id, language, created_at)"
            " VALUES ($1, $2, 'k', 'kk', now())",
            a,
            theirs.opened.contact_id,
        )
        seen = await unit.fetchval(
            "SELECT count(*) FROM dispatch.contact WHERE id = $1", theirs.opened.contact_id
        )
    assert seen == 1


async def test_the_application_cannot_switch_row_level_security_off(ours: Side) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with transaction(ours.tenant.id):
            await unit.execute("SET LOCAL row_security = off")
            await unit.fetch("SELECT * FROM dispatch.ticket")


async def test_copy_into_a_tenant_table_is_refused(ours: Side, theirs: Side) -> None:
    with pytest.raises(asyncpg.FeatureNotSupportedError):
        async with transaction(ours.tenant.id):
            await unit.current().connection.copy_records_to_table(
                "ticket_number", schema_name="dispatch", records=[(theirs.tenant.id, 2031, 1)]
            )
