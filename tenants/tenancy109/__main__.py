"""`python -m tenancy109 check|apply|outlines [ROOT]` and `import-boundaries FILE`.

Exit code 0: done; 1: refused, with every reason on stderr; 2: called wrongly; 3: the database is away.
`apply` and `import-boundaries` work as the owner role: DISPATCH_OWNER_DSN.
"""

import asyncio
import json
import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Awaitable, Callable
from pathlib import Path

from chassis109.kernel.errors import Unavailable
from chassis109.store.unit import close_store, open_store
from tenancy109 import boundaries, outlines, provisioning, registry, repository

REFUSED, USAGE, AWAY = 1, 2, 3


def check(arguments: Namespace) -> None:
    """Read the folders and say what they hold."""
    for slug, folder in registry.load(arguments.root).items():
        categories, services = len(folder.catalogue.categories), len(folder.catalogue.services)
        print(f"{folder.tenant.id:5} {slug}: {categories} categories, {services} services")


def show_outlines(arguments: Namespace) -> None:
    """Write the approximate outlines as GeoJSON to look at."""
    shapes = outlines.approximate(folder.tenant for folder in registry.load(arguments.root).values())
    print(json.dumps(outlines.collection(shapes, "approximate")))


def apply(arguments: Namespace) -> None:
    """Write the folders into the database."""
    folders = registry.load(arguments.root)

    async def write() -> None:
        for change in await provisioning.apply(folders):
            print(change)

    _as_owner(write)


def import_boundaries(arguments: Namespace) -> None:
    """Replace the outlines by those of a GeoJSON file."""
    text = arguments.file.read_text(encoding="utf-8")

    async def write() -> None:
        open_tenants = [tenant for tenant, _ in await repository.tenants() if tenant.active]
        shapes = boundaries.read(text, {tenant.slug: tenant.centre for tenant in open_tenants})
        await provisioning.import_boundaries(shapes)
        print(f"{len(shapes)} outlines imported")

    _as_owner(write)


def _as_owner(work: Callable[[], Awaitable[None]]) -> None:
    dsn = os.environ.get("DISPATCH_OWNER_DSN")
    if not dsn:
        print("DISPATCH_OWNER_DSN is not set: `make env` prints it for the running stack", file=sys.stderr)
        raise SystemExit(USAGE)

    async def session() -> None:
        await open_store(dsn, size=2, application="tenancy109")
        try:
            await work()
        finally:
            await close_store()

    asyncio.run(session())


def parser() -> ArgumentParser:
    """The command line."""
    whole = ArgumentParser(prog="python -m tenancy109", description="The tenants: files, database, outlines.")
    commands = whole.add_subparsers(required=True, metavar="COMMAND")
    for name, run in (("check", check), ("apply", apply), ("outlines", show_outlines)):
        command = commands.add_parser(name, help=run.__doc__)
        command.add_argument("root", type=Path, nargs="?", default=Path("tenants"), help="default: tenants")
        command.set_defaults(run=run)
    command = commands.add_parser("import-boundaries", help=import_boundaries.__doc__)
    command.add_argument("file", type=Path, help="GeoJSON; each feature has a `slug` or `district`")
    command.set_defaults(run=import_boundaries)
    return whole


def main(argv: list[str] | None = None) -> int:
    """Run one command; its exit code."""
    arguments = parser().parse_args(argv)
    try:
        arguments.run(arguments)
    except (registry.RegistryRefused, boundaries.BoundariesRefused, provisioning.ApplyRefused) as refused:
        print(refused, file=sys.stderr)
        return REFUSED
    except (FileNotFoundError, IsADirectoryError, PermissionError, UnicodeDecodeError) as unreadable:
        print(f"cannot read: {unreadable}", file=sys.stderr)
        return REFUSED
    except Unavailable as away:
        print(away, file=sys.stderr)
        return AWAY
    return 0


if __name__ == "__main__":
    sys.exit(main())
