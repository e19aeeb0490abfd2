"""Real PostgreSQL with the tenants of the region, and trial tenants whose traces are removed again."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from itertools import count
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from tests.unit.tenancy109.folders import make

from chassis109.store import unit
from tenancy109 import directory

Run = Callable[..., subprocess.CompletedProcess[str]]

_numbers = count(32_000)  # no registry gives these


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def store() -> AsyncIterator[None]:
    """The process-wide store of the application, opened unless another module keeps it open."""
    directory.forget()
    try:
        unit.engine()
        yield
    except unit.NoUnitOfWork:
        await unit.open_store(os.environ["DISPATCH_APP_DSN"])
        yield
        await unit.close_store()
    directory.forget()


@pytest.fixture
def tenancy() -> Run:
    """Runs `python -m tenancy109 …` as the owner of the database, as an administrator does."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tenancy109", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    return run


@pytest_asyncio.fixture(loop_scope="session")
async def trial(tmp_path: Path) -> AsyncIterator[Path]:
    """The root of a registry with one trial tenant in it; what it leaves in the database is removed."""
    number = next(_numbers)
    folder = make(tmp_path, f"trial-{number}", 1)
    tenant = folder / "tenant.toml"
    tenant.write_text(tenant.read_text().replace("id = 1\n", f"id = {number}\n"))
    yield tmp_path
    await _remove(number)


async def _remove(number: int) -> None:
    owner = await as_owner(number)
    try:
        for table in (
            "tenancy.route",
            "tenancy.zone",
            "tenancy.service",
            "tenancy.category",
            "chassis.audit",
        ):
            await owner.execute(f"DELETE FROM {table} WHERE tenant_id = $1", number)
        await owner.execute("DELETE FROM tenancy.tenant WHERE id = $1", number)
    finally:
        await owner.close()


@pytest.fixture
def slug(trial: Path) -> str:
    """The trial tenant's slug."""
    return next(path.name for path in trial.iterdir() if path.name.startswith("trial-"))


async def as_owner(tenant: int | None = None) -> asyncpg.Connection:
    """A connection of the role that owns the tables, inside one tenant when named."""
    connection = await asyncpg.connect(os.environ["DISPATCH_OWNER_DSN"])
    if tenant is not None:
        await connection.execute("SELECT set_config('app.tenant', $1, false)", str(tenant))
    return connection
