"""A connection that is refused leaves nothing behind."""

import gc
import warnings
from pathlib import Path

import msgspec
import pytest
from tests.integration.chassis.brokers import Broker

from chassis109.bus.connection import BusAway

TRIES = 5


async def test_a_refused_connection_closes_its_socket_by_itself(tmp_path: Path) -> None:
    """A line that was cut is asked for several times a second: a socket left each time would end in none to be had."""
    broker = Broker(tmp_path, "T_PETROPAVL")
    await broker.start()
    broker.credentials.write_bytes(msgspec.json.encode({"T_PETROPAVL": {"user": "u", "password": "expired"}}))
    connections = broker.connections()
    try:
        gc.collect()  # what others have left is not looked at here
        with warnings.catch_warnings(record=True) as left:
            warnings.simplefilter("always")
            for _ in range(TRIES):
                with pytest.raises(BusAway):
                    await connections.get("T_PETROPAVL")
            gc.collect()
    finally:
        await connections.close()
        await broker.kill()
    assert [str(one.message) for one in left if one.category is ResourceWarning] == []
