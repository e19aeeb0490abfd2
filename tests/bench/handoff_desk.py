"""The desk of the handoff figures: the simulator on the account of 103, which accepts at once, and nobody else."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import structlog

from chassis109.bus.connection import Connections
from hub112.contract import Mode, Reply, Service
from hub112.simulator.desk import Desk
from hub112.simulator.line import Line
from hub112.simulator.memory import Memory
from hub112.simulator.model import Called, Step

SERVICE: Service = "103"
MODE: Mode = "exercise"
"""A drill: it takes the very same way and no live board shows it."""


def at_once(called: Called) -> list[Step]:
    """Received and accepted; what a crew does later belongs to no figure."""
    return [Step(0, "receipt"), Step(0, "accept", Reply(external_id=called.number))]


@asynccontextmanager
async def connected(name: str) -> AsyncIterator[Connections]:
    """Connections of this process, closed at the end."""
    made = Connections(os.environ["NATS_URL"], Path(os.environ["NATS_CREDENTIALS"]), name)
    try:
        yield made
    finally:
        await made.close()


@asynccontextmanager
async def manned() -> AsyncIterator[None]:
    """Somebody sits at the desk; what an earlier run left in its consumer is answered first."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    async with connected("bench-desk") as connections:
        memory = Memory(":memory:")
        line = Line(connections, Desk(SERVICE, at_once, memory, pace=0), memory, MODE)
        playing = asyncio.create_task(line.run())
        await asyncio.sleep(2)
        try:
            yield
        finally:
            playing.cancel()
            await asyncio.gather(playing, return_exceptions=True)
            memory.close()
