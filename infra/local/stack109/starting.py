"""The order in which a stack comes up: what waits for what, and what runs side by side."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from stack109 import keycloak_realms, nats_conf
from stack109.backup_folder import kept_in
from stack109.environment import ARCHIVE, DEMO_PASSWORD, DISPATCH, HUB, MACHINES, REGION, Stack
from stack109.failure import StackFailure
from stack109.progress import say, step
from stack109.shell import Command, run_apart
from stack109.stamps import digest, is_done, mark_done

TENANTS = ("tenancy109", "apply", "tenants")
DESKS = ("hub112.provision", "tenants")
TERRITORIES = ("region109.provision", "tenants")


@dataclass(frozen=True)
class People:
    """Who is made in a realm, by which command, from what."""

    title: str
    command: tuple[str, ...]
    sources: tuple[str, ...]


_PROVISIONER = ("auth/identity109/provisioner.py", "auth/identity109/keycloak_staff.py")
DISPATCH_PEOPLE = People(
    "groups and demo people in Keycloak",
    ("identity109", "provision-demo"),
    ("tenants", "auth/identity109/demo_people.py", "auth/identity109/permissions.py", *_PROVISIONER),
)
HUB_PEOPLE = People(
    "the hub's groups, people and machines in Keycloak",
    ("identity109", "provision-hub"),
    (
        "integrations/112/hub112/provision.py",
        "auth/identity109/permissions.py",
        "auth/identity109/demo_hub.py",
        "auth/identity109/demo_people.py",
        *_PROVISIONER,
    ),
)
REGION_PEOPLE = People(
    "the region's people in Keycloak",
    ("identity109", "provision-region"),
    (
        "auth/identity109/permissions.py",
        "auth/identity109/demo_region.py",
        "auth/identity109/demo_people.py",
        *_PROVISIONER,
    ),
)


class Starter(Protocol):
    """What the start needs of the supervisor."""

    stack: Stack

    async def keep(self, name: str) -> None:
        """Start a part, wait until it serves, keep it alive from then on."""
        ...


async def start(starter: Starter, *, base_only: bool) -> None:
    """Bring everything up. Keycloak takes longest, so the databases' work goes on beside it."""
    stack = starter.stack
    await asyncio.to_thread(stack.prepare)
    async with asyncio.TaskGroup() as group:
        broker = group.create_task(_start_broker(starter))
        await _start_database(starter)
        keycloak = group.create_task(_start_identity(starter))
        if not base_only:
            staffed = asyncio.Event()
            for prepare, names in (
                (partial(_prepare_dispatch, stack, keycloak, staffed), DISPATCH),
                (partial(_prepare_hub, stack, keycloak), (*HUB, MACHINES)),
                (partial(_prepare_region, stack, keycloak, staffed), REGION),
            ):
                wanted = [name for name in names if name in stack.services()]
                group.create_task(_serve(starter, prepare, broker, wanted))


async def _serve(
    starter: Starter,
    prepare: Callable[[], Awaitable[None]],
    broker: "asyncio.Task[None]",
    names: Sequence[str],
) -> None:
    """One service: its database and people first, then its processes."""
    await prepare()
    await broker
    async with asyncio.TaskGroup() as group:
        for name in names:
            group.create_task(starter.keep(name))


async def _prepare_dispatch(stack: Stack, keycloak: "asyncio.Task[None]", staffed: asyncio.Event) -> None:
    await _run(stack, "migrations", "dispatch109.migrate")
    await _run(stack, "tenants", *TENANTS)
    await _provision(stack, DISPATCH_PEOPLE, keycloak)
    staffed.set()
    await _run(stack, "demo data", "dispatch109.demo")


async def _prepare_hub(stack: Stack, keycloak: "asyncio.Task[None]") -> None:
    await _run(stack, "the hub's migrations", "hub112.migrate")
    await _run(stack, "desks and sending agencies", *DESKS)
    await _provision(stack, HUB_PEOPLE, keycloak)


async def _prepare_region(stack: Stack, keycloak: "asyncio.Task[None]", staffed: asyncio.Event) -> None:
    """Its people come after those of the dispatch: both stand in one realm, and the demo data wait for the first."""
    await _run(stack, "the region's migrations", "region109.migrate")
    await _run(stack, "territories", *TERRITORIES)
    await staffed.wait()
    await _provision(stack, REGION_PEOPLE, keycloak)


async def _start_broker(starter: Starter) -> None:
    await starter.keep("nats")
    await _make_streams(starter.stack)


async def apply_tenants(stack: Stack) -> None:
    """Read the registry, refuse what is wrong in it, write it into the databases."""
    await _run(stack, "tenants", *TENANTS)
    await _run(stack, "desks and sending agencies", *DESKS)
    await _run(stack, "territories", *TERRITORIES)


async def admit_tenants(stack: Stack) -> None:
    """The places in the streams and the people of today's tenants, while everything runs."""
    await _make_streams(stack)
    await _run(stack, DISPATCH_PEOPLE.title, *DISPATCH_PEOPLE.command)


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
    if kept_in(starter.stack.instance):
        await _start_archive(starter)


async def _start_archive(starter: Starter) -> None:
    """Whoever calls 109 does not wait for a backup whose disk is away; `make status` goes on saying it."""
    try:
        await starter.keep(ARCHIVE)
    except StackFailure as failure:
        say(f"  ! THE BACKUP DOES NOT GO ON: {failure}")


async def _start_identity(starter: Starter) -> None:
    await starter.keep("keycloak")
    await asyncio.to_thread(keycloak_realms.bring_up_to_date, starter.stack.keycloak)


async def _provision(stack: Stack, people: People, keycloak: "asyncio.Task[None]") -> None:
    """Groups and people in Keycloak: only when what they are made from has changed."""
    instance = stack.instance
    fingerprint = digest(*(instance.root / source for source in people.sources), DEMO_PASSWORD)
    stamp = instance.folder / "stamps" / people.command[-1]
    if is_done(stamp, fingerprint):
        return
    await keycloak
    await _run(stack, people.title, *people.command)
    mark_done(stamp, fingerprint)


async def _run(stack: Stack, title: str, module: str, *arguments: str) -> None:
    await _timed(stack, title, [str(stack.instance.python), "-m", module, *arguments])


async def _timed(stack: Stack, title: str, argv: list[str]) -> None:
    instance = stack.instance
    log = instance.logs / "steps.log"
    with step(title):
        await run_apart(Command(title.capitalize(), argv, log, stack.for_programs(), instance.root))
