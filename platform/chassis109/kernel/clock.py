"""The time, in one place, so that tests can set it. Always aware, always UTC."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

_frozen: ContextVar[datetime | None] = ContextVar("frozen", default=None)


def now() -> datetime:
    """The present moment in UTC."""
    return _frozen.get() or datetime.now(UTC)


@contextmanager
def frozen(at: datetime) -> Iterator[None]:
    """Hold the clock at `at` for the present context (tests, demo history)."""
    token = _frozen.set(at)
    try:
        yield
    finally:
        _frozen.reset(token)
