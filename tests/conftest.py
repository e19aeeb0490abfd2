"""What every test may ask for: the environment of the running stack, and databases of its own.

Unit and architecture tests need nothing. Integration and acceptance tests need the stack that `make test`
starts; without it they fail with a sentence, they are never skipped.
"""

import asyncio
import functools
import inspect
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings
from tests.databases import Database, Databases

ROOT = Path(__file__).parents[1]
NEEDED = (
    "DISPATCH_OWNER_DSN", "DISPATCH_APP_DSN", "DISPATCH_RELAY_DSN", "POSTGRES_DSN", "NATS_URL", "NATS_CREDENTIALS",
    "DISPATCH_URL", "KEYCLOAK_URL", "HUB_OWNER_DSN", "HUB_APP_DSN", "HUB_RELAY_DSN", "HUB_URL", "HUB_REALM",
    "REGION_OWNER_DSN", "REGION_APP_DSN", "REGION_RELAY_DSN", "REGION_URL",
)  # fmt: skip
STANDALONE = ("unit", "architecture")
# What is tried does not depend on how busy the machine is; pytest-timeout ends what hangs.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


BEFORE_PYTEST_TIMEOUT = 0.75
"""pytest-timeout ends a test that hangs but cannot say what it awaited; so it is cancelled before, which can.
Not just before: pytest-timeout counts the setting up too, and may end what notes the failure."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.obj):
            mark = item.get_closest_marker("timeout")
            longest = float(mark.args[0] if mark else item.config.getini("timeout"))
            item.obj = _ended_after(item.obj, longest * BEFORE_PYTEST_TIMEOUT)


def _ended_after(test: Callable[..., Awaitable[None]], seconds: float) -> Callable[..., Awaitable[None]]:
    @functools.wraps(test)
    async def ended(*args: object, **kwargs: object) -> None:
        async with asyncio.timeout(seconds):
            await test(*args, **kwargs)

    return ended


def pytest_runtest_setup(item: pytest.Item) -> None:
    kind = item.path.relative_to(ROOT / "tests").parts[0]
    absent = [name for name in NEEDED if not os.environ.get(name)]
    if kind not in STANDALONE and absent:
        pytest.fail(
            f"This test needs the stack that `make test` starts; not set: {', '.join(absent)}.", pytrace=False
        )


@pytest.fixture(scope="session")
def environment() -> dict[str, str]:
    """The environment that `make test` gives."""
    return dict(os.environ)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def databases(environment: dict[str, str]) -> AsyncIterator[Databases]:
    """Makes databases beside the running stack's, which stays as it is; all are dropped at the end."""
    made = await Databases.open(environment)
    yield made
    await made.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def own_database(databases: Databases) -> Database:
    """One database with all migrations and the 14 tenants, shared by the tests of verbs and isolation."""
    return await databases.clone("tenants")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def own_hub_database(databases: Databases) -> Database:
    """One database of the hub with its migrations, the five desks and the agencies, shared by its tests."""
    return await databases.clone("hub")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def own_region_database(databases: Databases) -> Database:
    """One database of the region with its migrations and the 14 territories, shared by its tests."""
    return await databases.clone("region")
