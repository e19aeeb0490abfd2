"""Open consoles without browsers: event streams over bare sockets, three hundred in one process, each event stamped."""

import asyncio
import os
import re
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.bench.handoff_screen import signed_in

ROLES = ("operator", "senior", "executor", "head")
AT_ONCE = 4
_ID = re.compile(rb'"id":"([0-9a-f-]{36})"')


@dataclass
class Consoles:
    """When which thing was told of, at every console of its tenant; and how many streams broke."""

    count: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    heard: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    broken: int = 0
    ready: int = 0

    async def watch(self, slug: str, cookie: str) -> None:
        """One console, until cancelled."""
        address = urlsplit(os.environ["LIVE_URL"])
        reader, writer = await asyncio.open_connection("127.0.0.1", address.port)
        asked = (f"GET /t/{slug}/live HTTP/1.1", f"Host: {address.netloc}", f"Cookie: {cookie}", "", "")
        writer.write("\r\n".join(asked).encode())
        try:
            if b" 200 " not in await reader.readline():
                raise ConnectionError("the stream was refused")
            self.ready += 1
            known = set[str]()
            while line := await reader.readline():
                self._hear(line, known)
            raise ConnectionError("the stream ended")
        except ConnectionError:
            self.broken += 1
        finally:
            writer.close()

    def _hear(self, line: bytes, known: set[str]) -> None:
        """A console counts once for a thing, when it is told of it first."""
        if (
            line.startswith(b"data:")
            and (found := _ID.search(line))
            and (one := found[1].decode()) not in known
        ):
            known.add(one)
            self.heard[one].append(time.perf_counter())


@asynccontextmanager
async def open_consoles(slugs: Sequence[str], number: int, roles: int) -> AsyncIterator[Consoles]:
    """`number` consoles spread over the tenants and, in each, over `roles` people who have signed in."""
    consoles, gate = Consoles(), asyncio.Semaphore(AT_ONCE)

    async def cookie(role: str, slug: str) -> tuple[str, str]:
        async with gate:
            return slug, await signed_in(f"{role}.{slug}", os.environ["DISPATCH_URL"])

    signed = await asyncio.gather(*(cookie(role, slug) for role in ROLES[:roles] for slug in slugs))
    watching = []
    for place in range(number):
        slug, session = signed[place % len(signed)]
        consoles.count[slug] += 1
        watching.append(asyncio.create_task(consoles.watch(slug, session)))
        await asyncio.sleep(0.01)
    try:
        limit = time.monotonic() + 60
        while consoles.ready < number and time.monotonic() < limit:  # noqa: ASYNC110 - sockets, not a condition
            await asyncio.sleep(0.1)
        yield consoles
    finally:
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
