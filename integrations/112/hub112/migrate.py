"""`python -m hub112.migrate`: bring the database `hub` to the head of its migrations."""

import sys

from chassis109.store import migrate

PACKAGES = ("chassis109", "tenancy109", "identity109", "hub112")

if __name__ == "__main__":
    sys.exit(migrate.command("hub", PACKAGES))
