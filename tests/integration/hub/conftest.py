"""The hub on a database of the tests' own: five desks, fourteen agencies, no worker beside us."""

from collections.abc import AsyncIterator

import asyncpg
import pytest_asyncio
from tests.databases import Database, Databases, storing


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def own_hub_database(databases: Databases) -> Database:
    """Each module begins with desks and agencies and nothing else."""
    return await databases.clone("hub")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def hub(own_hub_database: Database) -> AsyncIterator[Database]:
    """The process as its entry point sets it up."""
    async with storing(own_hub_database.app):
        yield own_hub_database


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def superuser(hub: Database) -> AsyncIterator[asyncpg.Connection]:
    """Sees every row of every desk: for looking at what verbs left behind."""
    connection = await asyncpg.connect(hub.superuser)
    yield connection
    await connection.close()
