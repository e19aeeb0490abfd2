"""The streams this node relies on, kept as the design says: nothing in them can be deleted, nothing falls out."""

import asyncio

import structlog
from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import NotFoundError

from chassis109.bus import subjects
from chassis109.bus.connection import BROKER_ERRORS, BusAway, Connections

log = structlog.get_logger()

RETRY_SECONDS = 1.0
CHECK_SECONDS = 60.0
DUPLICATE_WINDOW_SECONDS = 24 * 3600.0

# What the tenants tell the region (handoff-112.md §4).
FEED = StreamConfig(
    name="FEED",
    subjects=["sko.feed.*.*"],
    retention=RetentionPolicy.LIMITS,
    discard=DiscardPolicy.NEW,
    storage=StorageType.FILE,
    deny_delete=True,
    deny_purge=True,
    duplicate_window=DUPLICATE_WINDOW_SECONDS,
)


async def keep(connections: Connections) -> None:
    """Make the stream FEED when it is missing, and look again each minute: a broker may come back empty."""
    while True:
        try:
            await _ensure(connections)
            await asyncio.sleep(CHECK_SECONDS)
        except (BusAway, *BROKER_ERRORS) as error:
            log.info("streams.not_checked", error=type(error).__name__)
            await asyncio.sleep(RETRY_SECONDS)


async def _ensure(connections: Connections) -> None:
    jetstream = (await connections.get(subjects.REGION)).jetstream()
    try:
        await jetstream.stream_info(FEED.name or "")
    except NotFoundError:
        await jetstream.add_stream(FEED)
        log.info("streams.made", stream=FEED.name)
