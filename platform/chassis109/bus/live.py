"""What changed, for open screens: `ui.<slug>.<kind>` on core NATS, fanned out to the browsers of a tenant.

Best effort by design: an event says only that something has a newer version; the screen fetches it. A client
that may have missed something gets `resync` and fetches everything it shows.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from secrets import token_hex

import msgspec
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg

from chassis109.bus import subjects
from chassis109.bus.connection import BROKER_ERRORS, BusAway, Connections
from chassis109.observe import metrics

log = structlog.get_logger()

HISTORY = 500  # events a tenant kept for browsers that reconnect
BACKLOG = 200  # events a browser may lag behind before the oldest are dropped
WATCH_SECONDS = 0.5
RESYNC = "resync"


class UiEvent(msgspec.Struct, frozen=True):
    """Something has a newer version. `kind` names what (`ticket`, …)."""

    kind: str = msgspec.field(name="type")
    id: str
    version: int


@dataclass(frozen=True, slots=True)
class Position:
    """Where a browser stands in the stream of a tenant: which process served it, and how far it came."""

    epoch: str
    seq: int


@dataclass(eq=False)
class Subscription:
    """One browser's queue. The oldest events fall out when the browser reads too slowly."""

    slug: str
    _events: deque[tuple[int, UiEvent]] = field(default_factory=lambda: deque(maxlen=BACKLOG))
    _filled: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, seq: int, event: UiEvent) -> None:
        """Add an event; after a drop the browser is told to fetch everything."""
        if len(self._events) == BACKLOG:
            metrics.SSE_DROPPED.labels(self.slug).inc(BACKLOG)
            self._events.clear()
            event = UiEvent(RESYNC, "", 0)
        self._events.append((seq, event))
        self._filled.set()

    async def next(self, seconds: float) -> tuple[int, UiEvent] | None:
        """The next event, or None when none came within `seconds`."""
        if not self._events:
            self._filled.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._filled.wait(), seconds)
        return self._events.popleft() if self._events else None


class _Channel:
    """The stream of one tenant in this process."""

    def __init__(self) -> None:
        self.seq = 0
        self.history: deque[tuple[int, UiEvent]] = deque(maxlen=HISTORY)
        self.subscriptions: set[Subscription] = set()
        self.listener: asyncio.Task[None] | None = None

    def spread(self, event: UiEvent) -> None:
        self.seq += 1
        self.history.append((self.seq, event))
        for subscription in self.subscriptions:
            subscription.put(self.seq, event)

    def missed(self, after: int) -> list[tuple[int, UiEvent]] | None:
        """The events since `after`; None when they are no longer all there."""
        oldest = self.history[0][0] if self.history else self.seq + 1
        return [(seq, event) for seq, event in self.history if seq > after] if oldest <= after + 1 else None


class LiveFeed:
    """Publishes and hears the ui events of a node, over the account that the node has for itself."""

    def __init__(self, connections: Connections, account: str = subjects.NODE) -> None:
        self._connections, self._account = connections, account
        self._channels: dict[str, _Channel] = {}
        self._keeper: asyncio.Task[None] | None = None
        self.epoch = token_hex(4)

    @property
    def connected(self) -> bool:
        """Whether events can arrive right now."""
        return self._connections.connected(self._account)

    async def publish(self, slug: str, kind: str, object_id: str, version: int) -> None:
        """Tell the screens of a tenant, after commit. Never fails and never waits for a broker that is away:
        screens also fetch when asked."""
        await self._say(subjects.ui(slug, kind), msgspec.json.encode(UiEvent(kind, object_id, version)))

    async def wake(self) -> None:
        """Tell the relay of this node, which is another process, to look at once. Never fails and never waits:
        the relay also looks by itself."""
        await self._say(subjects.wake(), b"")

    async def _say(self, subject: str, payload: bytes) -> None:
        if not self.connected:
            return
        try:
            client = await self._connections.get(self._account)
            await client.publish(subject, payload)
        except (BusAway, *BROKER_ERRORS) as error:
            log.info("live.not_published", error=type(error).__name__)

    @asynccontextmanager
    async def subscribe(self, slug: str, after: Position | None = None) -> AsyncIterator[Subscription]:
        """The events of a tenant from now on, or from `after` on for a browser that comes back."""
        channel = self._channels.setdefault(slug, _Channel())
        if channel.listener is None:
            channel.listener = asyncio.create_task(self._listen(slug, channel), name=f"live {slug}")
        subscription = Subscription(slug)
        if after is not None:
            missed = channel.missed(after.seq) if after.epoch == self.epoch else None
            for seq, event in [(channel.seq, UiEvent(RESYNC, "", 0))] if missed is None else missed:
                subscription.put(seq, event)
        channel.subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            channel.subscriptions.discard(subscription)

    async def open(self) -> None:
        """Connect in the background, as soon and as often as needed."""
        self._keeper = asyncio.create_task(self._keep(), name="live")

    async def close(self) -> None:
        """Stop listening."""
        tasks = [t for t in (self._keeper, *(c.listener for c in self._channels.values())) if t is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep(self) -> None:
        while True:
            with contextlib.suppress(BusAway):
                await self._connections.get(self._account)
            await asyncio.sleep(WATCH_SECONDS)

    async def _listen(self, slug: str, channel: _Channel) -> None:
        """Keep one NATS subscription for the tenant, over every loss of the connection."""

        async def on_message(message: Msg) -> None:
            with contextlib.suppress(msgspec.DecodeError):
                channel.spread(msgspec.json.decode(message.data, type=UiEvent))

        while True:
            with contextlib.suppress(BusAway, *BROKER_ERRORS):
                client = await self._connections.get(self._account)
                await client.subscribe(subjects.ui(slug, "*"), cb=on_message)
                await client.flush()
                channel.spread(UiEvent(RESYNC, "", 0))  # whoever was here before may have missed something
                await _watch(client, channel)
            await asyncio.sleep(WATCH_SECONDS)


async def _watch(client: Client, channel: _Channel) -> None:
    """Until the client is closed for good: after each reconnect tell everyone, core NATS keeps nothing."""
    reconnects = client.stats["reconnects"]
    while not client.is_closed:
        await asyncio.sleep(WATCH_SECONDS)
        if client.stats["reconnects"] != reconnects and client.is_connected:
            reconnects = client.stats["reconnects"]
            channel.spread(UiEvent(RESYNC, "", 0))
