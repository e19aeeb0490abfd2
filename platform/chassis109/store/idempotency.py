"""Idempotency-Key: a request that is sent again gives the first answer and does nothing a second time.

The key is claimed by a row in the same transaction as the effect, so nothing is kept of a request that was
refused. The row holds the id of what was created, which the verb draws beforehand (UUIDv7); the answer is
read from it again. A second request that runs at the same time waits at the primary key until the first has
committed (then it is a repetition) or rolled back (then it goes on).

A create verb splices `claim_sql` into its own INSERT, which costs no statement:

    WITH claimed AS ({claim_sql(5)}), ticket AS (INSERT …) …          *claim_arguments(key, ticket.id)

    return await once(tenant, key, create, lambda id: repository.get(id))
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import TypeVar
from uuid import UUID

import asyncpg

from chassis109.kernel import clock
from chassis109.kernel.errors import Malformed, Refused
from chassis109.store import unit

T = TypeVar("T")

_KEY = re.compile(r"[\x21-\x7e]{8,100}")


class IdempotencyKeyReused(Refused):
    """This Idempotency-Key was used before for another request."""

    status = 422


class IdempotencyKeyMalformed(Malformed):
    """An Idempotency-Key has 8 to 100 visible ASCII characters."""


@dataclass(frozen=True, slots=True)
class RequestKey:
    """The key a person gave to a request, and the digest of what the request says."""

    actor_id: UUID
    key: str
    digest: bytes


def request_key(actor_id: UUID, key: str | None, *said: bytes) -> RequestKey | None:
    """From the Idempotency-Key header and what the request says (route, body). None without a header."""
    if not key:
        return None
    if _KEY.fullmatch(key) is None:
        raise IdempotencyKeyMalformed
    return RequestKey(actor_id, key, sha256(b"\0".join(said)).digest())


def claim_sql(first: int) -> str:
    """An INSERT that claims a key, for a WITH clause; its five parameters begin at `$first`. Without a key
    it inserts nothing."""
    actor, key, digest, made, at = (f"${first + n}" for n in range(5))
    return (
        "INSERT INTO chassis.idempotency (tenant_id, actor_id, key, request_digest, status, response, at)"
        f" SELECT app.tenant(), {actor}::uuid, {key}::text, {digest}::bytea, 201, {made}::bytea,"
        f" {at}::timestamptz WHERE {key}::text IS NOT NULL"
    )


def claim_arguments(
    key: RequestKey | None, created: UUID
) -> tuple[UUID | None, str | None, bytes | None, bytes, datetime]:
    """The parameters of `claim_sql`."""
    if key is None:
        return (None, None, None, created.bytes, clock.now())
    return (key.actor_id, key.key, key.digest, created.bytes, clock.now())


async def claim(key: RequestKey | None, created: UUID) -> None:
    """Claim the key in a statement of its own, for verbs that are not in a hurry."""
    if key is not None:
        await unit.execute(claim_sql(1), *claim_arguments(key, created))


async def once(
    tenant: int,
    key: RequestKey | None,
    create: Callable[[], Awaitable[T]],
    again: Callable[[UUID], Awaitable[T]],
) -> T:
    """Run `create` (it opens its own unit and claims the key in it); for a repetition `again(id)` in a unit.

    Raises IdempotencyKeyReused when the key was used for a request that said something else.
    """
    try:
        return await create()
    except asyncpg.UniqueViolationError as error:
        if key is None or error.constraint_name != "idempotency_pkey":
            raise
    async with unit.transaction(tenant):
        row = await unit.fetchrow(
            "SELECT request_digest, response FROM chassis.idempotency WHERE actor_id = $1 AND key = $2",
            key.actor_id,
            key.key,
        )
        if row is None or row["request_digest"] != key.digest:
            raise IdempotencyKeyReused
        return await again(UUID(bytes=row["response"]))


async def settled(
    tenant: int,
    key: RequestKey | None,
    about: UUID,
    verb: Callable[[], Awaitable[T]],
    again: Callable[[UUID], Awaitable[T]],
) -> T:
    """Run a verb on the object `about` once for each key, claimed in its own unit; a repetition gets `again(about)`."""

    async def first() -> T:
        async with unit.transaction(tenant):
            await claim(key, about)
            return await verb()

    return await once(tenant, key, first, again)


async def forget(before: datetime) -> int:
    """Drop the running tenant's keys older than `before` (a day is usual); how many."""
    tag = await unit.execute("DELETE FROM chassis.idempotency WHERE at < $1", before)
    return int(tag.rpartition(" ")[2])
