"""The three services as fixtures of all suites: made when the first one asks, ended with the run.

A suite leaves rows behind, and takes nothing that another one needs: whoever withdraws or renames somebody makes one
of its own.
"""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from tests.databases import Databases
from tests.prove.ground.services import SERVICES, Service
from tests.prove.ground.world import World, world

PAIRS = {"dispatch": ("petropavl", "aiyrtau"), "hub": ("101", "103"), "region": ("petropavl", "aiyrtau")}
"""Two tenants of the 109, two desks of the hub, two territories of the region, which has no tenants."""


def _fixture(service: Service) -> Any:
    @pytest_asyncio.fixture(scope="session", loop_scope="session", name=service.name)
    async def made(
        databases: Databases, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
    ) -> AsyncIterator[World]:
        folder = tmp_path_factory.mktemp(service.name)
        async with world(service, PAIRS[service.name], databases, folder, environment) as running:
            yield running

    return made


dispatch, hub, region = map(_fixture, SERVICES)


@pytest.fixture
def attacked(request: pytest.FixtureRequest) -> World:
    """The service that a test names by its parameter."""
    made: World = request.getfixturevalue(request.param)
    return made
