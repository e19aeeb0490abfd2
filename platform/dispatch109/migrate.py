"""`python -m dispatch109.migrate`: bring the database `dispatch` to the head of its migrations."""

import asyncio
import os
import sys

from chassis109.store import migrate

PACKAGES = ("chassis109", "tenancy109", "identity109", "dispatch109")


def main() -> int:
    """Apply what is missing as dispatch_owner and say what was applied."""
    try:
        applied = asyncio.run(migrate.run(os.environ["DISPATCH_OWNER_DSN"], PACKAGES))
    except migrate.MigrationRefused as refused:
        print(refused, file=sys.stderr)  # noqa: T201 - a command's answer
        return 1
    print("\n".join(applied) or "the schema is at its head")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
