"""`hub112-sim --service 103 --behaviour prompt`: plays the machine (CAD) of a desk, as an outside agency's would.

It uses what such an agency is given and nothing else: the broker's address, the password of its account, the
contract. NATS_URL and NATS_CREDENTIALS come from the environment (`make -s env`).
"""

import asyncio
import os
import signal
from argparse import ArgumentParser, Namespace
from contextlib import suppress
from pathlib import Path

from chassis109.bus.connection import Connections
from chassis109.kernel.settings import read
from chassis109.observe.logs import open_logs
from hub112.contract import MODES, SERVICES
from hub112.simulator.behaviours import BEHAVIOURS
from hub112.simulator.desk import Desk
from hub112.simulator.line import Line
from hub112.simulator.memory import Memory

NAME, VERSION = "hub112-sim", "0.1.0"


def asked(argv: list[str] | None) -> Namespace:
    """The command line."""
    parser = ArgumentParser(prog=NAME, description=__doc__)
    parser.add_argument("--service", required=True, choices=SERVICES, action="append", help="may be repeated")
    parser.add_argument("--behaviour", required=True, choices=BEHAVIOURS)
    parser.add_argument("--mode", default="live", choices=MODES)
    parser.add_argument("--pace", type=float, default=1, help="2: twice as fast; 0: everything at once")
    parser.add_argument("--memory", type=Path, help="folder for what must outlive a restart (default: none)")
    return parser.parse_args(argv)


async def run(given: Namespace) -> None:
    """Play until SIGTERM or SIGINT."""
    connections = Connections(read(os.environ, "NATS_URL"), Path(read(os.environ, "NATS_CREDENTIALS")), NAME)
    lines = []
    for service in dict.fromkeys(given.service):
        memory = Memory(_place(given, service))
        desk = Desk(service, BEHAVIOURS[given.behaviour], memory, given.pace)
        lines.append(Line(connections, desk, memory, given.mode))
    playing, asked_to_end = asyncio.gather(*(line.run() for line in lines)), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, asked_to_end.set)
    ending = asyncio.create_task(asked_to_end.wait())
    await asyncio.wait((playing, ending), return_when=asyncio.FIRST_COMPLETED)
    for line in lines:
        line.end()
    playing.cancel()
    ending.cancel()
    await connections.close()
    with suppress(asyncio.CancelledError):
        await playing


def _place(given: Namespace, service: str) -> str:
    if given.memory is None:
        return ":memory:"
    given.memory.mkdir(mode=0o700, parents=True, exist_ok=True)
    return str(given.memory / f"{service}-{given.mode}.sqlite")


def main(argv: list[str] | None = None) -> None:
    """The command."""
    given = asked(argv)
    open_logs(NAME, VERSION)
    asyncio.run(run(given))


if __name__ == "__main__":
    main()
