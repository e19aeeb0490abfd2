"""An Idempotency-Key: the second sending does nothing and gets the first answer."""

import asyncio
from uuid import UUID

import pytest

from chassis109.kernel import clock
from chassis109.kernel.errors import Conflict
from chassis109.kernel.ids import uuid7
from chassis109.store import unit
from chassis109.store.idempotency import (
    IdempotencyKeyMalformed,
    IdempotencyKeyReused,
    RequestKey,
    claim,
    claim_arguments,
    claim_sql,
    forget,
    once,
    request_key,
)

ACTOR = uuid7()

_CREATE = f"""
WITH claimed AS ({claim_sql(2)})
INSERT INTO chassis.audit (tenant_id, at, actor_kind, action, object_kind, object_id)
VALUES (app.tenant(), now(), 'person', 'open', 'ticket', $1)
"""


async def _create(tenant: int, key: RequestKey | None, pause: float = 0) -> UUID:
    """A create verb in one statement of its own."""
    created = uuid7()
    async with unit.transaction(tenant):
        await unit.execute(_CREATE, str(created), *claim_arguments(key, created))
        await asyncio.sleep(pause)
    return created


async def _send(tenant: int, key: RequestKey | None, pause: float = 0) -> UUID:
    async def again(created: UUID) -> UUID:
        return created

    return await once(tenant, key, lambda: _create(tenant, key, pause), again)


async def _tickets(tenant: int) -> int:
    async with unit.transaction(tenant):
        return int(await unit.fetchval("SELECT count(*) FROM chassis.audit"))


async def test_the_same_request_sent_twice_creates_one_and_answers_twice(tenant: int) -> None:
    key = request_key(ACTOR, "k-12345678", b"POST /tickets", b"{}")
    assert await _send(tenant, key) == await _send(tenant, key)
    assert await _tickets(tenant) == 1


async def test_the_same_key_for_another_request_is_refused(tenant: int) -> None:
    await _send(tenant, request_key(ACTOR, "k-12345678", b"POST /tickets", b"{}"))
    with pytest.raises(IdempotencyKeyReused) as refused:
        await _send(tenant, request_key(ACTOR, "k-12345678", b"POST /tickets", b'{"a":1}'))
    assert refused.value.status == 422
    assert await _tickets(tenant) == 1


async def test_five_at_once_create_one(tenant: int) -> None:
    key = request_key(ACTOR, "k-12345678", b"{}")
    answers = await asyncio.gather(*(_send(tenant, key, pause=0.1) for _ in range(5)))
    assert len(set(answers)) == 1
    assert await _tickets(tenant) == 1


async def test_nothing_is_kept_of_a_request_that_was_refused(tenant: int) -> None:
    key = request_key(ACTOR, "k-12345678", b"{}")

    async def refused() -> UUID:
        async with unit.transaction(tenant):
            await claim(key, uuid7())
            raise Conflict

    with pytest.raises(Conflict):
        await refused()
    await _send(tenant, key)
    assert await _tickets(tenant) == 1


async def test_the_key_of_one_person_means_nothing_for_another(tenant: int) -> None:
    await _send(tenant, request_key(ACTOR, "k-12345678", b"{}"))
    await _send(tenant, request_key(uuid7(), "k-12345678", b"{}"))
    assert await _tickets(tenant) == 2


async def test_without_a_key_every_request_counts(tenant: int) -> None:
    await _send(tenant, None)
    await _send(tenant, None)
    assert await _tickets(tenant) == 2


async def test_old_keys_are_forgotten(tenant: int) -> None:
    await _send(tenant, request_key(ACTOR, "k-12345678", b"{}"))
    async with unit.transaction(tenant):
        assert await forget(clock.now()) == 1


@pytest.mark.parametrize("key", ["short", "with space in it", "x" * 101, "ключ-ключ-ключ", "nul\0nulnul"])
def test_a_key_that_is_none_is_refused(key: str) -> None:
    with pytest.raises(IdempotencyKeyMalformed):
        request_key(ACTOR, key, b"{}")
