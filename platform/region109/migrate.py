"""`python -m region109.migrate`: bring the database `region` to the head of its migrations."""

import sys

from chassis109.store import migrate

PACKAGES = ("chassis109", "tenancy109", "identity109", "region109")

if __name__ == "__main__":
    sys.exit(migrate.command("region", PACKAGES))
