"""`region_rebuild`: the region's tables from zero, out of a feed of a million facts (REGION_FACTS).

Broker and database are the benchmark's own. Three facts of four are later versions of a ticket, as in life.
"""

import os
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import msgspec
from nats.js.api import StreamConfig
from tests.bench.figure import Figure, note
from tests.databases import Databases, storing
from tests.integration.chassis.brokers import Broker
from tests.integration.region import facts

from chassis109.bus.connection import Connections
from chassis109.store import unit
from region109 import contract
from region109.rebuild import Progress, Rebuilt, rebuild

FACTS = int(os.environ.get("REGION_FACTS", "1000000"))
VERSIONS = 4
STATES = ("assigned", "accepted", "in_progress", "closed")
TOLD_AT_ONCE = 5_000
STATEMENT_SECONDS = 1800.0


async def measure() -> list[Figure]:
    """Facts a second, and whether everything arrived."""
    databases = await Databases.open(dict(os.environ))
    try:
        database = await databases.clone("region")
        with TemporaryDirectory() as folder:
            broker = Broker(Path(folder), "REGION")
            broker.configuration = broker.configuration.replace(
                "always", "10s"
            )  # it is written once and read
            await broker.start()
            connections = broker.connections()
            try:
                superuser = await asyncpg.connect(database.superuser)
                await _tell(connections, await slugs(superuser))
                await superuser.close()
                async with storing(database.owner):
                    await unit.close_store()
                    await unit.open_store(database.owner, 2, "bench", STATEMENT_SECONDS)
                    first = await rebuild(connections, _quiet)
                    tickets = await _tickets()
                    again = await rebuild(connections, _quiet)
            finally:
                await connections.close()
                await broker.kill()
    finally:
        await databases.close()
    return [
        _figure("region_rebuild", first),
        _figure("region_rebuild.again", again),
        Figure("region_rebuild.corrected", again.corrected, "rows", None, "value <= 0"),
        Figure("region_rebuild.tickets", tickets, "rows", FACTS // VERSIONS, "ratio >= 1"),
    ]


def _figure(name: str, rebuilt: Rebuilt) -> Figure:
    said = f"{rebuilt.progress.read} facts in {rebuilt.progress.seconds:.1f} s"
    return Figure(name, rebuilt.progress.rate, "facts/s", None, "", said)


def _quiet(_: Progress) -> None:
    """Nobody looks at the progress of a benchmark."""


async def slugs(connection: asyncpg.Connection) -> list[tuple[str, str]]:
    """(slug, a category of its own) of each territory."""
    rows = await connection.fetch(
        "SELECT slug, min(c.code) AS code FROM region.territory t JOIN region.category c ON c.territory = t.id"
        " GROUP BY slug ORDER BY slug"
    )
    return [(row["slug"], row["code"]) for row in rows]


async def _tell(connections: Connections, of: list[tuple[str, str]]) -> None:
    """Publish all facts without waiting for each, then look that the stream has them all."""
    started = time.perf_counter()
    client = await connections.get("REGION")
    jetstream = client.jetstream()
    await jetstream.add_stream(StreamConfig(name="FEED", subjects=["sko.feed.*.*"]))
    told = 0
    for subject, payload in _facts(of):
        await client.publish(subject, payload)
        told += 1
        if told % TOLD_AT_ONCE == 0:
            await client.flush()
            while (await jetstream.stream_info("FEED")).state.messages < told:
                pass
    note(f"{told} facts published in {time.perf_counter() - started:.0f} s")


def _facts(slugs: list[tuple[str, str]]) -> Iterator[tuple[str, bytes]]:
    """Each ticket's versions, mixed with those of others as they come in life."""
    for number in range(FACTS // VERSIONS):
        slug, category = slugs[number % len(slugs)]
        opened = facts.NOON - timedelta(minutes=number % 1_500_000)
        one = facts.ticket(
            slug, 1, reference=f"109-26-{number:08d}", category=category, opened_at=opened, updated_at=opened
        )
        for version, state in enumerate(STATES, 1):
            closed = opened + timedelta(hours=version) if state == "closed" else None
            fact = msgspec.structs.replace(one, version=version, state=state, closed_at=closed)
            yield contract.feed(slug, "ticket"), contract.encode(fact)


async def _tickets() -> int:
    async with unit.transaction(facts.HOME):
        return int(await unit.fetchval("SELECT count(*) FROM region.ticket WHERE version = $1", VERSIONS))
