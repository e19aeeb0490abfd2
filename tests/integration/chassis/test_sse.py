"""Streams as a browser sees them, from a real server that is told to stop."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from chassis109.bus.connection import Connections
from chassis109.bus.live import LiveFeed
from chassis109.web.sse import PER_PERSON

HERE = Path(__file__).parent


@dataclass
class Server:
    process: subprocess.Popen[bytes]
    url: str
    valid: Path


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server(
    tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]
) -> AsyncIterator[Server]:
    tmp_path = tmp_path_factory.mktemp("live")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    valid = tmp_path / "valid"
    valid.touch()
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "--factory", "--port", str(port)]
    command += ["--host", "127.0.0.1", "--backpressure", "200", "live_app:create_app"]
    log = (tmp_path / "log").open("wb")
    process = subprocess.Popen(  # noqa: ASYNC220
        command, env={**environment, "VALID": str(valid)}, cwd=HERE, stdout=log, stderr=log
    )
    async with asyncio.timeout(20), httpx.AsyncClient() as client:
        while True:
            with suppress(httpx.TransportError):
                await client.get(f"http://127.0.0.1:{port}/nothing")
                break
            await asyncio.sleep(0.1)
    yield Server(process, f"http://127.0.0.1:{port}", valid)
    if process.poll() is None:
        process.terminate()
        await asyncio.to_thread(process.wait, 10)
    log.close()


@pytest_asyncio.fixture(loop_scope="session")
async def feed(connections: Connections) -> AsyncIterator[LiveFeed]:
    opened = LiveFeed(connections)
    await opened.open()
    async with asyncio.timeout(5):
        while not opened.connected:  # noqa: ASYNC110 - the broker tells
            await asyncio.sleep(0.02)
    yield opened
    await opened.close()


@dataclass
class Event:
    name: str
    data: dict[str, object]
    id: str


class Browser:
    """Reads one stream."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()

    async def event(self, seconds: float = 5) -> Event:
        """The next event that has a name."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(seconds):
            async for line in self._lines:
                if line:
                    name, _, value = line.partition(": ")
                    fields[name] = value
                elif "event" in fields:
                    return Event(fields["event"], json.loads(fields["data"]), fields.get("id", ""))
                else:
                    fields = {}
        raise EOFError

    async def until(self, name: str, seconds: float = 5) -> Event:
        while (event := await self.event(seconds)).name != name:
            pass
        return event


@asynccontextmanager
async def _browse(server: Server, slug: str, last_event_id: str = "") -> AsyncIterator[Browser]:
    headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
    async with (
        httpx.AsyncClient(timeout=30) as client,
        client.stream("GET", f"{server.url}/live/{slug}", headers=headers) as response,
    ):
        yield Browser(response)


def _slug() -> str:
    return f"test-{uuid4().hex[:8]}"


async def test_a_stream_begins_with_a_beat_and_may_not_be_stored(server: Server) -> None:
    async with _browse(server, _slug()) as browser:
        beat = await browser.event()
    assert beat.name == "beat"
    assert set(beat.data) == {"now", "bus"}
    assert browser.response.headers["content-type"].startswith("text/event-stream")
    assert browser.response.headers["cache-control"] == "no-store"
    assert "nonce-" in browser.response.headers["content-security-policy"]


async def test_a_change_reaches_the_tenant_and_comes_again_after_a_reconnect(
    server: Server, feed: LiveFeed
) -> None:
    slug, foreign = _slug(), _slug()
    async with _browse(server, slug) as browser, _browse(server, foreign) as other:
        await browser.until("resync")
        await other.until("resync")
        await feed.publish(slug, "ticket", "t-1", 3)
        event = await browser.until("ticket")
        assert event.data == {"type": "ticket", "id": "t-1", "version": 3}
        with pytest.raises(TimeoutError):
            await other.until("ticket", seconds=0.5)
    async with _browse(server, slug) as reader:  # the event passes while the first browser is gone
        await feed.publish(slug, "ticket", "t-2", 1)
        await reader.until("ticket")
    async with _browse(server, slug, event.id) as back:
        assert (await back.until("ticket")).data["id"] == "t-2"


@pytest.mark.parametrize(
    "given", ["x", "esil.00000000.1", "{slug}.00000000.99999999999999999", "{slug}.zz.1"]
)
async def test_a_foreign_or_made_up_event_id_is_refused(server: Server, given: str) -> None:
    slug = _slug()
    async with _browse(server, slug, given.format(slug=slug)) as browser:
        assert browser.response.status_code == 400


async def test_an_event_id_of_another_process_means_fetch_everything(server: Server) -> None:
    slug = _slug()
    async with _browse(server, slug, f"{slug}.00000000.7") as browser:
        assert (await browser.until("resync")).name == "resync"


async def test_withdrawn_rights_end_the_stream_at_once(server: Server, feed: LiveFeed) -> None:
    slug = _slug()
    async with _browse(server, slug) as browser:
        await browser.until("resync")
        server.valid.unlink()
        await feed.publish(slug, "rights", "", 0)
        assert (await browser.until("end", seconds=3)).data == {"reason": "session"}
        with pytest.raises(EOFError):
            await browser.event(3)
    server.valid.touch()


async def test_one_person_may_not_open_streams_without_end(server: Server) -> None:
    slug = _slug()
    async with httpx.AsyncClient(timeout=30) as client:
        request = client.build_request("GET", f"{server.url}/live/{slug}")
        browsers = [Browser(await client.send(request, stream=True)) for _ in range(PER_PERSON)]
        for browser in browsers:
            await browser.event()
        assert (await client.get(request.url)).status_code == 429
        await browsers[0].response.aclose()
        async with asyncio.timeout(5):
            while True:
                again = await client.send(request, stream=True)
                await again.aclose()
                if again.status_code == 200:
                    break
                await asyncio.sleep(0.1)
        for browser in browsers[1:]:
            await browser.response.aclose()


async def test_told_to_stop_the_server_ends_its_streams_and_is_gone_within_three_seconds(
    server: Server,
) -> None:
    async with _browse(server, _slug()) as one, _browse(server, _slug()) as two:
        await one.event()
        await two.event()
        told = time.monotonic()
        os.kill(server.process.pid, signal.SIGTERM)
        for browser in (one, two):
            assert (await browser.until("end", seconds=3)).data == {"reason": "restart"}
            with pytest.raises(EOFError):
                await browser.event(3)
    await asyncio.to_thread(server.process.wait, 5)
    assert time.monotonic() - told < 3
