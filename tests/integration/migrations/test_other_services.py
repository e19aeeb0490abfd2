"""The databases of the other services: each comes to its head with its own roles, and keeps the rules of isolation."""

import asyncpg
import pytest
from tests.databases import SERVICES, Databases

from chassis109.store import migrate

_GRANTEES = """
SELECT DISTINCT grantee FROM information_schema.role_table_grants
WHERE table_schema NOT IN ('pg_catalog', 'information_schema', 'public')
"""


@pytest.mark.parametrize("service", SERVICES)
async def test_an_empty_database_comes_to_the_head_with_the_roles_of_its_service_only(
    service: str, databases: Databases
) -> None:
    own = await databases.clone(service)

    assert await migrate.run(own.owner, SERVICES[service][0], service=service) == []

    connection = await asyncpg.connect(own.superuser)
    try:
        grantees = {row["grantee"] for row in await connection.fetch(_GRANTEES)}
        assert grantees == {f"{service}_owner", f"{service}_app", f"{service}_relay"}
    finally:
        await connection.close()


@pytest.mark.parametrize("service", SERVICES)
async def test_the_lint_finds_nothing_in_a_migrated_database(service: str, databases: Databases) -> None:
    own = await databases.clone(service)
    connection = await asyncpg.connect(own.superuser)
    try:
        assert await migrate.lint(connection) == []
    finally:
        await connection.close()


@pytest.mark.parametrize("service", SERVICES)
async def test_the_lint_finds_nothing_in_the_running_database(
    service: str, environment: dict[str, str]
) -> None:
    connection = await asyncpg.connect(environment[f"{service.upper()}_OWNER_DSN"])
    try:
        assert await migrate.lint(connection) == []
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ("ALTER ROLE hub_app RENAME TO hub_app_of_another_cluster", "the role hub_app is missing"),
        ("ALTER ROLE hub_app BYPASSRLS", "the role hub_app may pass by row-level security"),
        ("ALTER ROLE hub_relay NOBYPASSRLS", "the role hub_relay sees no outbox: BYPASSRLS is missing"),
        ("REVOKE USAGE ON SCHEMA chassis FROM hub_app", "the role hub_app has lost its rights"),
    ],
)
async def test_a_role_that_a_restore_has_not_brought_back_is_named(
    harm: str, said: str, databases: Databases
) -> None:
    """Roles are the whole cluster's: the harm is done in a transaction that nobody else sees, and taken back."""
    own = await databases.clone("hub")
    superuser = await asyncpg.connect(own.superuser)
    try:
        assert await migrate.roles(superuser, "hub") == []
        await superuser.execute("BEGIN")
        await superuser.execute(harm)
        assert await migrate.roles(superuser, "hub") == [said]
    finally:
        await superuser.close()


async def test_the_next_start_after_a_restore_without_rights_is_refused(databases: Databases) -> None:
    own = await databases.clone("hub")
    superuser = await asyncpg.connect(own.superuser)
    try:
        await superuser.execute("REVOKE USAGE ON SCHEMA chassis FROM hub_app")
        with pytest.raises(migrate.MigrationRefused, match="hub_app has lost its rights"):
            await migrate.run(own.owner, SERVICES["hub"][0], service="hub")
    finally:
        await superuser.close()
