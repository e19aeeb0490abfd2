"""The registry in the database: applied once, followed at once, never deleted, each tenant apart."""

import asyncio
import time
from pathlib import Path

import asyncpg
import pytest
from tests.integration.tenancy.conftest import Run, as_owner
from tests.unit.tenancy109.folders import spoil

from chassis109.store import unit
from tenancy109 import directory
from tenancy109.routing import choose

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.usefixtures("store")]


async def _wait_for(slug: str, version: int) -> float:
    """Seconds until the directory knows the tenant in that version."""
    begun = time.monotonic()
    while time.monotonic() - begun < 5:
        found = await directory.find(slug)
        if found is not None and found.version == version:
            return time.monotonic() - begun
        await asyncio.sleep(0.05)
    raise AssertionError(f"{slug} did not become known in version {version}")


async def test_the_region_is_there_in_the_order_of_its_numbers() -> None:
    tenants = await directory.all()

    assert [tenant.id for tenant in tenants][:14] == list(range(1, 15))
    assert tenants[0].slug == "petropavl"
    assert tenants[0].names["kk"] == "Петропавл қаласы"
    assert (await directory.outline(1)).covers(tenants[0].centre)


@pytest.mark.parametrize(
    "written",
    ["Petropavl", "petropavl.", " petropavl", "petropavl ", "реtropavl", "petropavl\x00", "", "_template"],
)
async def test_only_the_exact_slug_finds_a_tenant(written: str) -> None:
    assert await directory.find(written) is None


async def test_a_new_district_is_known_within_two_seconds_without_a_restart(
    trial: Path, slug: str, tenancy: Run
) -> None:
    assert await directory.find(slug) is None

    applied = tenancy("apply", str(trial))

    assert applied.stdout == f"{slug}: tenant new, category +2, service +2, zone +1, route +3\n", (
        applied.stderr
    )
    assert await _wait_for(slug, version=1) <= directory.FRESH_SECONDS + 0.3


async def test_a_second_apply_writes_nothing(trial: Path, slug: str, tenancy: Run) -> None:
    tenancy("apply", str(trial))

    again = tenancy("apply", str(trial))

    assert again.stdout == f"{slug}: unchanged\n"
    assert await _wait_for(slug, version=1) is not None


async def test_a_change_is_told_raises_the_version_and_reaches_the_catalogue(
    trial: Path, slug: str, tenancy: Run
) -> None:
    tenancy("apply", str(trial))
    await _wait_for(slug, version=1)
    spoil(trial / slug / "services.toml", '"leak@centre"', '"no-water@centre"')
    spoil(trial / "_shared" / "categories.toml", "reaction_seconds = 900", "reaction_seconds = 1200")

    changed = tenancy("apply", str(trial))

    assert changed.stdout == f"{slug}: category ~1, route +1 -1\n", changed.stderr
    await _wait_for(slug, version=2)
    tenant = await directory.find(slug)
    assert tenant is not None
    catalogue = await directory.catalogue(tenant.id)
    assert choose(catalogue, "no-water", tenant.centre) == "night"
    assert choose(catalogue, "leak", tenant.centre) == "water"
    assert catalogue.categories[0].reaction_seconds == 1200


async def test_a_vanished_code_is_retired_and_still_has_its_name(
    trial: Path, slug: str, tenancy: Run
) -> None:
    tenancy("apply", str(trial))
    services = trial / slug / "services.toml"
    services.write_text(services.read_text().partition('[[service]]\ncode = "night"')[0])

    tenancy("apply", str(trial))

    await _wait_for(slug, version=2)
    tenant = await directory.find(slug)
    assert tenant is not None
    catalogue = await directory.catalogue(tenant.id)
    assert catalogue.service("night") is None
    night = catalogue.service_ever("night")
    assert night is not None
    assert night.names["en"] == "Night service"


async def test_a_closed_tenant_is_found_no_more(trial: Path, slug: str, tenancy: Run) -> None:
    tenancy("apply", str(trial))
    await _wait_for(slug, version=1)
    spoil(trial / slug / "tenant.toml", "active = true", "active = false")

    tenancy("apply", str(trial))

    await asyncio.sleep(directory.FRESH_SECONDS + 0.1)
    assert await directory.find(slug) is None


async def test_the_number_of_a_tenant_is_never_used_again(trial: Path, slug: str, tenancy: Run) -> None:
    tenancy("apply", str(trial))
    (trial / slug).rename(trial / "another")
    spoil(trial / "another" / "tenant.toml", f'slug = "{slug}"', 'slug = "another"')

    refused = tenancy("apply", str(trial))

    assert refused.returncode == 1
    assert "a tenant's number and slug never change" in refused.stderr


async def test_applying_leaves_a_trace_in_the_audit(trial: Path, slug: str, tenancy: Run) -> None:
    tenancy("apply", str(trial))

    owner = await as_owner(number := int(slug.removeprefix("trial-")))
    rows = await owner.fetch(
        "SELECT action, object_id, actor_kind FROM chassis.audit WHERE tenant_id = $1", number
    )
    await owner.close()

    assert [tuple(row) for row in rows] == [("tenant.applied", slug, "system")]


async def test_the_catalogue_is_one_statement_and_none_while_its_version_stands() -> None:
    directory.forget()
    await directory.find("petropavl")
    sent: list[str] = []

    async with unit.transaction(1) as running:
        with running.connection.query_logger(lambda record: sent.append(record.query)):
            first = await directory.catalogue(1)
            second = await directory.catalogue(1)

    assert first is second
    assert len(sent) == 1, sent
    assert len(first.categories) >= 24


async def test_inside_one_tenant_no_row_of_another_is_seen() -> None:
    async with unit.transaction(1):
        for table in ("category", "service", "zone", "route"):
            assert await unit.fetchval(f"SELECT count(*) FROM tenancy.{table} WHERE tenant_id = 1") > 0
            assert await unit.fetchval(f"SELECT count(*) FROM tenancy.{table} WHERE tenant_id <> 1") == 0


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE tenancy.tenant SET active = false",
        "UPDATE tenancy.category SET reaction_seconds = 1",
        "INSERT INTO tenancy.route (tenant_id, category, place, service) VALUES (1, 'x', '*', 'y')",
        "DELETE FROM tenancy.service",
        "TRUNCATE tenancy.zone",
    ],
)
async def test_the_application_cannot_change_the_registry(statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with unit.transaction(1):
            await unit.execute(statement)


async def test_a_route_cannot_name_another_tenants_service() -> None:
    owner = await as_owner(2)
    try:
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            await owner.execute(
                "INSERT INTO tenancy.route (tenant_id, category, place, service, active)"
                " VALUES (2, 'other', 'centre', 'housing-bereke', true)"
            )
    finally:
        await owner.close()
