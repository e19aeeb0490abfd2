"""The hub's database: five desks as tenants, the 109s that may send, and nothing of the dispatch."""

import asyncpg
import pytest
from tests.databases import ROOT, Database, storing

from chassis109.store.unit import fetch, transaction
from hub112.agencies import service as agencies
from hub112.provision import NAMES, provision
from tenancy109 import directory

CODES = ["101", "102", "103", "104", "112"]


async def test_the_desks_are_the_tenants_of_the_hub(own_hub_database: Database) -> None:
    async with storing(own_hub_database.app):
        desks = await directory.all()

    assert [(desk.id, desk.slug, desk.kind) for desk in desks] == [
        (int(code), code, "desk") for code in CODES
    ]
    assert [(desk.path, desk.group_path) for desk in desks][2] == ("/hub/103", "/services/103")
    assert [desk.names for desk in desks] == [NAMES[code] for code in CODES]


async def test_a_second_run_changes_nothing(own_hub_database: Database) -> None:
    async with storing(own_hub_database.owner):
        lines = await provision(ROOT / "tenants")

    assert lines == [*(f"{code}: unchanged" for code in CODES), "agencies: unchanged"]


async def test_every_109_is_an_agency_with_the_number_that_reaches_it(own_hub_database: Database) -> None:
    async with storing(own_hub_database.app):
        found = await agencies.all_()

    assert len(found) == 14
    assert (found["petropavl"].phone, found["esil"].phone) == ("+77152109", "+771543109")
    assert found["petropavl"].active
    assert found["petropavl"].names.keys() == {"kk", "ru", "en"}


async def test_only_the_owner_writes_agencies(own_hub_database: Database) -> None:
    application = await asyncpg.connect(own_hub_database.app)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await application.execute("DELETE FROM hub.agency")
    await application.close()


@pytest.mark.parametrize(
    ("template", "slug", "kind"), [("hub", "esil", "district"), ("tenants", "103", "desk")]
)
async def test_a_desk_is_no_district_nor_the_reverse(
    template: str, slug: str, kind: str, own_hub_database: Database, own_database: Database
) -> None:
    database = own_hub_database if template == "hub" else own_database
    owner = await asyncpg.connect(database.owner)
    with pytest.raises(asyncpg.CheckViolationError):
        await owner.execute("UPDATE tenancy.tenant SET slug = $1, kind = $2", slug, kind)
    await owner.close()


@pytest.mark.parametrize("role", ["app", "relay"])
async def test_the_roles_of_the_dispatch_have_no_right_in_the_hubs_database(
    role: str, own_hub_database: Database, environment: dict[str, str]
) -> None:
    superuser = await asyncpg.connect(own_hub_database.superuser)
    held = await superuser.fetchval(
        "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname IN ('hub', 'chassis', 'identity', 'tenancy') AND c.relkind IN ('r', 'p')"
        " AND has_any_column_privilege($1, c.oid, 'SELECT, INSERT, UPDATE')",
        f"dispatch_{role}",
    )
    await superuser.close()
    assert held == 0


async def test_a_desk_sees_its_own_rows_only(own_hub_database: Database) -> None:
    async with storing(own_hub_database.app), transaction(103):
        rows = await fetch("SELECT tenant_id, object_id FROM chassis.audit WHERE action = 'tenant.applied'")

    assert [tuple(row) for row in rows] == [(103, "103")]
