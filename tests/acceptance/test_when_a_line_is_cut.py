"""The line of one tenant cut under load: its tickets go on, the wall says since when it is silent, and within two
seconds of the line's return the region knows all of it, once. LINE_CUT_SECONDS=60 for the whole minute."""

import asyncio
import itertools
import os
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import msgspec
import pytest
import pytest_asyncio
from playwright.async_api import Page, expect
from tests.acceptance.api import Api
from tests.acceptance.browsing import Browsing
from tests.acceptance.ledger import Ledger
from tests.acceptance.parts import Parts
from tests.acceptance.waiting import claimed, crowd

from chassis109.bus.connection import read_credentials
from chassis109.kernel import clock
from ui109.formatting import ZONE

CUT, NUMBER = "aiyrtau", 2
ACCOUNT = "T_AIYRTAU"
TENANTS = {"petropavl": 1, CUT: NUMBER, "aqzhar": 3}
SECONDS = float(os.environ.get("LINE_CUT_SECONDS", "35"))
"""Longer than the silence after which a tenant is stale."""
RATE, LEAST = 14, 10
"""Verbs a second that are begun, and that must have been answered."""
BACK_SECONDS = 2.0
"""On a quiet machine; on a crowded one it grows in proportion (waiting.claimed)."""
SAID_AGAIN = 180.0
STALE = {"timeout": 60_000}


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def whole_again(parts: Parts) -> AsyncIterator[None]:
    """The line is there for the next test."""
    yield
    await parts.mend(ACCOUNT)


@pytest_asyncio.fixture(loop_scope="session")
async def ledger(superuser: asyncpg.Connection, region_superuser: asyncpg.Connection) -> Ledger:
    """Even before the line is cut."""
    compared = Ledger(superuser, region_superuser, TENANTS.values())
    await compared.is_even(SAID_AGAIN)
    return compared


class Load:
    """Registers tickets and moves them on, at a steady rate, in each tenant in turn."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._begun: set[asyncio.Task[None]] = set()
        self._made: list[tuple[str, dict[str, object]]] = []
        self.answered = 0
        self.worked = dict.fromkeys(TENANTS, 0)
        self.over = asyncio.Event()

    async def sign_in(self) -> None:
        """Beforehand: the load is on the tickets, not on the sign-in service."""
        for slug in TENANTS:
            for role in ("operator", "executor"):
                await self._api.token(f"{role}.{slug}")

    async def run(self) -> None:
        """Until it is over; a verb that is refused fails the test."""
        slugs, began = itertools.cycle(TENANTS), time.monotonic()
        for number in itertools.count(1):
            task = asyncio.create_task(self._verb(next(slugs)))
            self._begun.add(task)
            with suppress(TimeoutError):
                await asyncio.wait_for(self.over.wait(), max(0.001, began + number / RATE - time.monotonic()))
                break
        await asyncio.gather(*self._begun)

    async def _verb(self, slug: str) -> None:
        """Every second one of a tenant moves a ticket on, the others register one."""
        self.worked[slug] += 1
        waiting = next((one for one in self._made if one[0] == slug), None)
        if waiting and self.worked[slug] % 2 == 0:
            self._made.remove(waiting)
            await self._api.move(f"executor.{slug}", slug, waiting[1], "accept")
        else:
            self._made.append((slug, await self._api.ticket(slug)))
        self.answered += 1


async def line_of(environment: dict[str, str]) -> float:
    """Wait until the broker lets the tenant in; when that was."""
    login = read_credentials(Path(environment["NATS_CREDENTIALS"]))[ACCOUNT]
    address = urlsplit(environment["NATS_URL"])
    said = msgspec.json.encode(
        {"user": login.user, "pass": login.password, "verbose": False, "pedantic": False}
    )
    while True:
        answer = b""
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        with suppress(ConnectionError):
            writer.write(b"CONNECT " + said + b"\r\nPING\r\n")
            await reader.readline()
            answer = await reader.readline()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        if answer.startswith(b"PONG"):
            return time.monotonic()
        await asyncio.sleep(0.05)


async def caught_up(ledger: Ledger, back: float, versions: dict[object, int]) -> float:
    """Seconds from the line's return until the region knows these versions."""
    async with asyncio.timeout(SAID_AGAIN):
        while await ledger.behind(NUMBER, versions):  # noqa: ASYNC110 - another process tells nobody
            await asyncio.sleep(0.02)
    return time.monotonic() - back


async def wall(at_region: Browsing) -> Page:
    """The wall before the commander; nobody is silent."""
    page = (await at_region.of("region.command")).page
    await page.goto("/rc/wall")
    await expect(page.locator(f"#rank-{CUT} [data-heard]")).to_be_visible(**STALE)
    return page


def last_word(cut_at: datetime) -> re.Pattern[str]:
    """What the wall says of a tenant that was heard every few seconds until then."""
    minutes = {f"{at.astimezone(ZONE):%H:%M}" for at in (cut_at - timedelta(minutes=1), cut_at)}
    return re.compile(f"no word since ({'|'.join(sorted(minutes))})")


@pytest.mark.timeout(900)
async def test_a_tenant_cut_off_under_load_works_on_and_is_known_two_seconds_after_its_line_is_back(
    api: Api,
    at_region: Browsing,
    parts: Parts,
    ledger: Ledger,
    environment: dict[str, str],
    say: Callable[[str], None],
) -> None:
    page = await wall(at_region)
    load = Load(api)
    await load.sign_in()
    loading, began = asyncio.create_task(load.run()), time.monotonic()
    await parts.cut(ACCOUNT)
    cut, cut_at, before = time.monotonic(), clock.now(), dict(load.worked)

    # Half a minute later the wall says since when it is silent; the others are heard, and all work on.
    await expect(page.locator(f"#rank-{CUT} .silent")).to_contain_text(last_word(cut_at), **STALE)
    for slug in TENANTS.keys() - {CUT}:
        await expect(page.locator(f"#rank-{slug} [data-heard]")).to_be_visible()
    await asyncio.sleep(max(0.0, cut + SECONDS - time.monotonic()))
    untold = await ledger.changed(NUMBER, cut_at)
    assert await ledger.behind(NUMBER, untold) == len(untold) > 0
    assert all(load.worked[slug] > before[slug] for slug in TENANTS)

    # The line is back while everybody still writes.
    returning = asyncio.create_task(line_of(environment))
    await parts.mend(ACCOUNT)
    back = await returning
    versions = await ledger.changed(NUMBER, cut_at)
    took = await caught_up(ledger, back, versions)
    load.over.set()
    await loading
    rate = load.answered / (time.monotonic() - began)
    say(
        f"line cut {back - cut:.0f} s at {rate:.1f} verbs/s: {len(versions)} tickets caught up in {took:.2f} s, "
        f"{crowd():.1f} tasks a processor"
    )
    assert rate >= LEAST

    # Asked of each tenant by itself: nothing is missing, nothing is doubled, and the figures are the same.
    await ledger.is_even()
    for number in TENANTS.values():
        there, here = await ledger.figures(number)
        assert here == there
    await expect(page.locator(f"#rank-{CUT} [data-heard]")).to_be_visible(**STALE)
    await expect(page.locator(f"#rank-{CUT} .missing")).to_have_count(0, **STALE)
    assert took <= claimed(BACK_SECONDS)
