"""The time, in one place, so that tests can set it. Always aware, always UTC.

The database's clock is the clock of its service: a process on a machine whose own is wrong goes by it, so that no
deadline passes for one part that has not passed for the others. Between two looks at it a process counts seconds
itself: a clock that jumps while it runs changes nothing.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta

TOLERATED = timedelta(seconds=2)
"""Clocks that are set over the network differ by less; nothing here is decided by so little."""

_frozen: ContextVar[datetime | None] = ContextVar("frozen", default=None)
_seen: tuple[datetime, float] | None = None
"""What the time was at the last look, and what the stopwatch said then."""


def now() -> datetime:
    """The present moment in UTC."""
    if frozen_at := _frozen.get():
        return frozen_at
    if _seen is None:
        return own()
    moment, stopwatch = _seen
    return moment + timedelta(seconds=time.monotonic() - stopwatch)


def own() -> datetime:
    """What this machine thinks it is."""
    return datetime.now(UTC)


def follow(theirs: datetime, before: datetime, after: datetime) -> timedelta:
    """Go by another clock, read between `before` and `after` of our own, if ours is wrong; by how much it is."""
    global _seen  # noqa: PLW0603 - one clock a process
    right = before - TOLERATED <= theirs <= after + TOLERATED
    _seen = (after if right else theirs, time.monotonic())
    return timedelta() if right else theirs - after


@contextmanager
def frozen(at: datetime) -> Iterator[None]:
    """Hold the clock at `at` for the present context (tests, demo history)."""
    token = _frozen.set(at)
    try:
        yield
    finally:
        _frozen.reset(token)
