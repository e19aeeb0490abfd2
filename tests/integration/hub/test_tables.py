"""The tables that the code knows are the tables that the migrations make."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio
from piccolo.table import Table
from tests.databases import Database
from tests.integration.stands import said_by, standing

from chassis109.store import unit
from hub112 import tables

_OWN = """
SELECT n.nspname || '.' || c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname = 'hub'
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def bound(hub: Database) -> AsyncIterator[None]:
    """Piccolo's types depend on the engine that its tables are bound to."""
    unit.bind(*tables.TABLES)
    yield


@pytest.mark.parametrize("table", tables.TABLES, ids=lambda table: str(table._meta.tablename))
async def test_the_tables_of_the_code_are_the_tables_of_the_database(
    table: type[Table], superuser: asyncpg.Connection
) -> None:
    assert said_by(table) == await standing(table, superuser)


async def test_every_table_of_the_hub_is_known_to_the_code(superuser: asyncpg.Connection) -> None:
    stands = {row["name"] for row in await superuser.fetch(_OWN)}

    assert stands == {f"{table._meta.schema}.{table._meta.tablename}" for table in tables.TABLES}
