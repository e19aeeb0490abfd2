"""Brokers of a test's own, so that they can be killed."""

import asyncio
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import msgspec
import nats

from chassis109.bus.connection import BROKER_ERRORS, Connections
from stack109 import nats_conf


async def _quiet(_: Exception) -> None:
    """A broker that starts refuses connections."""


class Broker:
    """A nats-server. By default one account stands for all of them; `accounts` are what its users may name."""

    def __init__(self, folder: Path, *accounts: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.folder, self.credentials = folder, folder / "credentials.json"
        self.users = {name: {"user": "u", "password": "p"} for name in accounts}
        self.configuration = (
            f'listen: "127.0.0.1:{self.port}"\n'
            f'jetstream {{ store_dir: "{folder}/js", sync_interval: always }}\n'
            "authorization { user: u, password: p }\n"
        )
        self.process: subprocess.Popen[bytes] | None = None

    @classmethod
    def as_deployed(cls, folder: Path, *slugs: str) -> "Broker":
        """With the accounts, borders and rights of the deployment, for these tenants."""
        made = cls(folder)
        own = nats_conf.Broker("test", made.port, 0, folder / "js")
        made.configuration = "\n".join(
            line for line in nats_conf.render(own, slugs, lambda _: "p").splitlines() if "http:" not in line
        )
        names = nats_conf.accounts(slugs)
        made.users = {name: {"user": name.lower(), "password": "p"} for name in names}
        return made

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    def connections(self) -> Connections:
        return Connections(self.url, self.credentials, "test")

    async def start(self) -> None:
        """Start, or start again with everything it had stored."""
        self.credentials.write_bytes(msgspec.json.encode(self.users))
        file = self.folder / "nats.conf"
        file.write_text(self.configuration)
        binary = Path(sys.executable).parent / "nats-server"
        self.process = subprocess.Popen([binary, "-c", file, "-l", self.folder / "log"])  # noqa: ASYNC220
        login = next(iter(self.users.values()))
        async with asyncio.timeout(10):
            while True:
                with suppress(*BROKER_ERRORS):
                    client = await nats.connect(
                        self.url, allow_reconnect=False, max_reconnect_attempts=1, error_cb=_quiet, **login
                    )
                    await client.close()
                    return
                await asyncio.sleep(0.1)

    async def add_stream(self, name: str, *subjects: str) -> None:
        """A stream with nothing set but its subjects."""
        connections = self.connections()
        client = await connections.get(next(iter(self.users)))
        await client.jetstream().add_stream(name=name, subjects=[*subjects])
        await connections.close()

    async def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            await asyncio.to_thread(self.process.wait)
