"""A consumer: one message, one transaction (inbox and effect), then the acknowledgement.

Messages of one key are worked in order, different keys side by side. A message that keeps failing is put aside
in chassis.quarantine and the later ones pass. The durable consumer itself belongs to the deployment: no
max_deliver (it skips silently), explicit acknowledgement.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID, uuid5

import structlog
from nats.aio.msg import Msg
from opentelemetry.trace import SpanKind

from chassis109.bus.connection import BROKER_ERRORS, BusAway, Connections
from chassis109.bus.pull import JETSTREAM, Pull, sequence
from chassis109.bus.subjects import matches, message_uuid
from chassis109.bus.turns import Turns
from chassis109.kernel.errors import Unavailable
from chassis109.kernel.messages import Delivery
from chassis109.observe.tracing import span
from chassis109.store import inbox
from chassis109.store.unit import transaction

log = structlog.get_logger()

TRIES = 5
FETCH = 20
SIDE_BY_SIDE = 8  # fewer than a worker's pool has connections (worker.POOL)
RETRY_SECONDS = 1.0
NOT_YET_SECONDS, LONGEST_PAUSE_SECONDS = 0.2, 1.0
REST_SECONDS = 1.0
NO_TENANT = 0  # messages for nobody we know are quarantined under this number
_NAMESPACE = UUID("6f0f7d0a-5d2f-5c3e-9d0e-109109109109")


Handler = Callable[[Delivery], Awaitable[None]]
Answer = Callable[[Delivery, str], Awaitable[None]]


class NoHandler(Exception):
    """Nobody here works messages of this subject."""


class NotYet(Exception):
    """An earlier message of the key has not come yet: this one is undone and comes again in a moment, as often
    as its handler says so, and it holds nothing up."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where messages come from. `tenant_of` tells from the subject for whom they are; None: nobody here.
    Messages whose subjects have the same `key_of` are worked one after the other."""

    account: str
    stream: str
    durable: str
    tenant_of: Callable[[str], int | None]
    api: str = JETSTREAM  # the name under which the account imports the stream owner's API
    key_of: Callable[[str], str] = str

    @property
    def name(self) -> str:
        """Under which inbox and quarantine keep its messages: durables of two streams may be called alike."""
        return f"{self.stream}:{self.durable}"


class Consumer:
    """Runs one durable pull consumer. `handlers`: subject pattern → verb, called inside the unit of work.

    `answer` tells the sender of a message that is given up (with the name of the last error), in the
    transaction that puts it aside. Consumers of one process share a `limit`, so that they share its pool.
    """

    def __init__(
        self,
        connections: Connections,
        source: Source,
        handlers: Mapping[str, Handler],
        answer: Answer | None = None,
        limit: asyncio.Semaphore | None = None,
    ) -> None:
        self._connections, self._source, self._handlers = connections, source, handlers
        self._answer, self._limit = answer, limit or asyncio.Semaphore(SIDE_BY_SIDE)
        self._failures: dict[UUID, int] = {}
        self._waits: dict[UUID, tuple[timedelta, float]] = {}
        self._turns = Turns()
        self._away = False  # PostgreSQL, a moment ago

    async def run(self) -> None:
        """Consume until cancelled; NATS and PostgreSQL may come and go."""
        while True:
            try:
                of = self._source
                async with Pull.open(self._connections, of.account, of.stream, of.durable, of.api) as pull:
                    await self._consume(pull)
            except (BusAway, *BROKER_ERRORS) as error:
                log.warning("consumer.bus_away", durable=self._source.durable, error=type(error).__name__)
            except Exception as error:  # the outer edge: a consumer outlives everything
                log.error("consumer.broken", durable=self._source.durable, error=type(error).__name__)
            # A closed connection raises at once: without a pause this loop would starve all others.
            await asyncio.sleep(REST_SECONDS)

    async def _consume(self, pull: Pull) -> None:
        """Fetch what there is room for; a slow message holds up its own key and nothing else."""
        lines: dict[str, deque[Msg]] = {}
        tasks: set[asyncio.Task[None]] = set()
        try:
            while True:
                for message in await self._fetch(pull):
                    key = self._source.key_of(message.subject)
                    self._turns.expect(key, sequence(message))
                    if key in lines:
                        lines[key].append(message)
                        continue
                    lines[key] = deque([message])
                    task = asyncio.create_task(self._line(key, lines))
                    tasks.add(task)
                    task.add_done_callback(tasks.discard)
                while sum(map(len, lines.values())) >= FETCH:
                    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _fetch(self, pull: Pull) -> list[Msg]:
        if self._away:
            self._away = False
            await asyncio.sleep(REST_SECONDS)
        return await pull.messages(FETCH)

    async def _line(self, key: str, lines: dict[str, deque[Msg]]) -> None:
        """Work the messages of one key in order; behind one that must come again the later ones wait."""
        while lines[key]:
            message = lines[key].popleft()
            try:
                async with self._limit:
                    if self._turns.due(key, sequence(message)) and await self._settle(message):
                        self._turns.done(key, sequence(message))
                    else:
                        await message.nak(RETRY_SECONDS)
            except Exception as error:  # the outer edge: it comes again, and the inbox knows what it did
                log.warning("consumer.not_settled", durable=self._source.durable, error=type(error).__name__)
        del lines[key]

    async def _settle(self, message: Msg) -> bool:
        """Work one message. False when it must come again before the later ones of its key."""
        delivery = delivered(message, self._source.stream, self._source.durable)
        waited = self._waited(delivery.message_id)
        traceparent = (message.headers or {}).get("traceparent")
        try:
            with span(f"consume {self._source.durable}", SpanKind.CONSUMER, traceparent=traceparent):
                await self._work(replace(delivery, waited=waited))
        except NotYet:  # what it waits for may be right behind it
            self._waits[delivery.message_id] = waited, time.monotonic()
            await message.nak(NOT_YET_SECONDS)
            return True
        except Unavailable:
            self._away = True
            return False
        except Exception as error:  # the outer edge: one bad message is not the others'
            if not await self._give_up(delivery, error):
                return False
        self._failures.pop(delivery.message_id, None)
        await message.ack_sync()
        return True

    def _waited(self, message_id: UUID) -> timedelta:
        """How long a message has waited for those before it while they could have been worked: the pauses between its
        tries. In a long one the broker, the database or this process stood still; it counts as a short one."""
        waited, since = self._waits.pop(message_id, (timedelta(), time.monotonic()))
        return waited + timedelta(seconds=min(time.monotonic() - since, LONGEST_PAUSE_SECONDS))

    async def _work(self, delivery: Delivery) -> None:
        handler = next((h for p, h in self._handlers.items() if matches(p, delivery.subject)), None)
        tenant = self._source.tenant_of(delivery.subject)
        if handler is None or tenant is None:
            raise NoHandler(delivery.subject)
        async with transaction(tenant):
            if await inbox.once(self._source.name, delivery.message_id):
                await handler(delivery)

    async def _give_up(self, delivery: Delivery, error: Exception) -> bool:
        """Count a failure; after TRIES of them put the message aside. Counted here and not by the broker,
        whose count also grows while PostgreSQL is away."""
        failures = self._failures[delivery.message_id] = self._failures.get(delivery.message_id, 0) + 1
        name = type(error).__name__
        log.error("consumer.failed", message_id=str(delivery.message_id), error=name, failures=failures)
        if failures < TRIES:
            return False
        for answer in (self._answer, None):  # the answer is not worth the message
            try:
                await self._put_aside(delivery, name, failures, answer)
            except Unavailable:
                break
            except Exception as failure:
                log.error("consumer.not_put_aside", error=type(failure).__name__)
            else:
                return True
        return False

    async def _put_aside(self, delivery: Delivery, error: str, failures: int, answer: Answer | None) -> None:
        async with transaction(self._source.tenant_of(delivery.subject) or NO_TENANT):
            first = await inbox.put_aside(
                self._source.name, delivery.message_id, delivery.subject, delivery.payload, error, failures
            )
            if first and answer is not None:
                await answer(delivery, error)


def delivered(message: Msg, stream: str, durable: str) -> Delivery:
    """A message as handlers see it."""
    given = message_uuid((message.headers or {}).get("Nats-Msg-Id"))
    number = sequence(message)
    return Delivery(
        message.subject,
        given or uuid5(_NAMESPACE, f"{stream}:{number}"),
        message.data,
        message.metadata.timestamp,
        message.metadata.num_delivered,
        f"{stream}:{durable}",
        number,
    )
