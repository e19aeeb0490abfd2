"""Where what the region knows of a ticket can stand: its tables, its streams, its logs, its pages and its API."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from tests.acceptance.api import Api
from tests.acceptance.browsing import Browsing
from tests.acceptance.canaries import Piece

from chassis109.bus.connection import Connections

COMMAND = "region.command"
STREAMS = ("FEED", "PULSE", "ANSWER", "MANDATE")
PARTS = ("region", "region-live", "region-worker")
BATCH = 500


class Feed:
    """The streams between the tenants and the region, from the moment it is opened."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._first: dict[str, int] = {}

    async def begin(self) -> None:
        """What was said before cannot know of what comes now."""
        client = await self._connections.get("REGION")
        for stream in STREAMS:
            info = await client.jetstream().stream_info(stream)
            self._first[stream] = info.state.last_seq + 1

    async def pieces(self) -> list[Piece]:
        """Every message since then: subject, headers, bytes."""
        return [piece for stream in STREAMS for piece in await self._of(stream)]

    async def _of(self, stream: str) -> list[Piece]:
        client = await self._connections.get("REGION")
        config = ConsumerConfig(
            ack_policy=AckPolicy.NONE, deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=self._first[stream], inactive_threshold=60,
        )  # fmt: skip
        reader = await client.jetstream().pull_subscribe("", stream=stream, config=config)
        left = (await reader.consumer_info()).num_pending or 0
        found: list[Piece] = []
        while left > 0:
            for message in await reader.fetch(min(BATCH, left), timeout=10):
                left -= 1
                head = f"{message.subject} {message.headers} ".encode()
                found.append((f"stream {stream}", head + message.data))
        await reader.unsubscribe()
        return found


async def database(region: asyncpg.Connection) -> list[Piece]:
    """Every row of every table, as text."""
    tables = await region.fetch(
        "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables"
        " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    )
    found = []
    for table in tables:
        rows = await region.fetch(f"SELECT t::text AS row FROM {table['name']} AS t")
        found.append((f"table {table['name']}", "\n".join(row["row"] for row in rows).encode()))
    return found


def logs() -> list[Piece]:
    """What the processes of the region have written."""
    folder = Path(os.environ["DISPATCH109_LOCAL"]) / "log"
    return [(f"log {part}", (folder / f"{part}.log").read_bytes()) for part in PARTS]


async def screens(at_region: Browsing, ticket: dict[str, Any]) -> list[Piece]:
    """Every page of the region that can show a ticket, a handoff, an order or a refusal."""
    request = (await at_region.of(COMMAND)).context.request
    place, one = "/rc/territories/petropavl", f"/rc/territories/petropavl/tickets/{ticket['id']}"
    found = []
    for path in (
        "/rc/wall", "/rc/wall?as=table", "/rc/wall/part", place, f"{place}?view=all&q={ticket['reference']}",
        f"{place}/part", f"{place}/tickets.csv?view=all&q={ticket['reference']}", one, f"{one}/part",
        f"{place}/handoffs", "/rc/refused", "/rc/mandates", "/rc/alerts", "/me",
    ):  # fmt: skip
        answer = await request.get(path)
        assert answer.ok, path
        found.append((f"page {path}", str(answer.headers).encode() + await answer.body()))
    return found


async def answers(region_api: Api, ticket: dict[str, Any]) -> list[Piece]:
    """Everything that the API tells."""
    place = "/rc/territories/petropavl"
    found = []
    for path in (
        "/rc/wall", "/rc/territories", f"{place}/tickets?view=all&q={ticket['reference']}",
        f"{place}/tickets/{ticket['id']}", f"{place}/handoffs", "/rc/refused", "/rc/mandates", "/rc/alerts",
    ):  # fmt: skip
        answer = await region_api.send(COMMAND, "GET", path)
        assert answer.is_success, path
        found.append((f"API {path}", answer.content))
    return found


@dataclass(frozen=True)
class Region:
    """All of it at once."""

    feed: Feed
    rows: asyncpg.Connection
    people: Browsing
    api: Api

    async def places(self, ticket: dict[str, Any]) -> dict[str, list[Piece]]:
        """What stands where, now."""
        return {
            "tables": await database(self.rows), "streams": await self.feed.pieces(), "logs": logs(),
            "pages": await screens(self.people, ticket), "answers": await answers(self.api, ticket),
        }  # fmt: skip

    async def has(self, sql: str, *args: object) -> bool:
        """Whether its database says yes."""
        return bool(await self.rows.fetchval(sql, *args))
