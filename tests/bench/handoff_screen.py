"""A screen without a browser, at a desk or in the command centre: signed in on Keycloak's page, hearing its stream."""

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import urlsplit

import httpx

READY_SECONDS = 10


@dataclass
class Screen:
    """What has changed, by the id of the emergency: set whenever the stream says so."""

    http: httpx.AsyncClient
    heard: dict[str, asyncio.Event] = field(default_factory=dict)
    ready: asyncio.Event = field(default_factory=asyncio.Event)

    async def listen(self, url: str) -> None:
        """Read the stream until cancelled."""
        async with self.http.stream("GET", url, timeout=None) as stream:
            stream.raise_for_status()
            async for line in stream.aiter_lines():
                self.ready.set()
                if line.startswith("data:") and '"id"' in line:
                    told = json.loads(line.removeprefix("data:"))
                    self.heard.setdefault(told["id"], asyncio.Event()).set()

    async def changed(self, emergency: str) -> None:
        """Until the stream tells of an emergency, from the last call on; of the wall, whose news name nothing: ''."""
        event = self.heard.setdefault(emergency, asyncio.Event())
        await event.wait()
        event.clear()


@asynccontextmanager
async def screen(username: str, slug: str) -> AsyncIterator[Screen]:
    """A signed-in screen of a tenant whose stream is open."""
    url = f"{os.environ['LIVE_URL']}/t/{slug}/live"
    async with _opened(username, os.environ["DISPATCH_URL"], url) as made:
        yield made


@asynccontextmanager
async def wall(username: str) -> AsyncIterator[Screen]:
    """The same at the region."""
    url = f"{os.environ['REGION_LIVE_URL']}/rc/live"
    async with _opened(username, os.environ["REGION_URL"], url) as made:
        yield made


@asynccontextmanager
async def _opened(username: str, site: str, url: str) -> AsyncIterator[Screen]:
    cookie = await signed_in(username, site)
    async with httpx.AsyncClient(headers={"cookie": cookie}, trust_env=False, timeout=30) as http:
        made = Screen(http)
        listening = asyncio.create_task(made.listen(url))
        try:
            await asyncio.wait_for(made.ready.wait(), READY_SECONDS)
            yield made
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


async def signed_in(username: str, site: str) -> str:
    """The session's cookie. Cookies are Secure; browsers send them to localhost all the same, httpx does not."""
    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        begun = await http.get(f"{site}/login")
        page = await http.get(begun.headers["location"])
        action = re.findall(r'action="([^"]+)"', page.text)[0]
        form = {"username": username, "password": os.environ["DEMO_PASSWORD"]}
        done = await http.post(unescape(action), data=form, headers={"cookie": _cookies(page)})
        back = urlsplit(done.headers["location"])
        landed = await http.get(f"{site}{back.path}?{back.query}", headers={"cookie": _cookies(begun)})
    return _cookies(landed)


def _cookies(answer: httpx.Response) -> str:
    """What an answer sets, as a browser would send it back."""
    given = [line.split(";")[0] for line in answer.headers.get_list("set-cookie")]
    return "; ".join(pair for pair in given if not pair.endswith("="))
