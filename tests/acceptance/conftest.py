"""Whole flows in a real browser against the stack that `make test` starts."""

from collections.abc import AsyncIterator, Callable
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright
from tests.acceptance.api import Api
from tests.acceptance.browsing import ARGUMENTS, Browsing
from tests.acceptance.desks import HubApi, Line
from tests.acceptance.parts import Parts


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes parts of the stack away comes last: nothing else should notice."""
    items.sort(key=lambda item: item.path.name.startswith("test_when_"))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(environment: dict[str, str]) -> AsyncIterator[Browser]:
    """One browser for the whole run."""
    async with async_playwright() as playwright:
        path = environment.get("CHROMIUM") or "/usr/bin/chromium"
        started = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield started
        await started.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def people(browser: Browser, environment: dict[str, str]) -> Browsing:
    """Remembers over the tests who has signed in."""
    return Browsing(browser, environment)


@pytest_asyncio.fixture(loop_scope="session")
async def browsing(people: Browsing) -> AsyncIterator[Browsing]:
    """Windows of one test; afterwards they are closed, and no page may have had a fault."""
    yield people
    faults = await people.close()
    assert not faults, "\n".join(faults)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def api(environment: dict[str, str]) -> AsyncIterator[Api]:
    """The JSON API, for what stands before a screen."""
    speaking = Api(environment)
    yield speaking
    await speaking.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def people_at_hub(browser: Browser, environment: dict[str, str]) -> Browsing:
    """Remembers over the tests who has signed in at the hub."""
    return Browsing(browser, {**environment, "DISPATCH_URL": environment["HUB_URL"]})


@pytest_asyncio.fixture(loop_scope="session")
async def at_hub(people_at_hub: Browsing) -> AsyncIterator[Browsing]:
    """Windows at the desks of the hub; afterwards they are closed, and no page may have had a fault."""
    yield people_at_hub
    faults = await people_at_hub.close()
    assert not faults, "\n".join(faults)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def people_at_region(browser: Browser, environment: dict[str, str]) -> Browsing:
    """Remembers over the tests who has signed in at the region."""
    return Browsing(browser, {**environment, "DISPATCH_URL": environment["REGION_URL"]})


@pytest_asyncio.fixture(loop_scope="session")
async def at_region(people_at_region: Browsing) -> AsyncIterator[Browsing]:
    """Windows of the command centre; afterwards they are closed, and no page may have had a fault."""
    yield people_at_region
    faults = await people_at_region.close()
    assert not faults, "\n".join(faults)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def region_api(environment: dict[str, str]) -> AsyncIterator[Api]:
    """The JSON API of the region; people of the same realm speak to it."""
    speaking = Api({**environment, "DISPATCH_URL": environment["REGION_URL"]})
    yield speaking
    await speaking.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def line(environment: dict[str, str]) -> AsyncIterator[Line]:
    """A 109 that hands over."""
    speaking = Line(environment)
    yield speaking
    await speaking.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def hub_api(environment: dict[str, str]) -> AsyncIterator[HubApi]:
    """The JSON API of the hub."""
    speaking = HubApi(environment)
    yield speaking
    await speaking.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def quiet_desk(hub_api: HubApi) -> AsyncIterator[None]:
    """Nothing waits at 103 when the tests of a module begin, nor after them."""
    await hub_api.clear("103")
    yield
    await hub_api.clear("103")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def http(environment: dict[str, str]) -> AsyncIterator[httpx.AsyncClient]:
    """For what a well-behaved client never sends."""
    async with httpx.AsyncClient(base_url=environment["DISPATCH_URL"], timeout=30) as client:
        yield client


@pytest_asyncio.fixture(loop_scope="session")
async def superuser(environment: dict[str, str]) -> AsyncIterator[asyncpg.Connection]:
    """Sees and changes every row of the running stack: for moving deadlines and looking at what was stored."""
    connection = await asyncpg.connect(environment["POSTGRES_DSN"])
    yield connection
    await connection.close()


@pytest_asyncio.fixture(loop_scope="session")
async def region_superuser(environment: dict[str, str]) -> AsyncIterator[asyncpg.Connection]:
    """The same in the database of the region."""
    address = urlsplit(environment["POSTGRES_DSN"])._replace(path="/region").geturl()
    connection = await asyncpg.connect(address)
    yield connection
    await connection.close()


@pytest.fixture
def parts(environment: dict[str, str]) -> Parts:
    """Control of the stack's parts; it refuses to touch a stack that people use."""
    return Parts(environment["DISPATCH109_INSTANCE"])


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Prints what a test has measured, also when it holds."""

    def out(text: str) -> None:
        with capsys.disabled():
            print(f"\n{text}", flush=True)  # noqa: T201 - what was measured is for people

    return out
