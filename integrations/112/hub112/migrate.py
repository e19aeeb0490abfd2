"""`python -m hub112.migrate`: bring the database `hub` to the head of its migrations."""

import asyncio
import os
import sys

from chassis109.store import migrate

PACKAGES = ("chassis109", "tenancy109", "identity109", "hub112")


def main() -> int:
    """Apply what is missing as hub_owner and say what was applied."""
    try:
        applied = asyncio.run(migrate.run(os.environ["HUB_OWNER_DSN"], PACKAGES, service="hub"))
    except migrate.MigrationRefused as refused:
        print(refused, file=sys.stderr)  # noqa: T201 - a command's answer
        return 1
    print("\n".join(applied) or "the schema is at its head")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
