"""A relay in a process of its own, for all tenants of the database of its first argument; it waits to be killed."""

import asyncio
import os
import sys
from pathlib import Path

from tests.integration.chassis.relaying import ACCOUNT

from chassis109.bus.connection import Connections
from chassis109.bus.relay import Relay
from chassis109.store.outbox import Outbox


async def main(dsn: str) -> None:
    connections = Connections(os.environ["NATS_URL"], Path(os.environ["NATS_CREDENTIALS"]), "killed")
    await Relay(await Outbox.open(dsn), connections, lambda _: ACCOUNT).run()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
