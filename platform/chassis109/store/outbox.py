"""The outbox as the relay sees it: what waits, in which order it may leave, and that it has left.

The relay works for all tenants at once, as role dispatch_relay, over a pool of its own.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from chassis109.store.unit import ACQUIRE_SECONDS

ANCHOR_KEY = "audit-head"
BATCH = 1000

# The tenants with something waiting, one index probe each (a plain DISTINCT would read a whole backlog).
_WAITING = """
WITH RECURSIVE t AS (
    (SELECT tenant_id FROM chassis.outbox WHERE published_at IS NULL ORDER BY tenant_id LIMIT 1)
    UNION ALL
    SELECT (SELECT tenant_id FROM chassis.outbox WHERE published_at IS NULL AND tenant_id > t.tenant_id
            ORDER BY tenant_id LIMIT 1)
    FROM t WHERE t.tenant_id IS NOT NULL
)
SELECT tenant_id FROM t WHERE tenant_id IS NOT NULL
"""

# Only the first unpublished message of each key may be claimed. Two relays never split a key: the second
# one's snapshot still shows the first message as unpublished until its PubAck has been committed.
# Facts for the region and pulses are a lane of their own: an emergency waits neither behind their backlog nor for
# a region that does not answer.
_CLAIM = """
SELECT id, subject, message_id, payload, traceparent FROM chassis.outbox AS o
WHERE tenant_id = $1 AND published_at IS NULL AND (retry_at IS NULL OR retry_at <= now())
  AND ($3::boolean IS NULL OR (subject ~ '^sko[.](feed|pulse)[.]') <> $3)
  AND NOT EXISTS (SELECT FROM chassis.outbox AS earlier
                  WHERE earlier.tenant_id = o.tenant_id AND earlier.key = o.key
                    AND earlier.published_at IS NULL AND earlier.id < o.id
                    AND ($3 IS NULL OR (earlier.subject ~ '^sko[.](feed|pulse)[.]') <> $3))
ORDER BY id {order} LIMIT $2
FOR UPDATE OF o SKIP LOCKED
"""
# Of facts the newest goes first: what happens now shows on the wall at once, also while a tenant says everything again
# or catches up after a cut. Order within a key holds all the same.
_ORDERS = {True: "ASC", None: "ASC", False: "DESC"}

_PUBLISHED = (
    "UPDATE chassis.outbox SET published_at = clock_timestamp() WHERE tenant_id = $1 AND id = ANY($2)"
)

# 0.2 s, 0.4 s … up to 10 s: an outage of the stream ends within seconds, a poison message costs little.
_REFUSED = """
UPDATE chassis.outbox SET attempts = attempts + 1,
    retry_at = now() + least(10, 0.1 * 2 ^ least(attempts + 1, 7)) * interval '1 second'
WHERE tenant_id = $1 AND id = ANY($2)
"""

# A pulse is worth nothing once the next one has left.
_FORGET_KEY = "DELETE FROM chassis.outbox WHERE published_at < $1 AND key = $2"

# Heads of the audit chain stay: `audit verify` measures the chain against them.
_FORGET = """
WITH left_long_ago AS (
    SELECT tenant_id, id FROM chassis.outbox WHERE published_at < $1 AND key <> $2 LIMIT $3
)
DELETE FROM chassis.outbox AS o USING left_long_ago AS l WHERE (o.tenant_id, o.id) = (l.tenant_id, l.id)
"""

_DEPTH = """
SELECT count(*) AS depth, coalesce(extract(epoch FROM now() - min(recorded_at)), 0)::float8 AS lag_seconds,
       count(*) FILTER (WHERE attempts >= 5) AS stuck
FROM chassis.outbox WHERE published_at IS NULL
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message on its way out; `traceparent` joins it to the verb that wrote it."""

    id: int
    subject: str
    message_id: UUID
    payload: bytes
    traceparent: str | None


@dataclass(slots=True)
class Claim:
    """Messages of one tenant, locked for this relay. Fill `published` and `refused` with their ids."""

    messages: Sequence[Waiting]
    published: list[int] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Depth:
    """How much waits, the age of the oldest in seconds, and how much the broker refused five times."""

    depth: int
    lag_seconds: float
    stuck: int


class Outbox:
    """The relay's view of chassis.outbox."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        self._pool = pool

    @classmethod
    async def open(cls, dsn: str, size: int = 6, application: str = "relay") -> "Outbox":
        """Connect as the relay's role; works while PostgreSQL is away (connections are made when needed)."""
        return cls(
            await asyncpg.create_pool(
                dsn,
                min_size=0,
                max_size=size,
                timeout=ACQUIRE_SECONDS,
                command_timeout=30,
                server_settings={"application_name": application},
            )
        )

    async def close(self) -> None:
        """Close the pool."""
        await self._pool.close()

    async def fetch(self, sql: str, *args: object) -> list[asyncpg.Record]:
        """One read as dispatch_relay: the few columns it may see, of all tenants."""
        rows: list[asyncpg.Record] = await self._pool.fetch(sql, *args)
        return rows

    async def waiting(self) -> list[int]:
        """The tenants that have something to send."""
        return [row["tenant_id"] for row in await self.fetch(_WAITING)]

    async def depth(self) -> Depth:
        """What waits, over all tenants."""
        return Depth(**(await self.fetch(_DEPTH))[0])

    async def forget(self, before: datetime) -> int:
        """Delete what was published before, a batch at a time; how much. What waits is never touched."""
        forgotten, deleted = 0, BATCH
        while deleted == BATCH:
            deleted = int((await self._pool.execute(_FORGET, before, ANCHOR_KEY, BATCH)).rpartition(" ")[2])
            forgotten += deleted
        return forgotten

    async def forget_key(self, key: str, before: datetime) -> None:
        """Delete what was published under `key` before."""
        await self._pool.execute(_FORGET_KEY, before, key)

    @asynccontextmanager
    async def claim(self, tenant: int, limit: int, urgent: bool | None = None) -> AsyncIterator[Claim]:
        """Lock up to `limit` messages of `tenant`, one a key; at the end what was published is marked. Urgent is
        everything but the facts for the region; None: all of them.

        When the block fails nothing is marked and everything is claimed again: the stream drops what it has
        already seen by its message id.

        Order holds because verbs on one key exclude each other (they lock its row first) and take their
        outbox ids afterwards.
        """
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection, connection.transaction():
            claim = Claim(
                [
                    Waiting(**row)
                    for row in await connection.fetch(
                        _CLAIM.format(order=_ORDERS[urgent]), tenant, limit, urgent
                    )
                ]
            )
            yield claim
            if claim.published:
                await connection.execute(_PUBLISHED, tenant, claim.published)
            if claim.refused:
                await connection.execute(_REFUSED, tenant, claim.refused)
