"""The verbs on a database of the tests' own: the 14 tenants, no worker and no demo data beside us."""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from tests import makers
from tests.databases import Database, Databases, storing

from dispatch109.contacts import service as contacts
from dispatch109.execution import repository as attachments
from identity109.actor import Actor
from tenancy109 import directory
from tenancy109.model import Tenant


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def own_database(databases: Databases) -> Database:
    """Each module begins with tenants and nothing else."""
    return await databases.clone("tenants")


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def store(own_database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Path]:
    """The process as its entry point sets it up; the folder of its attachments."""
    folder = tmp_path_factory.mktemp("files")
    contacts.use_keys({"k1": b"\x01" * 32}, b"\x02" * 32)
    attachments.use_folder(folder)
    async with storing(own_database.app):
        yield folder


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def superuser(own_database: Database) -> AsyncIterator[asyncpg.Connection]:
    """Sees every row of every tenant: for looking at what verbs left behind."""
    connection = await asyncpg.connect(own_database.superuser)
    yield connection
    await connection.close()


@pytest_asyncio.fixture(loop_scope="session")
async def tenant(store: Path) -> Tenant:
    """The city."""
    found = await directory.find("petropavl")
    assert found is not None
    return found


@pytest_asyncio.fixture(loop_scope="session")
async def neighbour(store: Path) -> Tenant:
    """A district that must never be touched by what the city does."""
    found = await directory.find("aiyrtau")
    assert found is not None
    return found


@pytest.fixture
def operator(tenant: Tenant) -> Actor:
    return makers.operator(tenant)


@pytest.fixture
def senior(tenant: Tenant) -> Actor:
    return makers.senior(tenant)


@pytest.fixture
def other(neighbour: Tenant) -> Actor:
    """An operator of the neighbour."""
    return makers.operator(neighbour)


@pytest_asyncio.fixture(loop_scope="session")
async def third(store: Path) -> Actor:
    """An operator of a district that neither of them is."""
    found = await directory.find("esil")
    assert found is not None
    return makers.operator(found)
