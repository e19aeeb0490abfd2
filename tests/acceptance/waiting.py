"""Waiting for what another process does."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any


async def until(ask: Callable[[], Awaitable[Any]], wanted: object, seconds: float = 20.0) -> None:
    """Ask again until the answer is the wanted one."""
    limit = time.monotonic() + seconds
    while (answer := await ask()) != wanted:
        assert time.monotonic() < limit, f"still {answer!r}, not {wanted!r}, after {seconds:g} seconds"
        await asyncio.sleep(0.1)
