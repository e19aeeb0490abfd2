"""The projection from zero: everything that the feed still holds is read again, in one transaction.

The worker waits meanwhile and the wall shows what stood before; when it fails anywhere, that is how it stays. Rows
that the feed no longer holds stay as they are (docs/decisions/0023).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from chassis109.bus import subjects
from chassis109.bus.connection import Connections
from chassis109.bus.live import LiveFeed
from chassis109.bus.replay import Replay
from chassis109.store.unit import transaction
from region109.feed import service as feed
from region109.territories.model import HOME_ID
from tenancy109.model import REGION

AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it has come: facts read of all, seconds since the beginning."""

    read: int
    whole: int
    seconds: float

    @property
    def rate(self) -> float:
        """Facts a second."""
        return self.read / max(self.seconds, 0.001)

    @property
    def share(self) -> float:
        """The part that is done, 0 … 1."""
        return self.read / max(self.whole, 1)


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What it came to: `corrected` rows of the daily figures were not what the facts come to."""

    progress: Progress
    corrected: int


async def rebuild(connections: Connections, tell: Callable[[Progress], None]) -> Rebuilt:
    """Read the feed again; `tell` hears of each step. Raises BusAway, Forgotten, Occupied or DatabaseUnavailable, and
    then nothing has changed."""
    started = time.monotonic()
    async with transaction(HOME_ID):
        await (
            feed.begin_again()
        )  # before anybody looks at the feed: what is acknowledged until then stands in it
        replay = await Replay.open(connections, subjects.REGION, "FEED")
        done = Progress(0, replay.messages, 0.0)
        async for batch in replay.batches(AT_ONCE):
            if not done.read:
                await feed.forget(batch[0])
            await feed.reread(batch)
            done = Progress(done.read + len(batch), replay.messages, time.monotonic() - started)
            tell(done)
        corrected = await feed.recount(reread=done.read > 0)
    await LiveFeed(connections, subjects.REGION).publish(REGION, "wall", "", replay.last)
    return Rebuilt(Progress(done.read, replay.messages, time.monotonic() - started), corrected)


async def ask_again() -> list[str]:
    """Order all tenants to say every fact again; the slugs. The region's worker sends the orders."""
    async with transaction(HOME_ID):
        return await feed.ask_again()
