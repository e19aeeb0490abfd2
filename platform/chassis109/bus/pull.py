"""What a durable pull consumer brings, as soon as it comes.

One request at a time stands at the broker. `fetch` of nats-py collects a whole batch instead: when a request of its
own that it had given up catches the first message, it waits for the rest of the batch until its timeout, and what
has come stands still for seconds (docs/decisions/0029).
"""

import asyncio
import json
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import count

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.errors import APIError

from chassis109.bus.connection import BROKER_ERRORS, Connections

JETSTREAM = "$JS.API"
REQUEST_SECONDS = 5.0
GRACE_SECONDS = 1.0  # the broker says itself that a request has ended; one that it forgot is made again
ENDED = ("404", "408")  # nothing is there; nothing came in time


class Pull:
    """The messages of one durable, `most` at once."""

    def __init__(self, client: Client, next_subject: str) -> None:
        self._client, self._next = client, next_subject
        self._inbox = client.new_inbox()
        self._numbers = count(1)
        self._request, self._wanted, self._until = "", 0, 0.0
        self._came: deque[Msg] = deque()
        self._failed: Msg | None = None
        self._news = asyncio.Event()

    @classmethod
    @asynccontextmanager
    async def open(
        cls, connections: Connections, account: str, stream: str, durable: str, api: str = JETSTREAM
    ) -> AsyncIterator["Pull"]:
        """Ready to ask; `api` is the name under which the account knows the API of the stream's owner. Raises
        BusAway."""
        client = await connections.get(account)
        pull = cls(client, f"{api}.CONSUMER.MSG.NEXT.{stream}.{durable}")
        subscription = await client.subscribe(f"{pull._inbox}.*", cb=pull._on_message)
        watching = asyncio.create_task(pull._ask_again_when_back(connections, account))
        try:
            yield pull
        finally:
            watching.cancel()
            with suppress(*BROKER_ERRORS):
                await subscription.unsubscribe()

    async def messages(self, most: int) -> list[Msg]:
        """Those that have come, in the order of the stream; none when none came for a while. Raises an error of the
        broker when the durable is gone or the line is."""
        if not self._came:
            if self._wanted <= 0 or time.monotonic() >= self._until:
                await self._ask(most)
            self._news.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._until - time.monotonic()):
                    await self._news.wait()
        if self._failed is not None:
            failed, self._failed = self._failed, None
            APIError.from_msg(failed)
        taken = [self._came.popleft() for _ in range(min(most, len(self._came)))]
        return sorted(taken, key=sequence)

    async def _ask(self, most: int) -> None:
        self._request = f"{self._inbox}.{next(self._numbers)}"
        self._wanted, self._until = most, time.monotonic() + REQUEST_SECONDS + GRACE_SECONDS
        wanted = {"batch": most, "expires": int(REQUEST_SECONDS * 1e9)}
        await self._client.publish(self._next, json.dumps(wanted).encode(), self._request)

    async def _on_message(self, message: Msg) -> None:
        if not message.subject.startswith(self._inbox):  # whatever its headers say
            self._came.append(message)
            self._wanted -= 1
        elif message.subject == self._request:  # the broker speaks, and not of an older one
            self._wanted = 0
            self._failed = message if (message.headers or {}).get("Status") not in ENDED else None
        self._news.set()

    async def _ask_again_when_back(self, connections: Connections, account: str) -> None:
        """A broker that was restarted knows nothing of what it had been asked for."""
        while True:
            await connections.reconnected(account)
            self._wanted = 0
            self._news.set()


def sequence(message: Msg) -> int:
    """The message's number in its stream."""
    return message.metadata.sequence.stream
