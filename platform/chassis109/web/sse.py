"""Live streams to browsers: `beat` {now, bus} every ten seconds, one named event for each change, `resync`
when something may have been missed, `end` {reason} before the server closes.

An event of kind `rights` makes every stream of its tenant ask at once whether its session still holds.
"""

import asyncio
import re
import signal
import time
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import msgspec
from litestar.response import Stream

from chassis109.bus.live import LiveFeed, Position, Subscription, UiEvent
from chassis109.kernel import clock
from chassis109.kernel.errors import Malformed, TooMany, Unavailable
from chassis109.observe import metrics

BEAT_SECONDS = 10.0
PER_PERSON = 12
RETRY_MILLISECONDS = 2000
RIGHTS = "rights"
_WAKE = UiEvent("wake", "", 0)
_EVENT_ID = re.compile(r"(?P<slug>[a-z0-9-]{1,40})\.(?P<epoch>[0-9a-f]{8})\.(?P<seq>[0-9]{1,15})")

StillValid = Callable[[], Awaitable[bool]]


class TooManyStreams(TooMany):
    """You have too many windows open: close some."""


class UnknownEventId(Malformed):
    """The Last-Event-ID is not one of this stream."""


def position(slug: str, last_event_id: str | None) -> Position | None:
    """Where a browser left off, from its Last-Event-ID; None for a first visit. Raises UnknownEventId."""
    if not last_event_id:
        return None
    found = _EVENT_ID.fullmatch(last_event_id)
    if found is None or found["slug"] != slug:
        raise UnknownEventId
    return Position(found["epoch"], int(found["seq"]))


class Streams:
    """The open streams of this process."""

    def __init__(self, feed: LiveFeed) -> None:
        self._feed = feed
        self._people: Counter[str] = Counter()
        self._open: set[Subscription] = set()
        self._closing = False

    def open(self, slug: str, person: str, last_event_id: str | None, still_valid: StillValid) -> Stream:
        """The response that streams the tenant's events to `person` (tenant and subject).

        `still_valid` is asked with each beat: False ends the stream. Raises TooManyStreams, UnknownEventId.
        """
        after = position(slug, last_event_id)
        if self._people[person] >= PER_PERSON:
            raise TooManyStreams
        return Stream(
            self._frames(slug, person, after, still_valid),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    def close(self) -> None:
        """End every stream; browsers come back by themselves, to this process's successor."""
        self._closing = True
        for subscription in self._open:
            subscription.put(0, _WAKE)

    def end_on_sigterm(self) -> None:
        """End the streams when the process is told to stop: open ones would hold up the server's shutdown.

        Call it when the application starts. The server's own handler stays in place and runs first.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            before = signal.getsignal(number)

            def handle(number: int, frame: FrameType | None, before: Any = before) -> None:  # noqa: ANN401
                if callable(before):
                    before(number, frame)
                loop.call_soon_threadsafe(self.close)

            signal.signal(number, handle)

    @contextmanager
    def _counted(self, slug: str, person: str, subscription: Subscription) -> Iterator[None]:
        clients = metrics.SSE_CLIENTS.labels(slug)
        self._people[person] += 1
        self._open.add(subscription)
        clients.inc()
        try:
            yield
        finally:
            clients.dec()
            self._open.discard(subscription)
            self._people -= Counter([person])

    async def _frames(
        self, slug: str, person: str, after: Position | None, still_valid: StillValid
    ) -> AsyncGenerator[bytes, None]:
        async with self._feed.subscribe(slug, after) as subscription:
            with self._counted(slug, person, subscription):
                yield f"retry: {RETRY_MILLISECONDS}\n\n".encode() + self._beat()
                due = time.monotonic() + BEAT_SECONDS
                while not self._closing:
                    found = await subscription.next(max(0.0, due - time.monotonic()))
                    rights = found is not None and found[1].kind == RIGHTS
                    if found is not None and not rights and found[1] is not _WAKE:
                        yield _frame(found[1].kind, found[1], f"{slug}.{self._feed.epoch}.{found[0]}")
                    if rights or time.monotonic() >= due:
                        if not await _holds(still_valid):
                            yield _frame("end", {"reason": "session"})
                            return
                        yield self._beat()
                        due = time.monotonic() + BEAT_SECONDS
                yield _frame("end", {"reason": "restart"})

    def _beat(self) -> bytes:
        return _frame("beat", {"now": clock.now(), "bus": self._feed.connected})


async def _holds(still_valid: StillValid) -> bool:
    """While PostgreSQL is away nobody can be asked and nothing can be fetched either: the stream stays."""
    try:
        return await still_valid()
    except Unavailable:
        return True


def _frame(event: str, data: object, event_id: str | None = None) -> bytes:
    """One event; JSON has no raw newline, so its data is one line."""
    head = f"id: {event_id}\n" if event_id else ""
    return f"{head}event: {event}\ndata: ".encode() + msgspec.json.encode(data) + b"\n\n"
