"""Locks between commands: they go with the process, so a crash never leaves one behind."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stack109.failure import AlreadyRunning
from stack109.progress import say


@contextmanager
def waiting(path: Path) -> Iterator[None]:
    """Hold the lock; wait, and say so, while another command sets things up."""
    with _opened(path) as number:
        if not _taken_within(number, seconds=1):
            say("  … waiting: another command is setting things up")
            fcntl.flock(number, fcntl.LOCK_EX)
        yield


@contextmanager
def only_one(path: Path, name: str) -> Iterator[None]:
    """Hold the lock of an instance, or refuse: it has a supervisor already."""
    with _opened(path) as number:
        if not _taken_within(number, seconds=1):  # a status command may hold it for a moment
            raise AlreadyRunning(
                f"The stack {name!r} of this checkout is running already (make status, make down)."
            )
        yield


def is_held(path: Path) -> bool:
    """True when some process holds the lock."""
    if not path.exists():
        return False
    with _opened(path) as number:
        return not _take(number)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    path.parent.mkdir(parents=True, exist_ok=True)
    number = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
    try:
        yield number
    finally:
        os.close(number)


def _taken_within(number: int, seconds: float) -> bool:
    limit = time.monotonic() + seconds
    while not _take(number):
        if time.monotonic() > limit:
            return False
        time.sleep(0.05)
    return True


def _take(number: int) -> bool:
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
