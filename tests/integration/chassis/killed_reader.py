"""A reader of a tenant's returns that waits for messages until it is killed. Arguments: the broker and its logins."""

import asyncio
import sys
from pathlib import Path

from chassis109.bus.connection import Connections
from chassis109.bus.consumer import Consumer, Source

RETURNS = Source("T_PETROPAVL", "RETURN", "petropavl-live", lambda _: None, "hub.API")

if __name__ == "__main__":
    asyncio.run(Consumer(Connections(sys.argv[1], Path(sys.argv[2]), "killed"), RETURNS, {}).run())
