"""Messages of one key are worked in order, whatever fails; different keys do not wait for each other."""

import asyncio
import time
from collections import defaultdict
from datetime import timedelta

import pytest
from tests.integration.chassis.consuming import (
    OURS,
    consuming,
    count,
    durable,
    note,
    publish,
    running,
    until,
    until_counted,
    waiting,
)

from chassis109.bus import consumer
from chassis109.bus.connection import Connections
from chassis109.bus.consumer import Consumer, NotYet, Source
from chassis109.kernel import messages
from chassis109.kernel.messages import Delivery
from chassis109.store import unit

EVERY_KEY = f"{OURS}.*"


def _subject(key: str) -> str:
    return f"{OURS}.{key}"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumer, "RETRY_SECONDS", 0.3)


async def test_what_comes_again_is_not_overtaken_by_later_messages_of_its_key(
    tenant: int, connections: Connections
) -> None:
    worked: defaultdict[str, list[int]] = defaultdict(list)
    failed: list[int] = []

    async def handler(delivery: Delivery) -> None:
        number = int(delivery.payload)
        if delivery.subject == _subject("a") and number == 2 and len(failed) < 3:
            failed.append(number)
            raise RuntimeError("not this time")
        worked[delivery.subject].append(number)

    async with consuming(connections, tenant, {"sko.feed.>": handler}, EVERY_KEY) as name:
        for number in range(6):
            for key in "ab":
                await publish(connections, str(number).encode(), _subject(key))
        await until(lambda: len(failed) == 1)
        for number in range(6, 12):  # while number 2 is on its way again, in later rounds
            await publish(connections, str(number).encode(), _subject("a"))
            await asyncio.sleep(0.05)
        assert len(worked[_subject("a")]) == 2
        assert worked[_subject("b")] == [*range(6)]
        await until(lambda: len(worked[_subject("a")]) == 12)
        await asyncio.sleep(0.2)
        assert await waiting(connections, name) == (0, 0)
    assert worked[_subject("a")] == [*range(12)]


async def test_behind_poison_the_key_waits_until_it_is_put_aside_and_then_goes_on(
    tenant: int, connections: Connections
) -> None:
    worked: list[tuple[bytes, int]] = []

    async def handler(delivery: Delivery) -> None:
        if delivery.payload == b"poison":
            raise RuntimeError
        worked.append((delivery.payload, await unit.fetchval("SELECT count(*) FROM chassis.quarantine")))

    async with consuming(connections, tenant, {"sko.feed.>": handler}, EVERY_KEY):
        await publish(connections, b"poison", _subject("a"))
        await publish(connections, b"later", _subject("a"))
        await until(lambda: worked)
    assert worked == [(b"later", 1)]


async def test_different_keys_are_worked_side_by_side(tenant: int, connections: Connections) -> None:
    together = asyncio.Barrier(4)

    async def handler(_: Delivery) -> None:
        await together.wait()  # nobody goes on before all four are here

    async with consuming(connections, tenant, {"sko.feed.>": handler}, EVERY_KEY):
        for key in "abcd":
            await publish(connections, b"x", _subject(key))
        await until_counted(tenant, "inbox", 4)


async def test_a_message_that_is_early_waits_for_the_one_before_it_and_holds_up_nobody(
    tenant: int, connections: Connections
) -> None:
    taken: defaultdict[str, list[int]] = defaultdict(list)
    early: list[float] = []

    async def handler(delivery: Delivery) -> None:
        await note(delivery.payload)
        number, so_far = int(delivery.payload), taken[delivery.subject]
        if number > len(so_far) + 1:
            early.append(time.monotonic())
            raise NotYet
        so_far.append(number)

    async with consuming(connections, tenant, {"sko.feed.>": handler}, EVERY_KEY) as name:
        await publish(connections, b"2", _subject("a"))
        await until(
            lambda: len(early) > consumer.TRIES + 2
        )  # far more often than a failure would be forgiven
        await publish(connections, b"3", _subject("a"))
        await publish(connections, b"1", _subject("b"))
        await until(lambda: taken[_subject("b")] == [1], 2)
        await publish(connections, b"1", _subject("a"))
        await until(lambda: taken[_subject("a")] == [1, 2, 3], 2)
        await asyncio.sleep(0.2)
        assert await waiting(connections, name) == (0, 0)
    assert early[1] - early[0] >= 0.19
    assert await count(tenant, "audit") == 4  # what was tried too early was undone
    assert await count(tenant, "quarantine") == 0


async def test_while_nothing_is_answered_a_message_waits_for_nobody(
    tenant: int, connections: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that stands still for longer than anybody waits: the message before may come a moment after it."""
    monkeypatch.setattr(messages, "WAITS", timedelta(seconds=2.5))
    worked, tries = list[bytes](), list[bool]()

    async def handler(delivery: Delivery) -> None:
        if delivery.payload == b"2" and b"1" not in worked:
            if len(tries) == 1:
                await asyncio.sleep(3)
            tries.append(delivery.young)
            if delivery.young:
                raise NotYet
        worked.append(delivery.payload)

    async with consuming(connections, tenant, {"sko.feed.>": handler}, EVERY_KEY):
        await publish(connections, b"2", _subject("a"))
        await until(lambda: len(tries) >= 2)
        await publish(connections, b"1", _subject("b"))
        await until(lambda: len(worked) == 2)

    assert all(tries)
    assert worked == [b"1", b"2"]


async def test_a_message_whose_predecessor_never_comes_is_taken_in_the_end(
    tenant: int, connections: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "WAITS", timedelta(seconds=0.7))
    tries = list[bool]()

    async def handler(delivery: Delivery) -> None:
        tries.append(delivery.young)
        if delivery.young:
            raise NotYet

    async with consuming(connections, tenant, {"sko.feed.>": handler}, EVERY_KEY) as name:
        await publish(connections, b"2", _subject("a"))
        await until(lambda: False in tries)
        await asyncio.sleep(0.2)
        assert await waiting(connections, name) == (0, 0)
    assert 2 <= len(tries) <= 6


async def test_a_message_that_waited_in_the_stream_for_long_still_waits_for_the_one_before_it(
    tenant: int, connections: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "WAITS", timedelta(seconds=1))
    worked, young = list[bytes](), list[bool]()

    async def handler(delivery: Delivery) -> None:
        if delivery.payload == b"2" and b"1" not in worked:
            young.append(delivery.young)
            if delivery.young:
                raise NotYet
        worked.append(delivery.payload)

    async with durable(connections, EVERY_KEY) as name:
        await publish(connections, b"2", _subject("a"))
        await asyncio.sleep(1.5)  # nobody was there
        source = Source("REGION", "FEED", name, lambda _: tenant)
        async with running(Consumer(connections, source, {"sko.feed.>": handler})):
            await until(lambda: young)
            await publish(connections, b"1", _subject("b"))
            await until(lambda: len(worked) == 2)

    assert young[0]
    assert worked == [b"1", b"2"]
