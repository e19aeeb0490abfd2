"""A consumer of many small messages: a batch of them, one transaction, then their acknowledgements.

It keeps no inbox: the work itself must bear to be given a message twice, late and in any order. When a batch fails
its halves are tried, so that a message which fails alone is refused alone and the others pass.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog
from nats.aio.msg import Msg
from opentelemetry.trace import SpanKind

from chassis109.bus.connection import BROKER_ERRORS, BusAway, Connections
from chassis109.bus.consumer import REST_SECONDS, RETRY_SECONDS, TRIES, delivered
from chassis109.bus.pull import Pull, sequence
from chassis109.kernel.errors import Unavailable
from chassis109.kernel.messages import Delivery
from chassis109.observe.tracing import span
from chassis109.store.unit import transaction

log = structlog.get_logger()

FETCH = 500

Work = Callable[[Sequence[Delivery]], Awaitable[None]]
Refuse = Callable[[Delivery, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Place:
    """Where batches come from, and the tenant in whose unit of work they are worked."""

    account: str
    stream: str
    durable: str
    tenant: int


class Batches:
    """Runs one durable pull consumer. `work` takes a batch in the order of the stream, inside the unit of work;
    `refuse` notes a message that failed TRIES times although it was alone (with the name of the last error)."""

    def __init__(self, connections: Connections, place: Place, work: Work, refuse: Refuse) -> None:
        self._connections, self._place = connections, place
        self._work, self._refuse = work, refuse
        self._failures: dict[int, int] = {}
        self._away = False  # PostgreSQL, a moment ago

    async def run(self) -> None:
        """Consume until cancelled; NATS and PostgreSQL may come and go."""
        while True:
            try:
                of = self._place
                async with Pull.open(self._connections, of.account, of.stream, of.durable) as pull:
                    await self._consume(pull)
            except (BusAway, *BROKER_ERRORS) as error:
                log.warning("batches.bus_away", stream=self._place.stream, error=type(error).__name__)
            except Exception as error:  # the outer edge: a consumer outlives everything
                log.error("batches.broken", stream=self._place.stream, error=type(error).__name__)
            # A closed connection raises at once: without a pause this loop would starve all others.
            await asyncio.sleep(REST_SECONDS)

    async def _consume(self, pull: Pull) -> None:
        while True:
            if self._away:
                await asyncio.sleep(REST_SECONDS)
                self._away = False
            if messages := await pull.messages(FETCH):
                await self._settle(messages)

    async def _settle(self, messages: list[Msg]) -> None:
        """Work a batch; when it fails, its halves."""
        if self._away:
            return await self._again(messages)
        try:
            with span(f"consume {self._place.stream}", SpanKind.CONSUMER):
                await self._worked(messages)
        except Unavailable:
            self._away = True
            return await self._again(messages)
        except Exception as error:  # the outer edge: one bad message is not the others'
            return await self._apart(messages, error)
        for message in messages:
            self._failures.pop(sequence(message), None)
            await (
                message.ack()
            )  # unanswered on purpose: one that is lost brings the message again, and nothing more

    async def _worked(self, messages: Sequence[Msg]) -> None:
        deliveries = [delivered(message, self._place.stream, self._place.durable) for message in messages]
        async with transaction(self._place.tenant):
            await self._work(deliveries)

    async def _apart(self, messages: list[Msg], error: Exception) -> None:
        if len(messages) == 1:
            return await self._give_up(messages[0], type(error).__name__)
        middle = len(messages) // 2
        await self._settle(messages[:middle])
        await self._settle(messages[middle:])

    async def _give_up(self, message: Msg, error: str) -> None:
        """Count a failure of a message that was alone; after TRIES of them refuse it."""
        number = sequence(message)
        failures = self._failures[number] = self._failures.get(number, 0) + 1
        log.error(
            "batches.failed", stream=self._place.stream, sequence=number, error=error, failures=failures
        )
        if failures < TRIES:
            return await self._again([message])
        try:
            async with transaction(self._place.tenant):
                await self._refuse(delivered(message, self._place.stream, self._place.durable), error)
        except Exception as failure:  # the outer edge: it comes again
            log.error("batches.not_refused", stream=self._place.stream, error=type(failure).__name__)
            return await self._again([message])
        del self._failures[number]
        await message.ack()

    async def _again(self, messages: Sequence[Msg]) -> None:
        for message in messages:
            await message.nak(RETRY_SECONDS)
