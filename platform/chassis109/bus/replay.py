"""Reading a stream again from its oldest message, beside those who read it for their work."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.client import JetStreamContext

from chassis109.bus.connection import BROKER_ERRORS, BusAway, Connections
from chassis109.bus.consumer import delivered
from chassis109.kernel.messages import Delivery

FETCH_SECONDS = 10.0
IDLE_SECONDS = 600.0  # the broker drops the place of a reader that asked for nothing so long


class Forgotten(Exception):
    """The stream forgot messages while they were read: it is full, and its oldest ones go."""


@dataclass(frozen=True, slots=True)
class Replay:
    """What a stream holds at one moment: `messages` of them, the last with the number `last`."""

    connections: Connections
    account: str
    stream: str
    messages: int
    last: int

    @classmethod
    async def open(cls, connections: Connections, account: str, stream: str) -> "Replay":
        """Look at the stream; raises BusAway."""
        client = await connections.get(account)
        try:
            state = (await client.jetstream().stream_info(stream)).state
        except BROKER_ERRORS as error:
            raise BusAway(account) from error
        return cls(connections, account, stream, state.messages, state.last_seq)

    async def batches(self, most: int) -> AsyncIterator[list[Delivery]]:
        """The messages in the order of the stream, `most` at once; raises BusAway, and Forgotten when one between the
        first that was read and the last is gone."""
        if not self.messages:
            return
        client = await self.connections.get(self.account)
        config = ConsumerConfig(
            ack_policy=AckPolicy.NONE,
            deliver_policy=DeliverPolicy.ALL,
            mem_storage=True,
            inactive_threshold=IDLE_SECONDS,
        )
        try:
            subscription = await client.jetstream().pull_subscribe("", stream=self.stream, config=config)
            async for batch in self._read(subscription, most):
                yield batch
            await subscription.unsubscribe()
        except BROKER_ERRORS as error:
            raise BusAway(self.account) from error

    async def _read(
        self, subscription: JetStreamContext.PullSubscription, most: int
    ) -> AsyncIterator[list[Delivery]]:
        """The next batch comes while the one before is worked."""
        read = None
        coming = asyncio.create_task(subscription.fetch(most, timeout=FETCH_SECONDS))
        try:
            while read != self.last:
                batch = [delivered(message, self.stream, "replay") for message in await coming]
                batch = [one for one in batch if one.sequence <= self.last]
                _whole(batch, read)
                read = batch[-1].sequence
                if read != self.last:
                    coming = asyncio.create_task(subscription.fetch(most, timeout=FETCH_SECONDS))
                yield batch
        finally:
            coming.cancel()


def _whole(batch: list[Delivery], read: int | None) -> None:
    """Refuse a batch that does not continue what was read: nothing is ever deleted but the oldest."""
    numbers = [one.sequence for one in batch]
    first = numbers[0] if read is None and numbers else (read or 0) + 1
    if not numbers or numbers != list(range(first, first + len(numbers))):
        raise Forgotten
