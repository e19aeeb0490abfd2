"""The migration runner: .sql files of each package, in order, each in one transaction with its record and lint.

Piccolo's runner was weighed and refused: no lock, the record outside the transaction, modules imported by
bare file name (docs/decisions/0002).

Files of packages that several services share name the roles of dispatch; the runner writes the roles of the
service at hand in their place. What is remembered is the file as it stands.
"""

import asyncio
import os
import re
import sys
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import asyncpg

from chassis109.kernel import settings

LOCK = 1091  # any constant: two runners at once wait for each other
LINT = Path(__file__).with_name("tenant_lint.sql")
SERVICES = ("dispatch", "hub", "region")

_ROLE = re.compile(r"\bdispatch_(owner|app|relay)\b")

_HISTORY = """
CREATE SCHEMA IF NOT EXISTS migration;
CREATE TABLE IF NOT EXISTS migration.applied (
    name text PRIMARY KEY, sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
COMMENT ON TABLE migration.applied IS 'global: the history of the schema itself';
GRANT USAGE ON SCHEMA migration TO dispatch_app;
GRANT SELECT ON migration.applied TO dispatch_app;
"""


_LOST = """
WITH wanted AS (SELECT name, r.* FROM unnest($1::text[]) AS name LEFT JOIN pg_roles r ON rolname = name)
SELECT format('the role %s is missing', name) AS finding FROM wanted WHERE rolname IS NULL
UNION ALL
SELECT format('the role %s may pass by row-level security', name) FROM wanted
 WHERE rolsuper OR (rolbypassrls AND name NOT LIKE '%relay')
UNION ALL
SELECT format('the role %s sees no outbox: BYPASSRLS is missing', name) FROM wanted
 WHERE NOT rolbypassrls AND name LIKE '%relay'
UNION ALL
SELECT format('the role %s has lost its rights', name) FROM wanted
 WHERE rolname IS NOT NULL AND NOT has_schema_privilege(rolname, to_regnamespace('chassis'), 'USAGE')
"""


class MigrationRefused(Exception):
    """A migration may not be applied; the message says which and why."""


def pending(packages: tuple[str, ...]) -> list[tuple[str, str]]:
    """(name, SQL) of all migrations of `packages`, in package order, then by file name."""
    found = []
    for package in packages:
        folder = files(package) / "migrations"
        found += [
            (f.name, f.read_text())
            for f in sorted(folder.iterdir(), key=lambda f: f.name)
            if f.name.endswith(".sql")
        ]
    names = [name for name, _ in found]
    if doubled := {name for name in names if names.count(name) > 1}:
        raise MigrationRefused(f"two migrations of one name: {', '.join(sorted(doubled))}")
    return found


async def lint(connection: asyncpg.Connection) -> list[str]:
    """The findings of the catalogue lint: 'rule object detail' each; empty when all is well."""
    return [" ".join(row) for row in await connection.fetch(LINT.read_text())]


async def roles(connection: asyncpg.Connection, service: str) -> list[str]:
    """What the roles of a service have lost, as after a restore into a cluster that does not know them; empty when all
    is well. Rights on single tables are the migrations' own."""
    names = [f"{service}_{kind}" for kind in ("owner", "app", "relay")]
    return [row["finding"] for row in await connection.fetch(_LOST, names)]


async def run(dsn: str, packages: tuple[str, ...], service: str = "dispatch") -> list[str]:
    """Apply what is missing as the owner role of `service`; the names applied. Raises MigrationRefused, also when the
    schema that is there has lost a rule of isolation, a LEAKPROOF mark or a role, as after a restore by dump."""
    if service not in SERVICES:
        raise MigrationRefused(f"no service {service!r}: {', '.join(SERVICES)}")
    connection = await asyncpg.connect(dsn, server_settings={"lock_timeout": "5s"})
    try:
        await connection.execute("SET lock_timeout = 0")
        await connection.execute("SELECT pg_advisory_lock($1)", LOCK)
        await connection.execute("SET lock_timeout = '5s'")
        if lost := await roles(connection, service):
            raise MigrationRefused("the roles are not as the bootstrap leaves them:\n" + "\n".join(lost))
        await connection.execute(for_service(_HISTORY, service))
        applied = {
            r["name"]: r["sha256"]
            for r in await connection.fetch("SELECT name, sha256 FROM migration.applied")
        }
        missing = [(name, sql) for name, sql in pending(packages) if _is_new(name, sql, applied)]
        for name, sql in missing:
            await _apply(connection, name, sql, service)
        if not missing and (findings := await lint(connection)):
            raise MigrationRefused("the schema does not hold the isolation rules:\n" + "\n".join(findings))
        return [name for name, _ in missing]
    finally:
        await connection.close()


def for_service(sql: str, service: str) -> str:
    """The same SQL with the roles of `service`."""
    return _ROLE.sub(rf"{service}_\1", sql)


def _is_new(name: str, sql: str, applied: dict[str, str]) -> bool:
    if name in applied and applied[name] != _digest(sql):
        raise MigrationRefused(f"{name} was changed after it had been applied: write a new migration")
    return name not in applied


def command(service: str, packages: tuple[str, ...]) -> int:
    """The program of a service's database: apply what is missing as its owner (<SERVICE>_OWNER_DSN) and say what was
    applied; the exit code."""
    try:
        applied = asyncio.run(
            run(settings.read(os.environ, f"{service.upper()}_OWNER_DSN"), packages, service=service)
        )
    except (MigrationRefused, settings.SettingMissing) as refused:
        print(refused, file=sys.stderr)  # noqa: T201 - a command's answer
        return 1
    print("\n".join(applied) or "the schema is at its head")  # noqa: T201
    return 0


async def _apply(connection: asyncpg.Connection, name: str, sql: str, service: str) -> None:
    async with connection.transaction():
        await connection.execute(for_service(sql, service))
        await connection.execute(
            "INSERT INTO migration.applied (name, sha256) VALUES ($1, $2)", name, _digest(sql)
        )
        if findings := await lint(connection):
            raise MigrationRefused(f"{name} breaks the isolation rules:\n" + "\n".join(findings))


def _digest(sql: str) -> str:
    return sha256(sql.encode()).hexdigest()
