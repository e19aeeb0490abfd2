"""Counts what really goes to PostgreSQL: a relay on the wire that reads the client's messages.

Counted are commands: a simple query or an execution, each one round trip. Several statements in one simple query
(`BEGIN; SELECT set_config(…)`) are one command; `statements` counts them apart.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

RESET = "SELECT pg_advisory_unlock_all()"  # what asyncpg's pool sends when a connection is given back


@dataclass
class Seen:
    """The texts of all commands since the last `clear`."""

    commands: list[str] = field(default_factory=list)

    @property
    def own(self) -> list[str]:
        """Without the pool's resets."""
        return [text for text in self.commands if not text.startswith(RESET)]

    @property
    def statements(self) -> int:
        """The commands of our own, those sent together counted one by one."""
        return sum(len([part for part in text.split(";") if part.strip()]) for text in self.own)


class _Reader:
    """Follows the messages of one client (PostgreSQL protocol 3.0)."""

    def __init__(self, seen: Seen) -> None:
        self._seen, self._buffer, self._started = seen, b"", False
        self._prepared: dict[bytes, str] = {}
        self._bound = ""

    def feed(self, data: bytes) -> None:
        self._buffer += data
        while self._one():
            pass

    def _one(self) -> bool:
        head = 5 if self._started else 4  # the first messages have no type byte
        if len(self._buffer) < head:
            return False
        length = int.from_bytes(self._buffer[head - 4 : head])
        end = head - 4 + length
        if len(self._buffer) < end:
            return False
        kind, body = self._buffer[:1], self._buffer[head:end]
        if self._started:
            self._read(kind, body)
        elif length != 8:  # a request for TLS is 8 bytes long and followed by the real start
            self._started = True
        self._buffer = self._buffer[end:]
        return True

    def _read(self, kind: bytes, body: bytes) -> None:
        if kind == b"Q":
            self._seen.commands.append(body.rstrip(b"\0").decode().strip())
        elif kind == b"P":
            name, text, _ = body.split(b"\0", 2)
            self._prepared[name] = text.decode().strip()
        elif kind == b"B":
            self._bound = self._prepared.get(body.split(b"\0", 2)[1], "?")
        elif kind == b"E":
            self._seen.commands.append(self._bound)


@asynccontextmanager
async def watched(dsn: str) -> AsyncIterator[tuple[str, Seen]]:
    """The DSN of a relay in front of `dsn`, and what passes it."""
    target, seen = urlsplit(dsn), Seen()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection(target.hostname, target.port)
        follow = _Reader(seen)
        await asyncio.gather(_pump(reader, up_writer, follow), _pump(up_reader, writer, None))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    user = target.netloc.rpartition("@")[0]
    try:
        yield target._replace(netloc=f"{user}@127.0.0.1:{port}").geturl(), seen
    finally:
        server.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, follow: _Reader | None) -> None:
    try:
        while data := await reader.read(65536):
            if follow is not None:
                follow.feed(data)
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()
