"""The runner: once, in order, one at a time, nothing half-made, nothing that breaks the isolation rules."""

import asyncio
import sys
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest
import pytest_asyncio
from piccolo.columns import JSONB, Array, Bytea, Column, DoublePrecision
from piccolo.table import Table
from tests.databases import Database, Databases, storing

from chassis109.store import migrate, unit
from chassis109.store.geometry import Geometry
from chassis109.store.migrate import MigrationRefused
from dispatch109 import tables as dispatch_tables
from dispatch109.federation import tables as federation_tables
from dispatch109.migrate import PACKAGES
from identity109 import tables as identity_tables
from tenancy109 import tables as tenancy_tables

TABLES: tuple[type[Table], ...] = (
    *tenancy_tables.TABLES, *identity_tables.TABLES, *dispatch_tables.TABLES, *federation_tables.TABLES,
)  # fmt: skip

_COLUMNS = """
SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, NOT a.attnotnull AS null
FROM pg_attribute a WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
_OWN = """
SELECT n.nspname || '.' || c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname IN ('tenancy', 'identity', 'dispatch')
"""
_GRANTEES = """
SELECT DISTINCT grantee FROM information_schema.role_table_grants
WHERE table_schema IN ('migration', 'chassis', 'tenancy', 'identity')
"""
# What Piccolo calls a type, in the catalogue's words.
_WORDS = {
    "timestamptz": "timestamp with time zone", "jsonb": "jsonb", "bytea": "bytea", "uuid": "uuid", "text": "text",
    "smallint": "smallint", "integer": "integer", "boolean": "boolean", "double precision": "double precision",
    "text[]": "text[]", "date": "date",
}  # fmt: skip


def type_of(column: Column) -> str:
    if isinstance(column, Geometry):
        return f"geometry({column.shape},{column.srid})"
    for kind, word in (
        (JSONB, "jsonb"),
        (Bytea, "bytea"),
        (DoublePrecision, "double precision"),
        (Array, "text[]"),
    ):
        if isinstance(column, kind):
            return word
    return _WORDS[column.column_type.lower()]


def said_by(table: type[Table]) -> list[dict[str, Any]]:
    return [
        {"name": column._meta.db_column_name, "type": type_of(column), "null": column._meta.null}
        for column in table._meta.columns
    ]


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def bound(own_database: Database) -> AsyncIterator[None]:
    """Piccolo's types depend on the engine that its tables are bound to."""
    async with storing(own_database.app):
        unit.bind(*TABLES)
        yield


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes an import package that has migrations; its name."""

    def make(**files: str) -> str:
        name = f"trial{len(list(tmp_path.iterdir()))}"
        folder = tmp_path / name / "migrations"
        folder.mkdir(parents=True)
        (tmp_path / name / "__init__.py").touch()
        for file, sql in files.items():
            (folder / f"{file}.sql").write_text(sql)
        sys.modules.pop(name, None)
        return name

    monkeypatch.syspath_prepend(tmp_path)
    return make


@pytest.mark.parametrize("table", TABLES, ids=lambda table: str(table._meta.tablename))
async def test_the_tables_of_the_code_are_the_tables_of_the_database(
    table: type[Table], own_database: Database
) -> None:
    connection = await asyncpg.connect(own_database.superuser)
    try:
        stands = await connection.fetch(_COLUMNS, f"{table._meta.schema}.{table._meta.tablename}")
    finally:
        await connection.close()

    assert sorted(map(str, said_by(table))) == sorted(str(dict(row)) for row in stands)


async def test_every_table_of_the_database_is_known_to_the_code(own_database: Database) -> None:
    connection = await asyncpg.connect(own_database.superuser)
    try:
        stands = {row["name"] for row in await connection.fetch(_OWN)}
    finally:
        await connection.close()

    assert stands == {f"{table._meta.schema}.{table._meta.tablename}" for table in TABLES}


async def test_an_empty_database_comes_to_the_head_and_a_second_run_does_nothing(
    databases: Databases,
) -> None:
    empty = await databases.clone("empty")

    applied = await migrate.run(empty.owner, PACKAGES)

    assert applied == [name for name, _ in migrate.pending(PACKAGES)]
    assert await migrate.run(empty.owner, PACKAGES) == []


async def test_two_runners_at_once_apply_everything_once(databases: Databases) -> None:
    empty = await databases.clone("empty")

    results = await asyncio.gather(*(migrate.run(empty.owner, PACKAGES) for _ in range(3)))

    assert sorted(map(len, results)) == [0, 0, len(migrate.pending(PACKAGES))]


async def test_an_applied_file_that_was_changed_is_refused(databases: Databases) -> None:
    own = await databases.clone("migrated")
    connection = await asyncpg.connect(own.owner)
    await connection.execute(
        "UPDATE migration.applied SET sha256 = 'other' WHERE name = 'chassis_0001_ground.sql'"
    )
    await connection.close()

    with pytest.raises(MigrationRefused, match=r"chassis_0001_ground\.sql was changed"):
        await migrate.run(own.owner, PACKAGES)


async def test_the_shared_files_serve_another_service_with_roles_of_its_own(
    databases: Databases, environment: dict[str, str]
) -> None:
    """Two services, two databases, one set of files: each grants to its own roles, and notes the same checksums."""
    own, shared = await databases.clone("empty"), ("chassis109", "tenancy109", "identity109")
    superuser = await asyncpg.connect(own.superuser)
    await superuser.execute(f'ALTER DATABASE "{own.name}" OWNER TO hub_owner')
    hub_owner = urlsplit(environment["HUB_OWNER_DSN"])._replace(path=f"/{own.name}").geturl()

    await migrate.run(hub_owner, shared, service="hub")

    grantees = await superuser.fetch(_GRANTEES)
    noted = await superuser.fetch("SELECT name, sha256 FROM migration.applied ORDER BY name")
    findings = await migrate.lint(superuser)
    await superuser.close()
    assert {row["grantee"] for row in grantees} == {"hub_owner", "hub_app", "hub_relay"}
    assert [tuple(row) for row in noted] == sorted(
        (name, sha256(sql.encode()).hexdigest()) for name, sql in migrate.pending(shared)
    )
    assert findings == []
    assert await migrate.run(hub_owner, shared, service="hub") == []


async def test_a_service_nobody_knows_is_refused_before_anything_is_connected() -> None:
    with pytest.raises(MigrationRefused, match="no service 'postgres'"):
        await migrate.run("postgresql://nowhere", (), service="postgres")


async def test_a_table_without_row_level_security_is_refused_and_nothing_of_it_stays(
    databases: Databases, package: Any
) -> None:
    own = await databases.clone("migrated")
    name = package(
        later_0001="CREATE TABLE dispatch.open_to_all (tenant_id smallint NOT NULL, id int,"
        " PRIMARY KEY (tenant_id, id));"
        " COMMENT ON TABLE dispatch.open_to_all IS 'tenant: forgotten';"
    )

    with pytest.raises(MigrationRefused, match=r"T2 RLS not enabled dispatch\.open_to_all"):
        await migrate.run(own.owner, (*PACKAGES, name))

    connection = await asyncpg.connect(own.superuser)
    left = await connection.fetchval("SELECT to_regclass('dispatch.open_to_all')")
    noted = await connection.fetchval("SELECT count(*) FROM migration.applied WHERE name LIKE 'later%'")
    await connection.close()
    assert (left, noted) == (None, 0)


async def test_a_file_that_fails_in_the_middle_leaves_nothing_and_those_before_it_stay(
    databases: Databases, package: Any
) -> None:
    own = await databases.clone("migrated")
    name = package(
        step_0001="CREATE TABLE app.kept (id int); COMMENT ON TABLE app.kept IS 'global: a trial';",
        step_0002="CREATE TABLE app.lost (id int); SELECT 1/0;",
    )

    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate.run(own.owner, (*PACKAGES, name))

    connection = await asyncpg.connect(own.superuser)
    found = await connection.fetchrow("SELECT to_regclass('app.kept')::text, to_regclass('app.lost')::text")
    await connection.close()
    assert tuple(found) == ("app.kept", None)


async def test_two_files_of_one_name_are_refused_before_anything_runs(package: Any) -> None:
    first, second = package(same_0001="SELECT 1"), package(same_0001="SELECT 2")

    with pytest.raises(MigrationRefused, match="two migrations of one name"):
        migrate.pending((first, second))


async def test_files_are_applied_in_the_order_of_packages_then_of_names(package: Any) -> None:
    lower, upper = package(b_0002="2", b_0001="1"), package(a_0001="3")

    assert [sql for _, sql in migrate.pending((lower, upper))] == ["1", "2", "3"]


async def test_a_schema_that_lost_a_leakproof_mark_is_refused_by_the_next_start(databases: Databases) -> None:
    """A dump does not carry the marks: whoever restores one without the bootstrap is told."""
    database = await databases.clone("tenants")
    superuser = await asyncpg.connect(database.superuser)
    try:
        assert await migrate.run(database.owner, PACKAGES) == []
        await superuser.execute("ALTER FUNCTION geometry_overlaps(geometry, geometry) NOT LEAKPROOF")
        with pytest.raises(MigrationRefused, match="&& not leakproof"):
            await migrate.run(database.owner, PACKAGES)
    finally:
        await superuser.close()
