"""The unit of work under everything that may happen to it; what Piccolo's own transaction got wrong (decision 0003).

After each trial the pool must be whole: all its connections can be taken at once, and none knows a tenant.
"""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio
from tests.databases import Database, storing
from tests.integration.isolation.conftest import Side

from chassis109.store import unit
from chassis109.store.unit import DatabaseUnavailable, NoUnitOfWork, TenantMismatch, transaction

SIZE = 2


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def small_pool(database: Database, store: object, ours: Side, theirs: Side) -> AsyncIterator[None]:
    """A pool of two, which must still have two at the end."""
    async with storing(database.app, SIZE):
        yield
        pool = unit.engine().pool
        lent = [await pool.acquire(timeout=2) for _ in range(SIZE)]
        for connection in lent:
            assert await connection.fetchval("SELECT current_setting('app.tenant', true)") in {None, ""}
            await pool.release(connection)


async def tenants_seen() -> set[int]:
    return {row["tenant_id"] for row in await unit.fetch("SELECT DISTINCT tenant_id FROM dispatch.ticket")}


async def kill(superuser: asyncpg.Connection) -> None:
    """End the backend of the running unit, as an administrator or a crash would."""
    await superuser.execute("SELECT pg_terminate_backend($1)", await unit.fetchval("SELECT pg_backend_pid()"))


async def test_a_unit_of_another_tenant_inside_is_refused_and_the_outer_one_keeps_its_tenant(
    ours: Side, theirs: Side
) -> None:
    a = ours.tenant.id
    async with transaction(a):
        for other in (theirs.tenant.id, None):
            with pytest.raises(TenantMismatch):
                transaction(other)
        assert await tenants_seen() == {a}


async def test_a_unit_of_the_same_tenant_inside_is_the_same_transaction(ours: Side) -> None:
    async with transaction(ours.tenant.id) as outer:
        async with transaction(ours.tenant.id) as inner:
            number = await unit.fetchval("SELECT pg_current_xact_id()")
        assert inner is outer
        assert await unit.fetchval("SELECT pg_current_xact_id()") == number


async def test_what_fails_inside_takes_the_whole_unit_back(ours: Side) -> None:
    with pytest.raises(LookupError):
        async with transaction(ours.tenant.id):
            async with transaction(ours.tenant.id):
                await unit.execute("UPDATE dispatch.ticket SET text = 'changed'")
            raise LookupError
    async with transaction(ours.tenant.id):
        assert await unit.fetchval("SELECT count(*) FROM dispatch.ticket WHERE text = 'changed'") == 0


async def test_a_failing_commit_gives_its_connection_back(ours: Side) -> None:
    told = []
    for _ in range(SIZE + 2):
        with pytest.raises(asyncpg.UniqueViolationError):
            async with transaction(ours.tenant.id):
                await unit.execute(
                    "CREATE TEMP TABLE late (id int UNIQUE DEFERRABLE INITIALLY DEFERRED) ON COMMIT DROP"
                )
                await unit.execute("INSERT INTO late VALUES (1), (1)")
                unit.after_commit(lambda: told.append("never"))
    assert told == []
    with pytest.raises(NoUnitOfWork):
        unit.current()


async def test_a_killed_backend_is_told_as_unavailable_and_replaced(
    ours: Side, superuser: asyncpg.Connection
) -> None:
    for _ in range(SIZE + 1):
        with pytest.raises(DatabaseUnavailable):
            async with transaction(ours.tenant.id):
                await kill(superuser)
                await unit.fetch("SELECT 1")
    async with transaction(ours.tenant.id):
        assert await tenants_seen() == {ours.tenant.id}


async def test_a_backend_killed_before_the_commit_is_told_and_nothing_was_saved(
    ours: Side, superuser: asyncpg.Connection
) -> None:
    with pytest.raises(DatabaseUnavailable):
        async with transaction(ours.tenant.id):
            await unit.execute("UPDATE dispatch.ticket SET text = 'lost'")
            await kill(superuser)
    async with transaction(ours.tenant.id):
        assert await unit.fetchval("SELECT count(*) FROM dispatch.ticket WHERE text = 'lost'") == 0


async def test_a_request_that_is_cancelled_in_the_middle_of_a_query_leaves_nothing(ours: Side) -> None:
    for _ in range(SIZE + 1):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1), transaction(ours.tenant.id):
                await unit.execute("UPDATE dispatch.ticket SET text = 'cancelled'")
                await unit.fetch("SELECT pg_sleep(20)")
    async with transaction(ours.tenant.id):
        assert await unit.fetchval("SELECT count(*) FROM dispatch.ticket WHERE text = 'cancelled'") == 0


async def test_a_pool_that_is_exhausted_answers_instead_of_hanging(
    ours: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unit, "ACQUIRE_SECONDS", 0.2)
    pool = unit.engine().pool
    lent = [await pool.acquire() for _ in range(SIZE)]
    with pytest.raises(DatabaseUnavailable):
        async with transaction(ours.tenant.id):
            pass
    for connection in lent:
        await pool.release(connection)


async def test_one_connection_serves_tenants_in_turn_with_the_same_prepared_statement(
    ours: Side, theirs: Side
) -> None:
    sql = "SELECT DISTINCT tenant_id FROM dispatch.ticket WHERE $1::int > 0"
    for _ in range(10):
        for side in (ours, theirs):
            async with transaction(side.tenant.id):
                assert [row[0] for row in await unit.fetch(sql, 1)] == [side.tenant.id]


async def test_units_of_many_tenants_at_once_see_their_own_rows_only(ours: Side, theirs: Side) -> None:
    async def look(tenant: int) -> set[int]:
        async with transaction(tenant):
            await asyncio.sleep(0)
            return await tenants_seen()

    asked = [ours.tenant.id, theirs.tenant.id] * 20
    assert await asyncio.gather(*map(look, asked)) == [{tenant} for tenant in asked]


async def test_a_tenant_set_for_the_session_does_not_outlive_the_unit(ours: Side, theirs: Side) -> None:
    async with transaction(ours.tenant.id):
        await unit.execute("SELECT set_config('app.tenant', $1, false)", str(theirs.tenant.id))
    for _ in range(SIZE):
        async with transaction(None):
            assert await tenants_seen() == set()


async def test_a_savepoint_that_is_rolled_back_keeps_the_tenant(ours: Side) -> None:
    async with transaction(ours.tenant.id):
        await unit.execute("SAVEPOINT s")
        await unit.execute("SELECT set_config('app.tenant', '', true)")
        await unit.execute("ROLLBACK TO s")
        assert await tenants_seen() == {ours.tenant.id}


async def test_questions_in_parallel_inside_one_unit_fail_loudly(ours: Side) -> None:
    async with transaction(ours.tenant.id):
        results = await asyncio.gather(
            *(unit.fetch("SELECT pg_sleep(0.05)") for _ in range(2)), return_exceptions=True
        )
    assert [type(result) for result in results if isinstance(result, Exception)] == [asyncpg.InterfaceError]


async def test_a_task_that_outlives_its_unit_cannot_use_it(ours: Side) -> None:
    async def later() -> None:
        await asyncio.sleep(0.05)
        await unit.fetch("SELECT 1")

    async with transaction(ours.tenant.id):
        task = asyncio.create_task(later())
    with pytest.raises(NoUnitOfWork):
        await task


async def test_a_task_that_outlives_its_unit_may_begin_one_of_its_own(ours: Side, theirs: Side) -> None:
    async def later() -> set[int]:
        await asyncio.sleep(0.05)
        async with transaction(theirs.tenant.id):
            return await tenants_seen()

    async with transaction(ours.tenant.id):
        task = asyncio.create_task(later())
    assert await task == {theirs.tenant.id}


async def test_a_batch_of_piccolo_and_its_own_transactions_are_refused(ours: Side) -> None:
    async with transaction(ours.tenant.id):
        with pytest.raises(NoUnitOfWork):
            await unit.engine().batch(None)
        with pytest.raises(NoUnitOfWork):
            unit.engine().transaction()


async def test_what_is_to_be_done_after_the_commit_is_done_once_and_only_then(ours: Side) -> None:
    told = []
    async with transaction(ours.tenant.id):
        async with transaction(ours.tenant.id):
            unit.after_commit(lambda: told.append("inner"))
        assert told == []
    assert told == ["inner"]
    with pytest.raises(LookupError):
        async with transaction(ours.tenant.id):
            unit.after_commit(lambda: told.append("rolled back"))
            raise LookupError
    assert told == ["inner"]
