"""What the superuser's bootstrap leaves: roles, rights, extensions, marks."""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
import pytest_asyncio

EXTENSIONS = Path(__file__).parents[3] / "infra" / "postgres" / "extensions.sql"


@pytest_asyncio.fixture
async def superuser() -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(os.environ["POSTGRES_DSN"])
    yield connection
    await connection.close()


async def test_only_the_relays_pass_row_level_security(superuser: asyncpg.Connection) -> None:
    rows = await superuser.fetch(
        "SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolcanlogin AND rolname <> 'postgres'"
    )
    assert {row["rolname"] for row in rows if row["rolbypassrls"]} == {
        "dispatch_relay",
        "region_relay",
        "hub_relay",
    }
    assert not [row["rolname"] for row in rows if row["rolsuper"]]


@pytest.mark.parametrize(
    ("variable", "database"),
    [("DISPATCH_APP_DSN", "hub"), ("DISPATCH_OWNER_DSN", "keycloak"), ("HUB_APP_DSN", "dispatch"),
     ("HUB_RELAY_DSN", "dispatch"), ("REGION_RELAY_DSN", "hub"), ("REGION_APP_DSN", "postgres"),
     ("REGION_APP_DSN", "dispatch"), ("REGION_OWNER_DSN", "dispatch"), ("REGION_RELAY_DSN", "dispatch"),
     ("DISPATCH_APP_DSN", "region"), ("DISPATCH_RELAY_DSN", "region"), ("HUB_APP_DSN", "region")],
)  # fmt: skip
async def test_a_role_enters_its_own_database_only(variable: str, database: str) -> None:
    address = urlsplit(os.environ[variable])._replace(path=f"/{database}").geturl()
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(address)


async def test_a_transaction_that_sits_still_is_ended_in_our_databases_but_not_while_keycloak_starts(
    superuser: asyncpg.Connection,
) -> None:
    assert await superuser.fetchval("SHOW idle_in_transaction_session_timeout") == "1min"
    ours = await superuser.fetch(
        """SELECT d.datname, s.setconfig FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
           WHERE s.setrole = 0 AND s.setconfig::text LIKE '%idle_in_transaction%'"""
    )
    assert [tuple(row.values()) for row in ours] == [("keycloak", ["idle_in_transaction_session_timeout=0"])]


async def test_a_wrong_password_is_refused_also_from_this_machine() -> None:
    address = urlsplit(os.environ["DISPATCH_APP_DSN"])
    forged = address._replace(netloc=f"dispatch_app:guess@{address.hostname}:{address.port}").geturl()
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(forged)


async def test_a_commit_is_on_the_disk(superuser: asyncpg.Connection) -> None:
    assert [await superuser.fetchval(f"SHOW {name}") for name in ("fsync", "synchronous_commit")] == [
        "on",
        "on",
    ]


async def test_nobody_but_the_owner_creates_in_public(superuser: asyncpg.Connection) -> None:
    assert not await superuser.fetchval("SELECT has_schema_privilege('dispatch_app', 'public', 'CREATE')")


async def test_a_lost_leakproof_mark_is_set_again_by_the_next_start(superuser: asyncpg.Connection) -> None:
    mark = "SELECT proleakproof FROM pg_proc WHERE oid = 'geometry_overlaps(geometry,geometry)'::regprocedure"
    await superuser.execute("ALTER FUNCTION geometry_overlaps(geometry, geometry) NOT LEAKPROOF")
    assert not await superuser.fetchval(mark)
    await superuser.execute(EXTENSIONS.read_text())
    assert await superuser.fetchval(mark)
