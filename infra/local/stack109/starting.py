"""The order in which a stack comes up: what waits for what, and what runs side by side."""

import asyncio
from typing import Protocol

from stack109 import keycloak_realms, nats_conf
from stack109.environment import DEMO_PASSWORD, SERVICES, Stack
from stack109.progress import step
from stack109.shell import Command, run_apart
from stack109.stamps import digest, is_done, mark_done

MIGRATIONS = ("dispatch109.migrate",)
TENANTS = ("tenancy109", "apply", "tenants")
PEOPLE = ("identity109", "provision-demo")
PEOPLE_SOURCES = (
    "tenants",
    "auth/identity109/demo_people.py",
    "auth/identity109/provisioner.py",
    "auth/identity109/keycloak_staff.py",
)
DEMO = ("dispatch109.demo",)


class Starter(Protocol):
    """What the start needs of the supervisor."""

    stack: Stack

    async def keep(self, name: str) -> None:
        """Start a part, wait until it serves, keep it alive from then on."""
        ...


async def start(starter: Starter, *, base_only: bool) -> None:
    """Bring everything up. Keycloak takes longest, so the database's work goes on beside it."""
    stack = starter.stack
    await asyncio.to_thread(stack.prepare)
    async with asyncio.TaskGroup() as group:
        broker = group.create_task(_start_broker(starter))
        await _start_database(starter)
        keycloak = group.create_task(_start_identity(starter))
        if not base_only:
            await _run(stack, "migrations", *MIGRATIONS)
            await apply_tenants(stack)
            await _provision_people(stack, keycloak)
            await _run(stack, "demo data", *DEMO)
            await broker
            for name in SERVICES:
                group.create_task(starter.keep(name))


async def _start_broker(starter: Starter) -> None:
    await starter.keep("nats")
    await _make_streams(starter.stack)


async def apply_tenants(stack: Stack) -> None:
    """Read the registry, refuse what is wrong in it, write it into the database."""
    await _run(stack, "tenants", *TENANTS)


async def admit_tenants(stack: Stack) -> None:
    """The places in the streams and the people of today's tenants, while everything runs."""
    await _make_streams(stack)
    await _run(stack, "groups and demo people in Keycloak", *PEOPLE)


async def _make_streams(stack: Stack) -> None:
    slugs = nats_conf.slugs(stack.instance.root / "tenants")
    argv = [str(stack.instance.python), "infra/nats/streams.py", *slugs]
    await _timed(stack, "streams", argv)


async def _start_database(starter: Starter) -> None:
    postgres = starter.stack.postgres
    with step("PostgreSQL cluster"):
        await asyncio.to_thread(postgres.prepare)
    await starter.keep("postgres")
    with step("roles, databases, extensions, LEAKPROOF marks"):
        await run_apart(postgres.bootstrap())


async def _start_identity(starter: Starter) -> None:
    await starter.keep("keycloak")
    await asyncio.to_thread(keycloak_realms.bring_up_to_date, starter.stack.keycloak)


async def _provision_people(stack: Stack, keycloak: "asyncio.Task[None]") -> None:
    """Groups and demo people in Keycloak: only when what they are made from has changed."""
    instance = stack.instance
    root = instance.root
    fingerprint = digest(*(root / source for source in PEOPLE_SOURCES), DEMO_PASSWORD)
    stamp = instance.folder / "stamps" / "people"
    if is_done(stamp, fingerprint):
        return
    await keycloak
    await _run(stack, "groups and demo people in Keycloak", *PEOPLE)
    mark_done(stamp, fingerprint)


async def _run(stack: Stack, title: str, module: str, *arguments: str) -> None:
    await _timed(stack, title, [str(stack.instance.python), "-m", module, *arguments])


async def _timed(stack: Stack, title: str, argv: list[str]) -> None:
    instance = stack.instance
    log = instance.logs / "steps.log"
    with step(title):
        await run_apart(Command(title.capitalize(), argv, log, stack.for_programs(), instance.root))
