"""What the person sees while things are set up and started: a line per step with its seconds."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

_began = time.monotonic()


def say(text: str) -> None:
    """Print at once, also into a pipe or a log."""
    print(text, flush=True)


@contextmanager
def step(title: str) -> Iterator[None]:
    """Time a step; its line appears when it is done, and says so when it failed."""
    begin = time.monotonic()
    try:
        yield
    except BaseException:
        say(f"  ✗ {title:<58} {time.monotonic() - begin:6.1f} s")
        raise
    say(f"  ✓ {title:<58} {time.monotonic() - begin:6.1f} s")


def elapsed() -> float:
    """Seconds since this program began."""
    return time.monotonic() - _began
