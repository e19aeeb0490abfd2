"""Real PostgreSQL and NATS, as `make test` starts them. Tenants here have numbers no registry gives."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import count
from pathlib import Path

import asyncpg
import pytest_asyncio
from tests.integration.chassis.brokers import Broker

from chassis109.bus.connection import BROKER_ERRORS, Connections
from chassis109.store import unit
from chassis109.store.outbox import Outbox

_numbers = count(31_000 + os.getpid() % 1000)

Sql = Callable[..., Awaitable[str]]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def store() -> AsyncIterator[None]:
    """The process-wide store, opened unless another module's fixture keeps it open."""
    try:
        unit.engine()
        yield
    except unit.NoUnitOfWork:
        await unit.open_store(os.environ["DISPATCH_APP_DSN"])
        yield
        await unit.close_store()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def outbox() -> AsyncIterator[Outbox]:
    """The relay's pool."""
    opened = await Outbox.open(os.environ["DISPATCH_RELAY_DSN"])
    yield opened
    await opened.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def connections() -> AsyncIterator[Connections]:
    """Connections to the broker, and the stream FEED of the region."""
    opened = Connections(os.environ["NATS_URL"], Path(os.environ["NATS_CREDENTIALS"]), "test")
    region = await opened.get("REGION")
    try:
        await region.jetstream().stream_info("FEED")
    except BROKER_ERRORS:
        await region.jetstream().add_stream(name="FEED", subjects=["sko.feed.*.*"], duplicate_window=86400)
    yield opened
    await opened.close()


@pytest_asyncio.fixture(loop_scope="session")
async def tenant(store: None) -> AsyncIterator[int]:
    """The number of a tenant of its own; what it wrote is removed."""
    number = next(_numbers)
    yield number
    owner = await as_owner(number)
    for table in ("outbox", "inbox", "audit", "audit_seal", "idempotency", "quarantine"):
        await owner.execute(f"DELETE FROM chassis.{table} WHERE tenant_id = $1", number)
    await owner.close()


@pytest_asyncio.fixture(loop_scope="session")
async def broker(tmp_path: Path) -> AsyncIterator[Broker]:
    """A broker of this test's own, which is not started yet."""
    made = Broker(tmp_path, "T_PETROPAVL", "NODE")
    yield made
    await made.kill()


async def as_owner(tenant: int) -> asyncpg.Connection:
    """A connection of the owner: what an attacker with the highest rights in the database could do."""
    connection = await asyncpg.connect(os.environ["DISPATCH_OWNER_DSN"])
    await connection.execute("SELECT set_config('app.tenant', $1, false)", str(tenant))
    return connection
