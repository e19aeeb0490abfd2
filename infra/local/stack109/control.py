"""Stopping, starting and killing single parts of a running instance, for tests and repairs.

The supervisor listens on an abstract socket (no file, so no path is too long and nothing is left
behind) and answers the user it runs as, and root.
"""

import asyncio
import hashlib
import json
import os
import socket
import struct
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Protocol

from stack109.environment import ARCHIVE
from stack109.failure import StackFailure
from stack109.instance import Instance
from stack109.keeper import Keeper

VERBS = ("stop", "start", "kill", "restart")


class Supervised(Protocol):
    """What the control needs of the supervisor."""

    keepers: dict[str, Keeper]

    @property
    def instance(self) -> Instance:
        """The instance that is supervised."""
        ...

    async def keep(self, name: str) -> None:
        """Start a part that is not kept yet."""
        ...


def address(instance: Instance) -> str:
    """The abstract socket's name of this instance."""
    return "\0dispatch109-" + hashlib.sha256(str(instance.folder).encode()).hexdigest()[:24]


@asynccontextmanager
async def listening(supervisor: Supervised) -> AsyncIterator[None]:
    """Answer requests while the supervisor runs."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reply = {"error": "only the user of this stack may do that"}
        if _is_ours(writer.get_extra_info("socket")):
            reply = await _obey(json.loads(await reader.readline()), supervisor)
        writer.write(json.dumps(reply).encode() + b"\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_unix_server(answer, address(supervisor.instance)):
        yield


def ask(instance: Instance, verb: str, part: str) -> None:
    """Have the supervisor act on a part and wait until it is done."""
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(address(instance))
        except OSError:
            raise StackFailure(f"The stack {instance.name!r} is not running.") from None
        connection.sendall(json.dumps({"verb": verb, "part": part}).encode() + b"\n")
        with connection.makefile() as answers:
            reply = json.loads(answers.readline())
    if "error" in reply:
        raise StackFailure(reply["error"])


async def _obey(request: Mapping[str, str], supervisor: Supervised) -> dict[str, str]:
    keepers, name = supervisor.keepers, request["part"]
    keeper = keepers.get(name)
    try:
        if keeper is not None:
            await _act(request["verb"], keeper)
        elif (request["verb"], name) == ("start", ARCHIVE):
            await supervisor.keep(name)
        else:
            return {"error": f"No part {name!r}; there are: {', '.join(keepers)}."}
    except StackFailure as failure:
        return {"error": str(failure)}
    return {"done": request["verb"]}


async def _act(verb: str, keeper: Keeper) -> None:
    if verb == "kill":
        keeper.kill()
    if verb == "stop":
        await keeper.stop()
    if verb == "start":
        await keeper.start()
    if verb == "restart":
        await keeper.restart()


def _is_ours(connection: socket.socket) -> bool:
    _, user, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return user in (0, os.geteuid())
