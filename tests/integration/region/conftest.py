"""The region on a database of the tests' own: fourteen territories, no worker beside us."""

from collections.abc import AsyncIterator

import asyncpg
import pytest_asyncio
from tests.databases import Database, Databases, storing


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def own_region_database(databases: Databases) -> Database:
    """Each module begins with the territories and nothing else."""
    return await databases.clone("region")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def region(own_region_database: Database) -> AsyncIterator[Database]:
    """The process as its entry point sets it up."""
    async with storing(own_region_database.app):
        yield own_region_database


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def superuser(region: Database) -> AsyncIterator[asyncpg.Connection]:
    """Sees every row: for looking at what verbs left behind."""
    connection = await asyncpg.connect(region.superuser)
    yield connection
    await connection.close()
