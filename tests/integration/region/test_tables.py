"""The tables that the code knows are the tables that the migrations make."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from piccolo.columns import JSONB, BigInt, Bytea, Column, DoublePrecision
from piccolo.table import Table
from tests.databases import Database

from chassis109.store import unit
from chassis109.store.geometry import Geometry
from region109 import tables

_COLUMNS = """
SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, NOT a.attnotnull AS null
FROM pg_attribute a WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
_OWN = """
SELECT n.nspname || '.' || c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname = 'region'
"""
_BY_CLASS = ((JSONB, "jsonb"), (Bytea, "bytea"), (DoublePrecision, "double precision"), (BigInt, "bigint"))


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def bound(region: Database) -> AsyncIterator[None]:
    """Piccolo's types depend on the engine that its tables are bound to."""
    unit.bind(*tables.TABLES)
    yield


def type_of(column: Column) -> str:
    for kind, word in _BY_CLASS:
        if isinstance(column, kind):
            return word
    if isinstance(column, Geometry):
        return column.column_type
    return {"timestamptz": "timestamp with time zone"}.get(
        column.column_type.lower(), column.column_type.lower()
    )


def said_by(table: type[Table]) -> list[dict[str, Any]]:
    return [
        {"name": column._meta.db_column_name, "type": type_of(column), "null": column._meta.null}
        for column in table._meta.columns
    ]


@pytest.mark.parametrize("table", tables.TABLES, ids=lambda table: str(table._meta.tablename))
async def test_the_tables_of_the_code_are_the_tables_of_the_database(
    table: type[Table], superuser: asyncpg.Connection
) -> None:
    stands = await superuser.fetch(_COLUMNS, f"{table._meta.schema}.{table._meta.tablename}")

    assert said_by(table) == [dict(row) for row in stands]


async def test_every_table_of_the_region_is_known_to_the_code(superuser: asyncpg.Connection) -> None:
    stands = {row["name"] for row in await superuser.fetch(_OWN)}

    assert stands == {f"{table._meta.schema}.{table._meta.tablename}" for table in tables.TABLES}
