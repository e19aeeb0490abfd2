"""The catalogue lint is silent on what we have, and speaks as soon as one rule of isolation is taken away."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio
from tests.databases import Databases

from chassis109.store import migrate

# What is taken away, and how the lint says so. Each runs in a transaction that is rolled back.
MUTATIONS = {
    "a policy is dropped": (
        "DROP POLICY tenant ON dispatch.ticket",
        "T4 no policy dispatch.ticket",
    ),
    "row-level security is switched off": (
        "ALTER TABLE dispatch.contact DISABLE ROW LEVEL SECURITY",
        "T2 RLS not enabled dispatch.contact",
    ),
    "FORCE is taken back": (
        "ALTER TABLE chassis.audit NO FORCE ROW LEVEL SECURITY",
        "T3 RLS not forced chassis.audit",
    ),
    "a policy lets everything through": (
        "ALTER POLICY tenant ON dispatch.history USING (true)",
        "T5 policy without tenant check dispatch.history",
    ),
    "a policy lets everything in": (
        "ALTER POLICY tenant ON dispatch.history WITH CHECK (true)",
        "T5 policy without tenant check dispatch.history",
    ),
    "a second policy opens what the first closes": (
        "CREATE POLICY also ON dispatch.call USING (true)",
        "T5 policy without tenant check dispatch.call also",
    ),
    "a policy asks for the tenant row by row": (
        "ALTER POLICY tenant ON dispatch.call USING (tenant_id = app.tenant())",
        "T9 policy not in the one form dispatch.call",
    ),
    "a foreign key forgets the tenant": (
        "ALTER TABLE dispatch.ticket ADD UNIQUE (id);"
        "ALTER TABLE dispatch.history ADD CONSTRAINT loose FOREIGN KEY (ticket_id) REFERENCES dispatch.ticket (id)",
        "T8 FK between tenant tables without tenant_id dispatch.history loose",
    ),
    "a unique key is not led by the tenant": (
        "CREATE UNIQUE INDEX told ON dispatch.ticket (number, tenant_id)",
        "T6 unique index not tenant-led dispatch.ticket dispatch.told",
    ),
    "an index is not led by the tenant": (
        "CREATE INDEX wide ON dispatch.ticket (state)",
        "T10 index of a tenant table not tenant-led dispatch.ticket dispatch.wide",
    ),
    "the tenant may be absent": (
        "CREATE TABLE dispatch.vague (tenant_id smallint, id int);"
        "COMMENT ON TABLE dispatch.vague IS 'tenant: a trial'",
        "T1 no tenant_id NOT NULL dispatch.vague",
    ),
    "a table is not registered": (
        "CREATE TABLE dispatch.secret (id int)",
        "T0 not registered: comment must begin with tenant: or global: dispatch.secret",
    ),
    "a global table gives no reason": (
        "CREATE TABLE dispatch.secret (id int); COMMENT ON TABLE dispatch.secret IS 'global: '",
        "T0 not registered: comment must begin with tenant: or global: dispatch.secret",
    ),
    "a tenant table calls itself global": (
        "COMMENT ON TABLE dispatch.ticket IS 'global: it is easier so'",
        "G2 a global table carries tenant_id dispatch.ticket",
    ),
    "the application becomes a superuser": (
        "ALTER ROLE dispatch_app SUPERUSER",
        "R1 app role is superuser/bypassrls dispatch_app",
    ),
    "the application goes around row-level security": (
        "ALTER ROLE dispatch_app BYPASSRLS",
        "R1 app role is superuser/bypassrls dispatch_app",
    ),
    "the application owns a table": (
        "ALTER TABLE dispatch.ticket OWNER TO dispatch_app",
        "R2 app role owns or can become owner dispatch.ticket dispatch_app",
    ),
    "the application can become the owner": (
        "GRANT dispatch_owner TO dispatch_app",
        "R2 app role owns or can become owner dispatch.ticket dispatch_app",
    ),
    "the application may empty a table": (
        "GRANT TRUNCATE ON dispatch.ticket TO dispatch_app",
        "R3 TRUNCATE/REFERENCES/TRIGGER granted dispatch.ticket dispatch_app",
    ),
    "everybody may read": (
        "GRANT SELECT ON dispatch.ticket TO PUBLIC",
        "R4 granted to PUBLIC dispatch.ticket",
    ),
    "a bounding-box operator loses its mark": (
        "ALTER FUNCTION public.geometry_overlaps(geometry, geometry) NOT LEAKPROOF",
        "G1 && not leakproof (spatial index unused under RLS)",
    ),
    "text comparison loses its mark": (
        "ALTER FUNCTION pg_catalog.texticlike(text, text) NOT LEAKPROOF",
        "G3 ILIKE not leakproof (trigram index unused under RLS) texticlike(text,text)",
    ),
    "a view runs with its owner's rights": (
        "CREATE VIEW dispatch.seen AS SELECT * FROM dispatch.ticket",
        "V1 view without security_invoker dispatch.seen",
    ),
    "a materialized view is readable": (
        "CREATE MATERIALIZED VIEW dispatch.kept AS SELECT * FROM dispatch.ticket WITH NO DATA;"
        "GRANT SELECT ON dispatch.kept TO dispatch_app",
        "V2 materialized view readable by app role dispatch.kept dispatch_app",
    ),
    "a function runs with its owner's rights": (
        "CREATE FUNCTION dispatch.all_of_them() RETURNS bigint LANGUAGE sql SECURITY DEFINER"
        " AS 'SELECT count(*) FROM dispatch.ticket'",
        "F1 security definer callable by app role dispatch.all_of_them()",
    ),
    "a partition is readable by itself": (
        "CREATE TABLE dispatch.log (tenant_id smallint NOT NULL, at int) PARTITION BY RANGE (at);"
        "CREATE TABLE dispatch.log_1 PARTITION OF dispatch.log FOR VALUES FROM (0) TO (9);"
        "COMMENT ON TABLE dispatch.log IS 'tenant: x'; COMMENT ON TABLE dispatch.log_1 IS 'tenant: x';"
        "GRANT SELECT ON dispatch.log_1 TO dispatch_app",
        "P1 partition readable directly and without own RLS dispatch.log_1",
    ),
    "an exclusion forgets the tenant": (
        "ALTER TABLE dispatch.ticket_number ADD CONSTRAINT apart EXCLUDE USING gist (year WITH =)",
        "T7 exclusion constraint without tenant dispatch.ticket_number apart",
    ),
}  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def superuser(databases: Databases) -> AsyncIterator[asyncpg.Connection]:
    """The superuser of a database that nobody else uses: some mutations lock whole tables."""
    own = await databases.clone("migrated")
    connection = await asyncpg.connect(own.superuser)
    yield connection
    await connection.close()


async def test_the_lint_finds_nothing_in_a_migrated_database(superuser: asyncpg.Connection) -> None:
    assert await migrate.lint(superuser) == []


async def test_the_lint_finds_nothing_in_the_running_database(environment: dict[str, str]) -> None:
    connection = await asyncpg.connect(environment["DISPATCH_OWNER_DSN"])
    try:
        assert await migrate.lint(connection) == []
    finally:
        await connection.close()


@pytest.mark.parametrize("name", MUTATIONS)
async def test_the_lint_speaks_when(name: str, superuser: asyncpg.Connection) -> None:
    sql, said = MUTATIONS[name]
    trial = superuser.transaction()
    await trial.start()
    try:
        await superuser.execute(sql)
        findings = await migrate.lint(superuser)
    finally:
        await trial.rollback()

    assert [finding for finding in findings if finding.startswith(said)], findings
