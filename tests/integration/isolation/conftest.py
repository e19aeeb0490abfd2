"""Two tenants that both have a row in every table, on a database of the tests' own."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio
from tests import emergencies, makers
from tests.databases import Database, Databases, storing

from chassis109.kernel import clock
from chassis109.kernel.ids import uuid7
from chassis109.store import inbox, sealer, unit
from chassis109.store.idempotency import RequestKey
from chassis109.store.unit import transaction
from dispatch109.callbacks import service as callbacks
from dispatch109.callbacks.model import Callback, Outcome
from dispatch109.calls import service as calls
from dispatch109.contacts import service as contacts
from dispatch109.emergencies.model import Handoff, Incident
from dispatch109.execution import repository as attachments
from dispatch109.execution import service as execution
from dispatch109.execution.model import read_photo
from dispatch109.tickets.model import Ticket
from identity109 import repository as identity
from tenancy109 import directory
from tenancy109.model import Tenant


@dataclass(frozen=True)
class Side:
    """One tenant and what was made in it."""

    tenant: Tenant
    opened: Ticket
    done: Ticket
    callback: Callback
    photo: UUID
    incident: Incident
    handoff: Handoff


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def database(databases: Databases) -> Database:
    """A database that this module may fill."""
    return await databases.clone("tenants")


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def store(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Path]:
    """The process as its entry point sets it up."""
    folder = tmp_path_factory.mktemp("files")
    contacts.use_keys({"k1": b"\x01" * 32}, b"\x02" * 32)
    attachments.use_folder(folder)
    async with storing(database.app, size=4):
        yield folder


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def superuser(database: Database) -> AsyncIterator[asyncpg.Connection]:
    """Sees everything."""
    connection = await asyncpg.connect(database.superuser)
    yield connection
    await connection.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def ours(store: Path) -> Side:
    """The city."""
    return await filled("petropavl")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def theirs(store: Path) -> Side:
    """A district whose rows the city must never reach."""
    return await filled("aiyrtau")


async def filled(slug: str, **words: str) -> Side:
    """A row in every table of a tenant; `words` are what the callers say."""
    tenant = await directory.find(slug)
    assert tenant is not None
    actor, key = makers.operator(tenant), RequestKey(uuid4(), f"key-of-{slug}", b"digest")
    point = {"lon": tenant.centre[0], "lat": tenant.centre[1]}
    opened = await calls.register(makers.said(category="other", **point, **words), actor, key)
    await calls.consult(makers.said(category="other", **words), actor)
    working, by = await makers.worked(actor, category="other", **words)
    photo = await execution.add_photo(working.id, read_photo(makers.photo()), by)
    done = await execution.finish(working.id, None, "", [], by)
    callback = await makers.owed_for(done, actor)
    await callbacks.record(callback.id, Outcome.UNREACHABLE, "", actor)
    async with transaction(None):
        await identity.remember_person(actor.subject, "test", actor.name, "ru", False)
    async with transaction(tenant.id):
        await identity.grant([actor.subject], ["operator"], [None], None, clock.now())
        await inbox.once("region", uuid7())
        await inbox.put_aside("region", uuid7(), "sko.x", b"{}", "ValueError", 5)
    incident, handoff = await _emergency(tenant, **words)
    await _federation(tenant, opened)
    await _seal(tenant)
    return Side(tenant, opened, done, callback, photo, incident, handoff)


async def _emergency(tenant: Tenant, **words: str) -> tuple[Incident, Handoff]:
    """One that is underway, with a crew, under clocks of the tenant's own."""
    actor = makers.operator(tenant)
    async with transaction(tenant.id):
        await unit.execute(
            "INSERT INTO dispatch.handoff_clock VALUES (app.tenant(), '103', 'P0', 5, 10, 20, 30, 60)"
        )
    incident, handoff = await emergencies.handed(actor, **{"address": "Орталық көше 1", **words})
    hub = emergencies.Hub(tenant)
    following = await hub.accepts(incident, handoff)
    await hub.returns(incident, handoff, "unit", following, units=[emergencies.unit("assigned")])
    return incident, handoff


async def _federation(tenant: Tenant, ticket: Ticket) -> None:
    """What the region and a neighbour have said, and what is said to them again."""
    async with transaction(tenant.id):
        await unit.execute(
            "INSERT INTO dispatch.resend VALUES (app.tenant(), $1, NULL, now(), 'tickets')", uuid7()
        )
        await unit.execute(
            """INSERT INTO dispatch.mandate (tenant_id, id, kind, reason, deadline, state, version, issued_at,
                   issued_by, issued_name, received_at)
               VALUES (app.tenant(), $1, 'report', 'x', now(), 'received', 1, now(), $1, 'x', now())""",
            uuid7(),
        )
        alert = await unit.fetchval(
            """INSERT INTO dispatch.alert (tenant_id, id, version, kind, kk, ru, en, issued_at, issued_name, arrived_at,
                   expires_at)
               VALUES (app.tenant(), $1, 1, 'flood', 'x', 'x', 'x', now(), 'x', now(), now()) RETURNING id""",
            uuid7(),
        )
        await unit.execute(
            "INSERT INTO dispatch.alert_reader VALUES (app.tenant(), $1, 1, $2, 'x', now())", alert, uuid7()
        )
        await unit.execute(
            """INSERT INTO dispatch.referral (tenant_id, id, side, other_slug, ticket_id, reference, chain,
                   category_code, priority, opened_at, due_at, statutory_due, reason, state, version, sent_at, sent_by)
               VALUES (app.tenant(), $1, 'out', 'esil', $2, 'x', '{x}', 'other', 1, now(), now(), now(), 'x', 'sent', 1,
                       now(), 'x')""",
            uuid7(), ticket.id,
        )  # fmt: skip


async def _seal(tenant: Tenant) -> None:
    """A transaction that runs anywhere in the cluster holds the sealing up for a moment."""
    async with asyncio.timeout(20):
        while not await sealer.seal(tenant.id):  # noqa: ASYNC110 - nobody tells when it ends
            await asyncio.sleep(0.05)
