"""The command of a service that writes what its folders say into its database."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from chassis109.kernel.errors import Unavailable
from chassis109.kernel.settings import SettingMissing, read
from chassis109.store.unit import close_store, open_store
from tenancy109 import registry


def provisioning(
    dsn_variable: str, application: str, provision: Callable[[Path], Awaitable[list[str]]]
) -> int:
    """Write what is missing as the owner's role and say what was written; the exit code, 1 with the reason when it is
    refused. The folder is the first argument, `tenants` when left out."""
    root = Path(*sys.argv[1:2] or ["tenants"])
    try:
        lines = asyncio.run(_as_owner(read(os.environ, dsn_variable), application, root, provision))
    except (registry.RegistryRefused, SettingMissing, Unavailable) as refused:
        print(refused, file=sys.stderr)  # noqa: T201 - a command's answer
        return 1
    print("\n".join(lines))  # noqa: T201
    return 0


async def _as_owner(
    dsn: str, application: str, root: Path, provision: Callable[[Path], Awaitable[list[str]]]
) -> list[str]:
    await open_store(dsn, size=2, application=application)
    try:
        return await provision(root)
    finally:
        await close_store()
