"""Real outlines replace the approximate ones all at once, or none of them."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.integration.tenancy.conftest import Run, as_owner
from tests.unit.tenancy109.folders import spoil

from tenancy109 import outlines, repository

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.usefixtures("store")]


@pytest_asyncio.fixture(loop_scope="session")
async def file(store: None, tmp_path: Path) -> AsyncIterator[Path]:
    """A right file: the outlines that the tenants have already. The mark `imported` is taken back again."""
    shapes = {tenant.slug: outline.shape for tenant, outline in await repository.tenants() if tenant.active}
    path = tmp_path / "boundaries.geojson"
    path.write_text(json.dumps(outlines.collection(shapes, "trial")))
    yield path
    owner = await as_owner()
    await owner.execute("UPDATE tenancy.tenant SET outline_source = 'approximate', version = version + 1")
    await owner.close()


async def _state() -> dict[str, tuple[int, str]]:
    return {tenant.slug: (tenant.version, outline.source) for tenant, outline in await repository.tenants()}


async def test_imported_outlines_are_marked_and_stay_when_the_registry_is_applied(
    file: Path, tenancy: Run
) -> None:
    before = await _state()

    imported = tenancy("import-boundaries", str(file))
    applied = tenancy("apply", "tenants")

    assert imported.stdout == f"{len(before)} outlines imported\n", imported.stderr
    assert set(applied.stdout.splitlines()) == {f"{slug}: unchanged" for slug in before}
    assert await _state() == {slug: (version + 1, "imported") for slug, (version, _) in before.items()}


async def test_a_file_with_one_wrong_feature_changes_nothing(file: Path, tenancy: Run) -> None:
    before = await _state()
    spoil(file, '"slug": "aqzhar"', '"slug": "atlantis"')

    refused = tenancy("import-boundaries", str(file))

    assert refused.returncode == 1
    assert "feature 3 (atlantis): there is no tenant of this slug" in refused.stderr
    assert await _state() == before
