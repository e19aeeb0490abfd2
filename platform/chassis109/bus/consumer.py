"""A consumer: one message, one transaction (inbox and effect), then the acknowledgement.

A message that keeps failing is put aside in chassis.quarantine and the later ones pass. The durable consumer
itself belongs to the deployment: no max_deliver (it skips silently), explicit acknowledgement.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from uuid import UUID, uuid5

import structlog
from nats.aio.msg import Msg
from nats.js.client import JetStreamContext
from opentelemetry.trace import SpanKind

from chassis109.bus.connection import BROKER_ERRORS, BusAway, Connections
from chassis109.bus.subjects import matches, message_uuid
from chassis109.kernel.errors import Unavailable
from chassis109.observe import metrics
from chassis109.observe.tracing import span
from chassis109.store import inbox
from chassis109.store.unit import transaction

log = structlog.get_logger()

TRIES = 5
FETCH = 20
FETCH_SECONDS = 5.0
RETRY_SECONDS = 1.0
REST_SECONDS = 1.0
NO_TENANT = 0  # messages for nobody we know are quarantined under this number
_NAMESPACE = UUID("6f0f7d0a-5d2f-5c3e-9d0e-109109109109")


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message as a handler sees it. Order per key may break after a failure: compare versions."""

    subject: str
    message_id: UUID
    payload: bytes


Handler = Callable[[Delivery], Awaitable[None]]


class NoHandler(Exception):
    """Nobody here works messages of this subject."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where messages come from. `tenant_of` tells from the subject for whom they are; None: nobody here."""

    account: str
    stream: str
    durable: str
    tenant_of: Callable[[str], int | None]
    api: str = "$JS.API"  # the name under which the account imports the stream owner's API


class Consumer:
    """Runs one durable pull consumer. `handlers`: subject pattern → verb, called inside the unit of work."""

    def __init__(self, connections: Connections, source: Source, handlers: Mapping[str, Handler]) -> None:
        self._connections, self._source, self._handlers = connections, source, handlers
        self._failures: dict[UUID, int] = {}

    async def run(self) -> None:
        """Consume until cancelled; NATS and PostgreSQL may come and go."""
        while True:
            try:
                client = await self._connections.get(self._source.account)
                jetstream = client.jetstream(prefix=self._source.api)
                subscription = await jetstream.pull_subscribe_bind(
                    durable=self._source.durable, stream=self._source.stream
                )
                while True:
                    await self._round(subscription)
            except (BusAway, *BROKER_ERRORS) as error:
                # A closed connection raises at once: without a pause this loop would starve all others.
                log.warning("consumer.bus_away", durable=self._source.durable, error=type(error).__name__)
                await asyncio.sleep(REST_SECONDS)

    async def _round(self, subscription: JetStreamContext.PullSubscription) -> None:
        try:
            messages = await subscription.fetch(FETCH, timeout=FETCH_SECONDS)
        except TimeoutError:  # nothing came
            return
        for message in messages:
            await self._settle(message)

    async def _settle(self, message: Msg) -> None:
        headers = message.headers or {}
        given = message_uuid(headers.get("Nats-Msg-Id"))
        sequence = message.metadata.sequence.stream
        delivery = Delivery(
            message.subject,
            given or uuid5(_NAMESPACE, f"{self._source.stream}:{sequence}"),
            message.data,
        )
        name = f"consume {self._source.durable}"
        try:
            with span(name, SpanKind.CONSUMER, traceparent=headers.get("traceparent")):
                await self._work(delivery)
        except Unavailable:
            await message.nak(RETRY_SECONDS)
            await asyncio.sleep(REST_SECONDS)
        except Exception as error:  # the outer edge: one bad message is not the others'
            if await self._put_aside(delivery, error):
                await message.ack_sync()
            else:
                await message.nak(RETRY_SECONDS)
        else:
            self._failures.pop(delivery.message_id, None)
            await message.ack_sync()

    async def _work(self, delivery: Delivery) -> None:
        handler = next((h for p, h in self._handlers.items() if matches(p, delivery.subject)), None)
        tenant = self._source.tenant_of(delivery.subject)
        if handler is None or tenant is None:
            raise NoHandler(delivery.subject)
        async with transaction(tenant):
            if await inbox.once(self._source.durable, delivery.message_id):
                await handler(delivery)

    async def _put_aside(self, delivery: Delivery, error: Exception) -> bool:
        """Count a failure; after TRIES of them quarantine the message. Counted here and not by the broker,
        whose count also grows while PostgreSQL is away."""
        failures = self._failures[delivery.message_id] = self._failures.get(delivery.message_id, 0) + 1
        name = type(error).__name__
        log.error("consumer.failed", message_id=str(delivery.message_id), error=name, failures=failures)
        if failures < TRIES:
            return False
        try:
            async with transaction(self._source.tenant_of(delivery.subject) or NO_TENANT):
                await inbox.quarantine(
                    self._source.durable,
                    delivery.message_id,
                    delivery.subject,
                    delivery.payload,
                    name,
                    failures,
                )
        except Unavailable:
            return False
        del self._failures[delivery.message_id]
        metrics.QUARANTINED.labels(self._source.durable).inc()
        return True
