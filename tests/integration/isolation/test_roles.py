"""What each role of the database may do: written down here, compared with the catalogue."""

import asyncpg
import pytest
from tests.databases import Database
from tests.integration.isolation.conftest import Side

from chassis109.store import unit
from chassis109.store.unit import transaction

# All that dispatch_relay (it sees every tenant) may do: carry the outbox and learn where a deadline passed.
RELAY = {
    "chassis.outbox": {"SELECT": "*", "UPDATE": {"published_at", "attempts", "retry_at"}, "DELETE": "*"},
    "chassis.audit": {"SELECT": {"tenant_id", "tx", "id", "at"}},
    "chassis.audit_seal": {"SELECT": {"tenant_id", "seq", "last_tx", "last_id"}},
    "dispatch.handoff": {"SELECT": {"tenant_id", "due_at", "hub_at", "ended_at"}},
    "dispatch.resend": {"SELECT": {"tenant_id", "ended_at"}},
    "dispatch.assignment": {
        "SELECT": {"tenant_id", "react_by", "accepted_at", "ended_at", "unanswered_at"},
    },
}

# What is only ever appended to: neither changed nor removed by the application.
APPEND_ONLY = (
    "dispatch.history", "dispatch.handoff_event", "dispatch.call", "dispatch.attachment", "dispatch.callback_attempt",
    "dispatch.alert_reader", "chassis.audit", "chassis.audit_seal", "chassis.outbox", "chassis.inbox",
)  # fmt: skip

_COLUMNS = """
SELECT n.nspname || '.' || c.relname AS name, a.attname AS column, v.verb
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
CROSS JOIN (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('REFERENCES')) v (verb)
WHERE n.nspname = ANY ($2) AND c.relkind IN ('r', 'p', 'v', 'm') AND has_column_privilege($1, c.oid, a.attnum, v.verb)
"""
_WHOLE = """
SELECT n.nspname || '.' || c.relname AS name, v.verb FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE'), ('TRIGGER')) v (verb)
WHERE n.nspname = ANY ($2) AND c.relkind IN ('r', 'p', 'v', 'm') AND has_table_privilege($1, c.oid, v.verb)
"""
SCHEMAS = ["app", "chassis", "tenancy", "identity", "dispatch", "migration"]


async def granted(superuser: asyncpg.Connection, role: str) -> dict[str, dict[str, object]]:
    """Table → verb → '*' or the columns, as the catalogue has it."""
    found: dict[str, dict[str, object]] = {}
    for row in await superuser.fetch(_COLUMNS, role, SCHEMAS):
        columns = found.setdefault(row["name"], {}).setdefault(row["verb"], set())
        assert isinstance(columns, set)
        columns.add(row["column"])
    for row in await superuser.fetch(_WHOLE, role, SCHEMAS):
        found.setdefault(row["name"], {})[row["verb"]] = "*"
    return found


async def test_the_relay_may_do_exactly_what_is_written_here(superuser: asyncpg.Connection) -> None:
    assert await granted(superuser, "dispatch_relay") == RELAY


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT text FROM dispatch.ticket",
        "SELECT phone_sealed FROM dispatch.contact",
        "SELECT * FROM dispatch.assignment",
        "SELECT ticket_id FROM dispatch.assignment",
        "SELECT detail FROM chassis.audit",
        "SELECT * FROM identity.session",
        "UPDATE chassis.outbox SET payload = ''",
        "UPDATE chassis.outbox SET subject = 'sko.x'",
        "INSERT INTO chassis.outbox (tenant_id, subject, key, message_id, payload, recorded_at)"
        " VALUES (1, 'x', 'x', gen_random_uuid(), '', now())",
        "UPDATE dispatch.assignment SET unanswered_at = now()",
        "CREATE TABLE public.kept AS SELECT 1",
    ],
)
async def test_the_relay_is_refused_everything_else(sql: str, database: Database, ours: Side) -> None:
    relay = await asyncpg.connect(database.relay)
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await relay.execute(sql)
    finally:
        await relay.close()


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("sql", ["UPDATE {} SET tenant_id = tenant_id", "DELETE FROM {}", "TRUNCATE {}"])
async def test_what_was_recorded_is_never_changed_or_removed(table: str, sql: str, ours: Side) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with transaction(ours.tenant.id):
            await unit.execute(sql.format(table))


async def test_the_application_deletes_no_business_row_and_creates_no_table(
    superuser: asyncpg.Connection, ours: Side
) -> None:
    may = await granted(superuser, "dispatch_app")

    deletes = {table for table, verbs in may.items() if "DELETE" in verbs}
    assert deletes == {
        "chassis.idempotency", "chassis.quarantine", "identity.session", "identity.logout_token",
    }  # fmt: skip
    assert not [table for table, verbs in may.items() if verbs.keys() & {"TRUNCATE", "TRIGGER", "REFERENCES"}]
    assert {
        table for table, verbs in may.items() if table.startswith("tenancy.") and set(verbs) != {"SELECT"}
    } == set()
    for schema in ("public", "dispatch", "chassis"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with transaction(ours.tenant.id):
                await unit.execute(f"CREATE TABLE {schema}.mine (id int)")


async def test_the_roles_have_no_power_beyond_their_work(superuser: asyncpg.Connection) -> None:
    rows = await superuser.fetch(
        "SELECT rolname, rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls,"
        " EXISTS (SELECT FROM pg_auth_members m WHERE m.member = r.oid) AS member"
        " FROM pg_roles r WHERE rolname LIKE 'dispatch\\_%' ORDER BY 1"
    )
    powers = {row["rolname"]: {name for name, held in row.items() if held is True} for row in rows}
    assert powers == {"dispatch_app": set(), "dispatch_owner": set(), "dispatch_relay": {"rolbypassrls"}}


async def test_even_the_owner_sees_only_the_tenant_it_names(
    database: Database, ours: Side, theirs: Side
) -> None:
    owner = await asyncpg.connect(database.owner)
    try:
        assert await owner.fetchval("SELECT count(*) FROM dispatch.ticket") == 0
        await owner.execute("SELECT set_config('app.tenant', $1, false)", str(ours.tenant.id))
        seen = await owner.fetch("SELECT DISTINCT tenant_id FROM dispatch.ticket")
    finally:
        await owner.close()
    assert [row["tenant_id"] for row in seen] == [ours.tenant.id]
