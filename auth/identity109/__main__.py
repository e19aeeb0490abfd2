"""`python -m identity109 [--hub | --region] provision-demo | people SLUG | grant … | withdraw …`, and `provision-hub`,
`provision-region`.

Exit code 0: done; 1: refused, with the reason on stderr; 2: called wrongly; 3: the database is away.
Reads DISPATCH_APP_DSN, KEYCLOAK_URL, PROVISIONER_SECRET (and the like) from the environment; for the hub
HUB_APP_DSN and HUB_PROVISIONER_SECRET, for the region REGION_APP_DSN.
"""

import asyncio
import os
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Awaitable, Callable
from uuid import UUID

from chassis109.kernel.errors import Invalid, Refused, Unavailable
from chassis109.kernel.settings import SettingMissing
from chassis109.store.unit import close_store, open_store
from identity109 import membership, provisioner
from identity109.actor import Actor
from identity109.keycloak_staff import Account, KeycloakRefused, KeycloakStaff, connected
from identity109.settings import Prefix, ProvisionerSettings
from tenancy109 import directory
from tenancy109.model import Tenant

REFUSED, USAGE, AWAY = 1, 2, 3
COMMAND_LINE = UUID(int=0)
"""The actor of the audit log when somebody with a shell on the server changes roles."""


async def provision_demo(arguments: Namespace) -> None:
    """Groups and people of the demo, for the tenants in the database."""
    begun = time.monotonic()
    services = {
        tenant.slug: [service.code for service in (await directory.catalogue(tenant.id)).services]
        for tenant in await directory.all()
    }
    async with connected(_provisioner(arguments)) as staff:
        _tell(await provisioner.provision_demo(staff, services), begun)


async def provision_hub(arguments: Namespace) -> None:
    """Groups and people of the hub's demo and the accounts of machines, for the desks in the hub's database."""
    begun = time.monotonic()
    codes = [tenant.slug for tenant in await directory.all()]
    async with connected(_provisioner(arguments)) as staff:
        _tell(await provisioner.provision_hub(staff, codes), begun)


async def provision_region(arguments: Namespace) -> None:
    """The people of the region's demo, for the region's database."""
    begun = time.monotonic()
    async with connected(_provisioner(arguments)) as staff:
        _tell(await provisioner.provision_region(staff), begun)


def _tell(difference: provisioner.Difference, begun: float) -> None:
    print(f"{difference if difference else 'nothing to do'} ({time.monotonic() - begun:.1f} s)")


def _provisioner(arguments: Namespace) -> ProvisionerSettings:
    return ProvisionerSettings.from_environment(os.environ, _prefix(arguments))


def _prefix(arguments: Namespace) -> Prefix:
    prefix: Prefix = arguments.service_of
    return prefix


async def people(arguments: Namespace) -> None:
    """Every role ever given in a tenant."""
    for member in await membership.list_people((await _tenant(arguments.slug)).id):
        state = "active" if member.active else f"withdrawn {member.withdrawn_at:%Y-%m-%d}"
        print(f"{member.username:36} {member.role:14} {member.service or '-':20} {state}")


async def grant(arguments: Namespace) -> None:
    """A role in the database, then in Keycloak: it counts when both name it."""
    actor = await _actor(arguments.slug)
    async with connected(_provisioner(arguments)) as staff:
        account, group_id = await _seat(staff, arguments)
        name = f"{account.first_name} {account.last_name}".strip()
        await membership.register(account.subject, account.username, name)
        await membership.grant(actor, account.subject, arguments.role, arguments.service, arguments.reason)
        await staff.join([(account.subject, group_id)])


async def withdraw(arguments: Namespace) -> None:
    """A role in the database, where it counts at once, then in Keycloak."""
    actor = await _actor(arguments.slug)
    async with connected(_provisioner(arguments)) as staff:
        account, group_id = await _seat(staff, arguments)
        await membership.withdraw(
            actor, account.subject, arguments.role, arguments.reason, _live_streams_recheck
        )
        await staff.leave([(account.subject, group_id)])


async def _live_streams_recheck(tenant_id: int, subject: UUID) -> None:
    """Nobody can be told from here: the live process asks again every 15–30 s."""


async def _seat(staff: KeycloakStaff, arguments: Namespace) -> tuple[Account, str]:
    account = await staff.account(arguments.username)
    group = f"{(await _tenant(arguments.slug)).group_path}/{arguments.role}"
    group_id = (await staff.groups()).get(group)
    if account is None or group_id is None:
        raise KeycloakRefused(
            f"no person {arguments.username} or no role {arguments.role} of {arguments.slug}"
        )
    return account, group_id


async def _tenant(slug: str) -> Tenant:
    tenant = await directory.find(slug)
    if tenant is None:
        raise KeycloakRefused(f"no tenant {slug}")
    return tenant


async def _actor(slug: str) -> Actor:
    return Actor(
        subject=COMMAND_LINE,
        name="command line",
        kind="system",
        tenant=await _tenant(slug),
        roles=frozenset(),
        service=None,
        language="en",
        session_id=None,
    )


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="python -m identity109", description=__doc__)
    for prefix, words in (("HUB", "the emergency services"), ("REGION", "the regional command centre")):
        option = f"--{prefix.lower()}"
        parser.add_argument(
            option,
            dest="service_of",
            action="store_const",
            const=prefix,
            help=f"{words} instead of the dispatch",
        )
    parser.set_defaults(service_of="DISPATCH")
    commands = parser.add_subparsers(required=True)
    commands.add_parser("provision-demo").set_defaults(work=provision_demo)
    commands.add_parser("provision-hub").set_defaults(work=provision_hub, service_of="HUB")
    commands.add_parser("provision-region").set_defaults(work=provision_region, service_of="REGION")
    listing = commands.add_parser("people")
    listing.add_argument("slug")
    listing.set_defaults(work=people)
    for name, work in (("grant", grant), ("withdraw", withdraw)):
        command = commands.add_parser(name)
        for argument in ("username", "slug", "role"):
            command.add_argument(argument)
        command.add_argument("--reason", required=True)
        command.add_argument("--service")
        command.set_defaults(work=work)
    return parser


async def _with_store(work: Callable[[Namespace], Awaitable[None]], arguments: Namespace) -> None:
    name = f"{_prefix(arguments)}_APP_DSN"
    if not (dsn := os.environ.get(name)):
        raise SettingMissing(f"set {name}: `make env` prints it for the running stack")
    await open_store(dsn, size=2, application="identity109")
    try:
        await work(arguments)
    finally:
        await close_store()


def main() -> int:
    """Run one command; its exit code."""
    arguments = _parser().parse_args()
    try:
        asyncio.run(_with_store(arguments.work, arguments))
    except Unavailable as error:
        print(error, file=sys.stderr)
        return AWAY
    except Invalid as error:
        print(*(f"{wrong.field}: {wrong.message}" for wrong in error.errors), sep="\n", file=sys.stderr)
        return REFUSED
    except (KeycloakRefused, Refused, LookupError, SettingMissing) as error:
        print(error, file=sys.stderr)
        return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main())
