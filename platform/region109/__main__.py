"""`python -m region109 rebuild [--resend]`: the region's tables from zero, beside a running worker.

Works as region_owner (REGION_OWNER_DSN). `--resend` orders every tenant to say all its facts again as well: that heals
also what the feed has forgotten. Exit code 0: done; 1: nothing has changed, with the reason.
"""

import asyncio
import os
import sys
from argparse import ArgumentParser
from pathlib import Path

from chassis109.bus.connection import BusAway, Connections
from chassis109.bus.replay import Forgotten
from chassis109.kernel.errors import Unavailable
from chassis109.kernel.settings import SettingMissing, read
from chassis109.store.unit import close_store, open_store
from region109.rebuild import Progress, ask_again, rebuild

STATEMENT_SECONDS = 1800.0  # all figures are worked out of ten million rows in half a minute


def tell(done: Progress) -> None:
    """A line of progress."""
    print(f"{done.read} of {done.whole} facts, {done.share:.0%}, {done.rate:.0f} facts/s", flush=True)


async def run(*, resend: bool) -> None:
    """Rebuild, then ask when told so."""
    credentials = Path(read(os.environ, "NATS_CREDENTIALS"))
    connections = Connections(read(os.environ, "NATS_URL"), credentials, "rebuild")
    await open_store(read(os.environ, "REGION_OWNER_DSN"), 2, "region109-rebuild", STATEMENT_SECONDS)
    try:
        rebuilt = await rebuild(connections, tell)
        print(
            f"rebuilt: {rebuilt.progress.read} facts in {rebuilt.progress.seconds:.1f} s, "
            f"{rebuilt.corrected} daily figures corrected"
        )
        if resend:
            print("asked to say everything again: " + ", ".join(await ask_again()))
    finally:
        await close_store()
        await connections.close()


def main() -> int:
    """The command line."""
    parser = ArgumentParser(prog="python -m region109", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("rebuild", help="read the feed again")
    command.add_argument(
        "--resend", action="store_true", help="and order every tenant to say all its facts again"
    )
    given = parser.parse_args()
    try:
        asyncio.run(run(resend=given.resend))
    except (BusAway, Forgotten, SettingMissing, Unavailable) as failure:
        print(f"{type(failure).__name__}: {failure.__doc__ or failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
