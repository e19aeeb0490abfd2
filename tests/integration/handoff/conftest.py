"""Who speaks over the broker of the running stack."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from nats.aio.client import Client
from tests.integration.handoff.parties import MODE, Broker


@pytest.fixture
def users(environment: dict[str, str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = json.loads(Path(environment["NATS_CREDENTIALS"]).read_text())
    return found


@pytest_asyncio.fixture(loop_scope="session")
async def broker(users: dict[str, dict[str, str]], environment: dict[str, str]) -> AsyncIterator[Broker]:
    clients = []
    for account in ("T_PETROPAVL", "S103", "HUB"):
        client = Client()
        await client.connect(environment["NATS_URL"], **users[account])
        clients.append(client)
    made = Broker(*clients)
    for direction in ("return", "desk"):
        await made.hub.subscribe(f"sko.{MODE}.{direction}.*.*.*", cb=made.heard.put)
    await made.hub.flush()
    yield made
    for client in clients:
        await client.close()
