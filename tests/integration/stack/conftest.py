"""Brokers of the tests' own; see `brokers`."""

from collections.abc import Iterator

import pytest
from tests.integration.stack.brokers import Broker, running


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """The broker as generated for two tenants."""
    yield from running(tmp_path_factory.mktemp("broker"))


@pytest.fixture(scope="session")
def next_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """The same with the form of acknowledgements that nats-server 2.16 makes the usual one."""
    yield from running(tmp_path_factory.mktemp("next"), "feature_flags { js_ack_fc_v2: true }")
