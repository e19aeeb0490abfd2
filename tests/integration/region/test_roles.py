"""What the roles of the region's database may do: nothing told is unsaid, and the relay sees no fact."""

import asyncpg
import pytest
from tests.databases import Database

from chassis109.store import unit
from chassis109.store.unit import transaction

REGION = 100
_GRANTS = """
SELECT table_schema || '.' || table_name AS name, privilege_type AS verb
FROM information_schema.role_table_grants WHERE grantee = $1
UNION SELECT table_schema || '.' || table_name, privilege_type
FROM information_schema.column_privileges WHERE grantee = $1
"""
RELAY = {
    "chassis.audit": {"SELECT"},
    "chassis.audit_seal": {"SELECT"},
    "chassis.outbox": {"SELECT", "UPDATE", "DELETE"},
}
KEPT = ("region.refused", "region.audit_head", "region.overdue", "chassis.audit", "chassis.outbox")


async def granted(superuser: asyncpg.Connection, role: str) -> dict[str, set[str]]:
    """Table → verbs, on all or some of its columns."""
    found: dict[str, set[str]] = {}
    for row in await superuser.fetch(_GRANTS, role):
        found.setdefault(row["name"], set()).add(row["verb"])
    return found


async def test_the_relay_carries_the_outbox_and_sees_nothing_of_the_tenants(
    superuser: asyncpg.Connection,
) -> None:
    assert await granted(superuser, "region_relay") == RELAY


async def test_the_application_removes_nothing_that_a_tenant_told_and_nothing_that_was_ordered(
    superuser: asyncpg.Connection,
) -> None:
    may = await granted(superuser, "region_app")
    assert {name for name, verbs in may.items() if "DELETE" in verbs} == {
        "chassis.idempotency", "chassis.quarantine", "identity.session", "identity.logout_token",
    }  # fmt: skip
    assert not [name for name, verbs in may.items() if verbs & {"TRUNCATE", "TRIGGER", "REFERENCES"}]


async def test_the_registry_is_read_only_to_the_application(superuser: asyncpg.Connection) -> None:
    may = await granted(superuser, "region_app")
    registry = ("region.territory", "region.category", "region.service")
    assert {name: may[name] for name in registry} == {name: {"SELECT"} for name in registry}


@pytest.mark.usefixtures("region")
@pytest.mark.parametrize("table", KEPT)
@pytest.mark.parametrize("verb", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {}"])
async def test_what_was_recorded_is_never_changed_or_removed(table: str, verb: str) -> None:
    column = {"region.refused": "reason", "region.audit_head": "digest", "region.overdue": "open_overdue"}
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with transaction(REGION):
            await unit.execute(verb.format(table, *[column.get(table, "tenant_id")] * 2))


@pytest.mark.parametrize("table", ["ticket", "mandate", "refused", "handoff"])
async def test_the_relay_reads_no_fact(table: str, region: Database) -> None:
    relay = await asyncpg.connect(region.relay)
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await relay.execute(f"SELECT * FROM region.{table}")
    finally:
        await relay.close()
