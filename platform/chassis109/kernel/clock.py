"""The time, in one place, so that tests can set it. Always aware, always UTC.

The database's clock is the clock of its service: a process on a machine whose own is wrong goes by it, so that no
deadline passes for one part that has not passed for the others.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta

TOLERATED = timedelta(seconds=2)
"""Clocks that are set over the network differ by less; nothing here is decided by so little."""

_frozen: ContextVar[datetime | None] = ContextVar("frozen", default=None)
_off = timedelta()


def now() -> datetime:
    """The present moment in UTC."""
    return _frozen.get() or own() + _off


def own() -> datetime:
    """What this machine thinks it is."""
    return datetime.now(UTC)


def follow(theirs: datetime, before: datetime, after: datetime) -> timedelta:
    """Go by another clock, read between `before` and `after` of our own, if ours is wrong; by how much it is."""
    global _off  # noqa: PLW0603 - one clock a process
    right = before - TOLERATED <= theirs <= after + TOLERATED
    _off = timedelta() if right else theirs - after
    return _off


@contextmanager
def frozen(at: datetime) -> Iterator[None]:
    """Hold the clock at `at` for the present context (tests, demo history)."""
    token = _frozen.set(at)
    try:
        yield
    finally:
        _frozen.reset(token)
