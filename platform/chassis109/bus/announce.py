"""Telling open screens and the relay after a commit, without the request waiting for the broker."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from chassis109.bus.live import LiveFeed

_feed: LiveFeed | None = None
_relay: Callable[[], None] | None = None
_underway: set[asyncio.Task[None]] = set()


def use_feed(feed: LiveFeed | None) -> None:
    """Set the feed of this process; None (demo history, commands) announces nothing."""
    global _feed  # noqa: PLW0603 - one feed a process, opened by its entry point
    _feed = feed


def use_relay(wake: Callable[[], None] | None) -> None:
    """Set how the relay of this process is woken; None: it runs in another one and hears it over the feed."""
    global _relay  # noqa: PLW0603 - one relay a process at most
    _relay = wake


def announce(slug: str, kind: str, object_id: str, version: int) -> None:
    """Tell the screens of a tenant that an object has a newer version; returns at once."""
    if _feed is not None:
        _start(_feed.publish(slug, kind, object_id, version))


def wake() -> None:
    """Let the relay send what was committed now instead of at its next poll; returns at once.

    For verbs that are in a hurry: `after_commit(announce.wake)`.
    """
    if _relay is not None:
        _relay()
    elif _feed is not None:
        _start(_feed.wake())


def _start(telling: Coroutine[Any, Any, None]) -> None:
    task = asyncio.create_task(telling)
    _underway.add(task)
    task.add_done_callback(_underway.discard)
