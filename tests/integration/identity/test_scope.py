"""The functions that look into a tenant in one statement: they see that tenant only and leave nothing set."""

import asyncio
import os
from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio
from tests.integration.identity.conftest import Browser, People, bearer, tenant_id

from chassis109.kernel import clock
from chassis109.store.unit import lookup, transaction
from identity109 import repository


@pytest_asyncio.fixture(loop_scope="session")
async def app() -> AsyncIterator[asyncpg.Connection]:
    """One bare connection of the application's role, without the store's guards."""
    connection = await asyncpg.connect(os.environ["DISPATCH_APP_DSN"])
    yield connection
    await connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM identity.member($1, $2)",
        "SELECT * FROM identity.memberships($1, ARRAY[$2::smallint])",
        "SELECT * FROM identity.enter(sha256('x'), $2, now(), '1 hour') WHERE subject = $1",
    ],
)
async def test_a_look_into_a_tenant_leaves_no_tenant_set(
    statement: str, app: asyncpg.Connection, people: People
) -> None:
    person = await people.add({"petropavl": ["operator"]})

    await app.fetch(statement, person.subject, await tenant_id("petropavl"))

    assert await app.fetchval("SELECT app.tenant()") is None
    assert await app.fetch("SELECT * FROM identity.membership") == []


async def test_a_look_in_the_middle_of_a_transaction_leaves_no_tenant_set(
    app: asyncpg.Connection, people: People
) -> None:
    person = await people.add({"petropavl": ["operator"]})

    async with app.transaction():
        found = await app.fetch(
            "SELECT * FROM identity.member($1, $2)", person.subject, await tenant_id("petropavl")
        )
        assert found[0]["roles"] == ["operator"]
        assert await app.fetchval("SELECT app.tenant()") is None
        assert await app.fetch("SELECT * FROM identity.membership") == []


async def test_a_look_inside_a_unit_of_work_is_refused(people: People) -> None:
    person = await people.add({"petropavl": ["operator"]})

    async with transaction(await tenant_id("qyzylzhar")) as unit:
        with pytest.raises(asyncpg.RaiseError, match="a unit of work is running"):
            await unit.connection.fetch(
                "SELECT * FROM identity.member($1, $2)", person.subject, await tenant_id("petropavl")
            )


async def test_without_a_tenant_nobody_has_a_role(people: People) -> None:
    person = await people.add({"petropavl": ["operator"]})

    assert (await repository.member(person.subject, None))["roles"] is None


async def test_memberships_are_read_for_the_asked_tenants_only(people: People) -> None:
    person = await people.add({"petropavl": ["operator"], "qyzylzhar": ["senior"], "esil": ["head"]})
    asked = [await tenant_id("petropavl"), await tenant_id("esil")]

    rows = await repository.memberships(person.subject, asked)

    assert [(row["tenant_id"], row["role"]) for row in rows] == [(asked[0], "operator"), (asked[1], "head")]
    assert await repository.memberships(person.subject, []) == []


async def test_the_right_roles_come_back_from_one_pool_under_load(people: People) -> None:
    tenants = {slug: await tenant_id(slug) for slug in ("petropavl", "qyzylzhar", "esil")}
    people_of = {slug: await people.add({slug: ["operator"]}) for slug in tenants}

    async def look(home: str, asked: str) -> bool:
        row = await repository.member(people_of[home].subject, tenants[asked])
        return (row["roles"] == ["operator"]) == (home == asked)

    pairs = [(home, asked) for home in tenants for asked in tenants] * 40
    assert all(await asyncio.gather(*(look(*pair) for pair in pairs)))


async def test_the_application_cannot_delete_a_membership_or_a_person(
    app: asyncpg.Connection, people: People
) -> None:
    await people.add({"petropavl": ["operator"]})

    for table in ("membership", "person"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.execute(f"DELETE FROM identity.{table}")


async def test_an_executor_of_another_tenants_service_cannot_be_written(people: People) -> None:
    person = await people.add({})

    async with transaction(await tenant_id("petropavl")):
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            await repository.grant([person.subject], ["executor"], ["no-such-service"], None, clock.now())


@pytest.mark.parametrize("way", ["cookie", "bearer"])
async def test_a_request_costs_one_statement(
    way: str, browser: Browser, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = await people.add({"petropavl": ["operator"]})
    await browser.sign_in(person)
    path = "/t/petropavl/probe" if way == "cookie" else "/api/v1/t/petropavl/probe"
    headers = {} if way == "cookie" else bearer(browser.issuer, person)
    await browser.http.get(path, headers=headers)
    statements: list[str] = []

    async def counted(sql: str, *args: object) -> object:
        statements.append(sql)
        return await lookup(sql, *args)

    monkeypatch.setattr(repository.unit, "lookup", counted)
    assert (await browser.http.get(path, headers=headers)).status_code == 200

    assert len([sql for sql in statements if "identity" in sql]) == 1
