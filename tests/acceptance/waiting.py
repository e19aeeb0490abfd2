"""Waiting for what another process does."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from typing import Any

MOST_PATIENT = 4.0
QUIET = 2.0
"""So many tasks a processor, and a claim about time is held to its word."""


def crowd() -> float:
    """How many tasks want each processor, over the last minute."""
    return os.getloadavg()[0] / (os.cpu_count() or 1)


def patience(seconds: float) -> float:
    """How long to wait for what takes so long at most on a machine with nothing else to do."""
    return seconds * min(max(crowd(), 1.0), MOST_PATIENT)


def claimed(seconds: float) -> float:
    """What a claim about time is measured by: its own figure on a quiet machine. On a crowded one everybody gets but
    a share of the processors, and the figure grows in proportion; so print what was measured, and `crowd`."""
    return seconds * max(crowd() / QUIET, 1.0)


async def until(ask: Callable[[], Awaitable[Any]], wanted: object, seconds: float = 20.0) -> None:
    """Ask again until the answer is the wanted one."""
    seconds = patience(seconds)
    limit = time.monotonic() + seconds
    while (answer := await ask()) != wanted:
        assert time.monotonic() < limit, f"still {answer!r}, not {wanted!r}, after {seconds:g} seconds"
        await asyncio.sleep(0.1)
