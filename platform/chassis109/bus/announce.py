"""Telling open screens after a commit, without the request waiting for the broker."""

import asyncio

from chassis109.bus.live import LiveFeed

_feed: LiveFeed | None = None
_underway: set[asyncio.Task[None]] = set()


def use_feed(feed: LiveFeed | None) -> None:
    """Set the feed of this process; None (demo history, commands) announces nothing."""
    global _feed  # noqa: PLW0603 - one feed a process, opened by its entry point
    _feed = feed


def announce(slug: str, kind: str, object_id: str, version: int) -> None:
    """Tell the screens of a tenant that an object has a newer version; returns at once."""
    if _feed is not None:
        task = asyncio.create_task(_feed.publish(slug, kind, object_id, version))
        _underway.add(task)
        task.add_done_callback(_underway.discard)
