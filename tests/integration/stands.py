"""The columns of a table as the code says them, and as the database has them."""

from typing import Any

import asyncpg
from piccolo.columns import JSONB, BigInt, Bytea, Column, DoublePrecision
from piccolo.table import Table

from chassis109.store.geometry import Geometry

_COLUMNS = """
SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, NOT a.attnotnull AS null
FROM pg_attribute a WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
_BY_CLASS = ((JSONB, "jsonb"), (Bytea, "bytea"), (DoublePrecision, "double precision"), (BigInt, "bigint"))


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


async def standing(table: type[Table], superuser: asyncpg.Connection) -> list[dict[str, Any]]:
    rows = await superuser.fetch(_COLUMNS, f"{table._meta.schema}.{table._meta.tablename}")
    return [dict(row) for row in rows]
