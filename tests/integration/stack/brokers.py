"""A broker of the tests' own, with the very configuration and streams that the stack generates.

Apart from the running one: its workers would answer what a test sends, and quarantine what a test forges.
"""

import asyncio
import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from nats.aio.client import Client
from nats.js.client import JetStreamContext

from stack109 import nats_conf

ROOT = Path(__file__).parents[3]
TENANTS = ("petropavl", "aiyrtau")


@dataclass
class Member:
    """A logged-in account, and what the broker complained about to it."""

    client: Client
    complaints: list[str] = field(default_factory=list)

    @property
    def streams(self) -> JetStreamContext:
        """JetStream under the names of the account itself."""
        return self.client.jetstream()

    async def is_forbidden(self, *said: str) -> bool:
        """Whether the broker has forbidden each of these words, or does so within a moment."""
        for _ in range(200):
            if all(word.lower() in self._told() for word in said):
                return True
            await asyncio.sleep(0.01)
        return False

    def _told(self) -> str:
        return " ".join(line for line in self.complaints if "permissions violation" in line.lower()).lower()


@dataclass(frozen=True)
class Spoken:
    """The protocol itself, word by word."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def say(self, words: bytes) -> None:
        """Send bytes; a connection that the broker has closed meanwhile is for `hear` to tell."""
        self.writer.write(words)
        with suppress(ConnectionError):
            await self.writer.drain()

    async def hear(self, patience: float = 3) -> str:
        """The next line; empty when the broker has closed the connection."""
        return (await asyncio.wait_for(self.reader.readline(), patience)).decode().strip()


@dataclass(frozen=True)
class Broker:
    """Where a broker listens, who may log in, and what it writes down."""

    url: str
    users: dict[str, dict[str, str]]
    log: Path

    def make_streams(self) -> None:
        """Streams and places as the deployment makes them at every start."""
        logins = self.log.with_name("users.json")
        subprocess.run(
            [sys.executable, "infra/nats/streams.py", *TENANTS],
            cwd=ROOT,
            env={"NATS_URL": self.url, "NATS_CREDENTIALS": str(logins)},
            check=True,
        )

    async def logged(self, words: str, *, times: int = 1) -> str:
        """The last line of the log with these words, once there are so many of them; the broker writes by and by."""
        for _ in range(200):
            lines = [line for line in self.log.read_text().splitlines() if words in line]
            if len(lines) >= times:
                return lines[-1]
            await asyncio.sleep(0.01)
        raise AssertionError(f"{words!r} is in the log {len(lines)} times, not {times}")

    @asynccontextmanager
    async def member(self, account: str) -> AsyncIterator[Member]:
        """Log in as the user of an account."""
        member = Member(Client())

        async def note(error: Exception) -> None:
            member.complaints.append(str(error))

        login = self.users[account]
        await member.client.connect(
            self.url, user=login["user"], password=login["password"], error_cb=note, allow_reconnect=False
        )
        try:
            yield member
        finally:
            await member.client.close()


@asynccontextmanager
async def spoken(url: str, user: str | None, password: str) -> AsyncIterator[Spoken]:
    """A connection without a client library, for what a library would not let one say."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        await reader.readline()  # INFO
        login = {"user": user, "pass": password} if user else {}
        talk = Spoken(reader, writer)
        await talk.say(f"CONNECT {json.dumps({'verbose': False, **login})}\r\nPING\r\n".encode())
        yield talk
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


def running(folder: Path, *additions: str) -> Iterator[Broker]:
    """A broker of one's own, with lines added to its configuration, until the generator is closed."""
    port, monitor = _free_port(), _free_port()
    form = nats_conf.Broker("trial", port, monitor, folder / "store")
    rendered = nats_conf.render(form, TENANTS, lambda account: f"secret-{account}")
    config, users = folder / "nats.conf", folder / "users.json"
    config.write_text("\n".join([rendered, *additions]))
    logins = {
        name: {"user": name.lower(), "password": f"secret-{name}"} for name in nats_conf.accounts(TENANTS)
    }
    users.write_text(json.dumps(logins))
    made = Broker(f"nats://127.0.0.1:{port}", logins, folder / "nats.log")
    program = Path(sys.executable).with_name("nats-server")
    process = subprocess.Popen([program, "-c", config, "-l", made.log])
    try:
        _wait_until_ready(made.log)
        made.make_streams()
        yield made
    finally:
        process.terminate()
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(log: Path) -> None:
    limit = time.monotonic() + 10
    while not (log.exists() and re.search("Server is ready", log.read_text())):
        assert time.monotonic() < limit, "the broker does not start"
        time.sleep(0.02)
