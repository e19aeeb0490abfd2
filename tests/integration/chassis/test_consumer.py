"""A consumer applies each message once, survives failures and kills, and puts poison aside in sight."""

import asyncio
import sys
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import REGISTRY
from tests.databases import ROOT
from tests.integration.chassis.consuming import (
    SUBJECT,
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
from chassis109.bus.consumer import Consumer, Source
from chassis109.kernel.ids import uuid7
from chassis109.kernel.messages import Delivery
from chassis109.store import inbox, journal, unit

DYING = "tests.integration.chassis.dying_consumer"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumer, "RETRY_SECONDS", 0.05)
    monkeypatch.setattr(consumer, "REST_SECONDS", 0.1)


async def _never(_: Delivery) -> None:
    raise AssertionError


async def _poisoned(delivery: Delivery) -> None:
    if delivery.payload == b"poison":
        raise ValueError("'+77011234567'")


async def test_a_message_and_its_effect_are_one_transaction_and_happen_once(
    tenant: int, connections: Connections
) -> None:
    tries: list[int] = []

    async def handler(delivery: Delivery) -> None:
        tries.append(delivery.deliveries)
        await note(delivery.payload)
        if len(tries) == 1:
            raise RuntimeError("after the effect, before the commit")

    async with consuming(connections, tenant, {"sko.feed.*.probe": handler}) as name:
        await publish(connections, b"one")
        await until(lambda: len(tries) == 2)
        await asyncio.sleep(0.3)
        assert await waiting(connections, name) == (0, 0)
    assert tries == [1, 2]
    assert await count(tenant, "audit") == 1
    assert await count(tenant, "inbox") == 1


async def test_a_delivery_says_where_it_comes_from_and_when_the_stream_stored_it(
    tenant: int, connections: Connections
) -> None:
    got: list[Delivery] = []

    async def handler(delivery: Delivery) -> None:
        got.append(delivery)

    message = uuid7()
    async with consuming(connections, tenant, {"sko.feed.*.probe": handler}) as name:
        await publish(connections, b"one", message_id=str(message))
        await until(lambda: got)
    (delivery,) = got
    assert (delivery.subject, delivery.message_id, delivery.payload) == (SUBJECT, message, b"one")
    assert (delivery.source, delivery.deliveries) == (f"FEED:{name}", 1)
    assert delivery.at.tzinfo is UTC
    assert abs(datetime.now(UTC) - delivery.at) < timedelta(seconds=5)


async def test_a_second_delivery_does_nothing(tenant: int, store: None) -> None:
    message = uuid7()
    async with unit.transaction(tenant):
        assert await inbox.once("probe", message)
    async with unit.transaction(tenant):
        assert not await inbox.once("probe", message)
        assert await inbox.once("another source", message)


async def test_a_process_killed_between_the_effect_and_the_acknowledgement_causes_no_second_effect(
    tenant: int, connections: Connections
) -> None:
    async with durable(connections) as name:
        dying = await asyncio.create_subprocess_exec(sys.executable, "-m", DYING, name, str(tenant), cwd=ROOT)
        await publish(connections, b"one")
        assert await asyncio.wait_for(dying.wait(), 20) == -9
        assert await count(tenant, "audit") == 1
        assert await waiting(connections, name) == (0, 1)

        source = Source("REGION", "FEED", name, lambda _: tenant)
        async with running(Consumer(connections, source, {"sko.feed.>": _never})):
            async with asyncio.timeout(10):
                while await waiting(connections, name) != (0, 0):  # noqa: ASYNC110 - the broker tells
                    await asyncio.sleep(0.1)
    assert await count(tenant, "audit") == 1
    assert await count(tenant, "quarantine") == 0


async def test_poison_is_quarantined_after_five_tries_and_later_messages_pass(
    tenant: int, connections: Connections
) -> None:
    async with consuming(connections, tenant, {"sko.feed.>": _poisoned}) as name:
        await publish(connections, b"poison")
        await publish(connections, b"fine")
        await until_counted(tenant, "quarantine", 1)
        await until_counted(tenant, "inbox", 1)
        await asyncio.sleep(0.3)
        assert await waiting(connections, name) == (0, 0)
    async with unit.transaction(tenant):
        (row,) = await unit.fetch("SELECT subject, payload, error, attempts FROM chassis.quarantine")
    assert tuple(row.values()) == (SUBJECT, b"poison", "ValueError", 5)


async def test_the_sender_of_poison_is_told_in_the_transaction_that_puts_it_aside(
    tenant: int, connections: Connections
) -> None:
    async def answer(delivery: Delivery, error: str) -> None:
        said = journal.OutboxMessage("sko.feed.petropavl.error", "probe", error.encode())
        await journal.write(None, "system", [], [said])

    async with consuming(connections, tenant, {"sko.feed.>": _poisoned}, answer=answer):
        await publish(connections, b"poison")
        await until_counted(tenant, "quarantine", 1)
    async with unit.transaction(tenant):
        assert await unit.fetchval("SELECT payload FROM chassis.outbox") == b"ValueError"
        same = "SELECT count(DISTINCT xmin::text) FROM (SELECT xmin FROM chassis.outbox UNION ALL "
        assert await unit.fetchval(same + "SELECT xmin FROM chassis.quarantine) AS written") == 1


async def test_an_answer_that_fails_does_not_stop_the_quarantine(
    tenant: int, connections: Connections
) -> None:
    async def answer(delivery: Delivery, error: str) -> None:
        await unit.execute("SELECT 1 / 0")

    async with consuming(connections, tenant, {"sko.feed.>": _poisoned}, answer=answer) as name:
        await publish(connections, b"poison")
        await publish(connections, b"fine")
        await until_counted(tenant, "quarantine", 1)
        await until_counted(tenant, "inbox", 1)
        await asyncio.sleep(0.2)
        assert await waiting(connections, name) == (0, 0)


async def test_a_handler_that_refuses_puts_the_message_aside_and_it_is_never_tried_again(
    tenant: int, connections: Connections
) -> None:
    tried: list[Delivery] = []

    async def handler(delivery: Delivery) -> None:
        tried.append(delivery)
        await note(b"refused")
        await inbox.put_aside(
            delivery.source, delivery.message_id, delivery.subject, delivery.payload, "WrongSequence"
        )

    async with consuming(connections, tenant, {"sko.feed.>": handler}) as name:
        await publish(connections, b"no")
        await until_counted(tenant, "quarantine", 1)
        await asyncio.sleep(0.3)
        assert await waiting(connections, name) == (0, 0)
    async with unit.transaction(tenant):
        (row,) = await unit.fetch("SELECT source, payload, error, attempts FROM chassis.quarantine")
    assert tuple(row.values()) == (f"FEED:{name}", b"no", "WrongSequence", 1)
    assert len(tried) == 1
    assert await count(tenant, "inbox") == 1
    assert await count(tenant, "audit") == 1
    assert REGISTRY.get_sample_value("messages_quarantined_total", {"source": f"FEED:{name}"}) == 1


async def test_a_message_nobody_works_is_put_aside_too(tenant: int, connections: Connections) -> None:
    async with consuming(connections, tenant, {"sko.mandate.*": _never}):
        await publish(connections, b"?")
        await until_counted(tenant, "quarantine", 1)
    async with unit.transaction(tenant):
        assert await unit.fetchval("SELECT error FROM chassis.quarantine") == "NoHandler"


async def test_an_outage_of_the_database_is_no_poison(tenant: int, connections: Connections) -> None:
    tries: list[Delivery] = []

    async def handler(delivery: Delivery) -> None:
        tries.append(delivery)
        if len(tries) < 9:
            raise unit.DatabaseUnavailable

    async with consuming(connections, tenant, {"sko.feed.>": handler}):
        await publish(connections, b"one")
        await until(lambda: len(tries) == 9, 20)
        await until_counted(tenant, "inbox", 1)
    assert await count(tenant, "quarantine") == 0
