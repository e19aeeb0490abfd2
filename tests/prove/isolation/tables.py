"""The tenant tables of a database as its catalogue has them, with a row of each tenant to attack with."""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

SCHEMAS = ("app", "chassis", "tenancy", "identity", "dispatch", "hub", "region")
_TABLES = """
SELECT c.oid::regclass::text AS name,
    (SELECT array_agg(attname::text ORDER BY attnum) FROM pg_attribute a
     WHERE a.attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '') AS columns,
    (SELECT array_agg(format_type(atttypid, NULL) ORDER BY attnum) FROM pg_attribute a
     WHERE a.attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '') AS types
FROM pg_class c WHERE c.relkind IN ('r', 'p') AND obj_description(c.oid, 'pg_class') LIKE 'tenant: %' ORDER BY 1
"""
_MAY = """
SELECT c.oid::regclass::text AS name, v.verb, array_agg(a.attname::text ORDER BY a.attnum) AS columns
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    AND a.attgenerated = ''
CROSS JOIN (VALUES ('SELECT'), ('INSERT'), ('UPDATE')) v (verb)
WHERE c.oid = ANY ($2::regclass[]) AND has_column_privilege($1, c.oid, a.attnum, v.verb) GROUP BY 1, 2
"""
_KEYS = """
SELECT i.indrelid::regclass::text AS name, i.indexrelid::regclass::text AS index, i.indisprimary AS first,
    pg_get_expr(i.indpred, i.indrelid) AS condition,
    (SELECT array_agg(a.attname::text ORDER BY k.n) FROM unnest(i.indkey) WITH ORDINALITY k (num, n)
     JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.num) AS columns
FROM pg_index i WHERE i.indisunique AND i.indexprs IS NULL AND i.indrelid = ANY ($1::regclass[])
ORDER BY 3 DESC, 2
"""
_REFERENCES = """
SELECT c.conrelid::regclass::text AS name, c.conname::text AS constraint, c.confrelid::regclass::text AS target,
    (SELECT array_agg(a.attname::text ORDER BY k.n) FROM unnest(c.conkey) WITH ORDINALITY k (num, n)
     JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.num) AS columns,
    (SELECT array_agg(a.attname::text ORDER BY k.n) FROM unnest(c.confkey) WITH ORDINALITY k (num, n)
     JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.num) AS keys
FROM pg_constraint c WHERE c.contype = 'f' AND c.conrelid = ANY ($1::regclass[]) AND c.confrelid = ANY ($1::regclass[])
ORDER BY 2
"""
_VIEWS = """
SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('v', 'm') AND n.nspname = ANY ($2) AND has_table_privilege($1, c.oid, 'SELECT') ORDER BY 1
"""
_FUNCTIONS = """
SELECT p.oid::regproc::text AS name,
    coalesce((SELECT array_agg(format_type(t, NULL) ORDER BY n)
              FROM unnest(p.proargtypes) WITH ORDINALITY a (t, n)), '{}') AS types
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname = ANY ($2) AND p.prokind = 'f' AND has_function_privilege($1, p.oid, 'EXECUTE') ORDER BY 1
"""


@dataclass(frozen=True)
class Key:
    """A unique index; `columns` without the tenant."""

    index: str
    columns: tuple[str, ...]
    condition: str | None


@dataclass(frozen=True)
class Reference:
    """A foreign key to a tenant table; columns and keys without the tenant, and a row of theirs to hang on."""

    constraint: str
    target: str
    columns: tuple[str, ...]
    keys: tuple[str, ...]
    row: str | None


@dataclass(frozen=True)
class Table:
    """One table: what a role may do in it, and as JSON a row of theirs and one of ours."""

    name: str
    types: dict[str, str]
    may: dict[str, tuple[str, ...]]
    keys: tuple[Key, ...]
    references: tuple[Reference, ...]
    theirs: str | None
    ours: str | None


@dataclass(frozen=True)
class Reachable:
    """All that a role could reach the other tenant by."""

    tables: tuple[Table, ...]
    views: tuple[str, ...]
    functions: tuple[tuple[str, tuple[str, ...]], ...]


async def reachable(connection: asyncpg.Connection, role: str, ours: int, theirs: int) -> Reachable:
    """Read the catalogue as the superuser, and a row of each tenant."""
    found = await connection.fetch(_TABLES)
    names = [row["name"] for row in found]
    may = {
        (row["name"], row["verb"]): tuple(row["columns"]) for row in await connection.fetch(_MAY, role, names)
    }
    rows = {(name, side): await _row(connection, name, side) for name in names for side in (ours, theirs)}
    keys, references = await connection.fetch(_KEYS, names), await connection.fetch(_REFERENCES, names)
    tables = tuple(
        Table(
            name, dict(zip(row["columns"], row["types"], strict=True)),
            {verb: may.get((name, verb), ()) for verb in ("SELECT", "INSERT", "UPDATE")},
            tuple(Key(k["index"], _own(k["columns"]), k["condition"]) for k in keys if k["name"] == name),
            tuple(
                Reference(r["constraint"], r["target"], _own(r["columns"]), _own(r["keys"]), rows[r["target"], theirs])
                for r in references if r["name"] == name
            ),
            rows[name, theirs], rows[name, ours],
        )
        for name, row in zip(names, found, strict=True)
    )  # fmt: skip
    return Reachable(
        tables,
        tuple(row["name"] for row in await connection.fetch(_VIEWS, role, list(SCHEMAS))),
        tuple(
            (row["name"], tuple(row["types"]))
            for row in await connection.fetch(_FUNCTIONS, role, list(SCHEMAS))
        ),
    )


def _own(columns: Sequence[str]) -> tuple[str, ...]:
    return tuple(column for column in columns if column != "tenant_id")


async def _row(connection: asyncpg.Connection, table: str, tenant: int) -> str | None:
    found: str | None = await connection.fetchval(
        f"SELECT to_jsonb(t)::text FROM {table} t WHERE tenant_id = $1 ORDER BY t::text LIMIT 1", tenant
    )
    return found
