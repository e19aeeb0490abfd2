"""A consumer that is killed after its effect is committed and before the message is acknowledged."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from tests.integration.chassis.consuming import note

from chassis109.bus.connection import Connections
from chassis109.bus.consumer import Consumer, Source
from chassis109.kernel.messages import Delivery
from chassis109.store import unit


async def main(durable: str, tenant: int) -> None:
    async def handler(delivery: Delivery) -> None:
        await note(delivery.payload)
        unit.after_commit(lambda: os.kill(os.getpid(), signal.SIGKILL))

    await unit.open_store(os.environ["DISPATCH_APP_DSN"])
    connections = Connections(os.environ["NATS_URL"], Path(os.environ["NATS_CREDENTIALS"]), "dying")
    source = Source("REGION", "FEED", durable, lambda _: tenant)
    await Consumer(connections, source, {"sko.feed.>": handler}).run()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
