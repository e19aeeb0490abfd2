"""The three services as processes with databases of their own, and the wire between them and PostgreSQL."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from tests.bench import wire
from tests.databases import Databases, storing
from tests.prove.ground import people
from tests.prove.ground.people import Caller
from tests.prove.ground.services import DISPATCH, HUB, REGION, Served, Service, issuer_of

from chassis109.kernel.settings import read_keys
from dispatch109.contacts import service as contacts
from dispatch109.execution import repository as attachments
from tenancy109 import directory
from tenancy109.model import REGION as HOME
from tenancy109.model import Tenant

SLUGS = {"dispatch": "petropavl", "hub": "103", "region": HOME}


Asked = tuple[str, Mapping[str, Any] | None]
"""Path and body of one request."""


@dataclass
class Wire:
    """One service, asked by people whose every request is counted where it reaches PostgreSQL."""

    service: Service
    seen: wire.Seen
    http: httpx.AsyncClient
    tenant: Tenant
    callers: dict[str, Caller] = field(default_factory=dict)

    async def statements(self, role: str, method: str, asked: list[Asked]) -> tuple[int, list[str]]:
        """The fewest statements of these requests, which differ in what they are about only, and their texts."""
        counted: list[tuple[int, list[str]]] = []
        for path, body in asked:
            self.seen.commands.clear()
            headers = self.callers[role].headers(path, method)
            answer = await self.http.request(method, path, json=body, headers=headers)
            assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
            counted.append((self.seen.statements, self.seen.own))
        return min(counted, key=lambda one: one[0])


@asynccontextmanager
async def wired(
    service: Service, databases: Databases, folder: Path, roles: Mapping[str, str | None]
) -> AsyncIterator[Wire]:
    """The web process of a service behind the wire; its people are signed in, this process writes past it."""
    database = await databases.clone(service.template)
    async with wire.watched(database.app) as (dsn, seen):
        served = Served(service, replace(database, app=dsn), issuer_of(service), folder)
        try:
            served.web = await served.start(service.web)
            async with storing(database.app, size=4), httpx.AsyncClient(timeout=60, trust_env=False) as http:
                tenant = await directory.find(SLUGS[service.name])
                assert tenant
                made = Wire(service, seen, http, tenant)
                for role, of in roles.items():
                    person = await people.member(tenant, role, of)
                    made.callers[role] = await people.caller(served, person, http)
                http.base_url = httpx.URL(served.web)
                yield made
        finally:
            await served.stop()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("requests")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def dispatch(databases: Databases, environment: dict[str, str], folder: Path) -> AsyncIterator[Wire]:
    """The 109 of Petropavl."""
    contacts.use_keys(
        read_keys(environment, "DISPATCH_CONTACT_KEYS"), bytes.fromhex(environment["DISPATCH_INDEX_KEY"])
    )
    attachments.use_folder(folder)
    async with wired(DISPATCH, databases, folder, {"operator": None, "executor": "water"}) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def hub(databases: Databases, folder: Path) -> AsyncIterator[Wire]:
    """The desk of the ambulance."""
    async with wired(HUB, databases, folder, {"hub-operator": None}) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def region(databases: Databases, folder: Path) -> AsyncIterator[Wire]:
    """The command centre."""
    async with wired(REGION, databases, folder, {"region-command": None}) as made:
        yield made
