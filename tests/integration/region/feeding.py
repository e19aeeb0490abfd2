"""A broker with the streams of the region, a worker that projects, and the command that rebuilds."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

from nats.js.api import ConsumerConfig, StreamConfig
from nats.js.client import JetStreamContext
from tests.beside import beside
from tests.databases import ROOT, Database
from tests.integration.chassis.brokers import Broker
from tests.integration.region import facts

from chassis109.bus.batch import Batches, Place
from chassis109.bus.connection import Connections
from chassis109.store import unit
from region109 import contract
from region109.contract import Fact
from region109.feed import handlers

STREAMS = {"FEED": "sko.feed.*.*", "PULSE": "sko.pulse.*"}


@asynccontextmanager
async def broker_of(folder: Path, **more: int) -> AsyncIterator[Connections]:
    """A broker of the test's own, with the region's places in its streams; `more` are limits of FEED."""
    broker = Broker(folder, "REGION")
    await broker.start()
    connections = broker.connections()
    try:
        jetstream = (await connections.get("REGION")).jetstream()
        for name, subject in STREAMS.items():
            limits = more if name == "FEED" else {}
            await jetstream.add_stream(StreamConfig(name=name, subjects=[subject], discard="old", **limits))
            await jetstream.add_consumer(
                name, ConsumerConfig(durable_name="region", ack_wait=2, max_ack_pending=5_000)
            )
        yield connections
    finally:
        await connections.close()
        await broker.kill()


async def say(connections: Connections, said: Iterable[Fact]) -> None:
    """Publish facts in this order."""
    jetstream = (await connections.get("REGION")).jetstream()
    for fact in said:
        await jetstream.publish(facts.subject_of(fact), contract.encode(fact))


@asynccontextmanager
async def projecting(connections: Connections) -> AsyncIterator[None]:
    """A worker beside us, as region109.worker runs it."""
    readers = (
        Batches(connections, Place("REGION", stream, "region", facts.HOME), work, handlers.give_up)
        for stream, work in handlers.HANDLERS.items()
    )
    async with beside(*(reader.run() for reader in readers)):
        yield


async def settled(connections: Connections, seconds: float = 30) -> None:
    """Wait until the worker has acknowledged everything, facts and pulses."""
    jetstream = (await connections.get("REGION")).jetstream()
    async with asyncio.timeout(seconds):
        while any([await _owed(jetstream, stream) for stream in STREAMS]):  # noqa: ASYNC110 - the broker tells nobody
            await asyncio.sleep(0.05)


async def _owed(jetstream: JetStreamContext, stream: str) -> int:
    info = await jetstream.consumer_info(stream, "region")
    return (info.num_pending or 0) + (info.num_ack_pending or 0)


async def started(database: Database, connections: Connections, *more: str) -> asyncio.subprocess.Process:
    """`python -m region109 rebuild` on this database and broker, just started."""
    environment = os.environ | {
        "REGION_OWNER_DSN": database.owner,
        "NATS_URL": connections._url,
        "NATS_CREDENTIALS": str(connections._credentials),
    }
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "region109", "rebuild", *more, cwd=ROOT, env=environment,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def rebuilt(database: Database, connections: Connections, *more: str) -> tuple[int | None, str]:
    """The same to its end: exit code, and what it printed."""
    process = await started(database, connections, *more)
    out, err = await process.communicate()
    return process.returncode, (out + err).decode()


async def number_of(table: str) -> int:
    async with unit.transaction(facts.HOME):
        return int(await unit.fetchval(f"SELECT count(*) FROM region.{table}"))
