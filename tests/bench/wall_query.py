"""`wall_query`: what the wall asks the database when the region knows ten million tickets (WALL_TICKETS).

A database of the benchmark's own; the statements are those that serve the screen, one after the other as it asks them.
"""

import os
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from statistics import median

from tests.bench import region_data
from tests.bench.figure import Figure, note, spread
from tests.databases import Databases, storing

from chassis109.kernel import clock
from chassis109.store import unit
from region109.feed import service as feed
from region109.wall import repository as wall
from region109.wall.asked import Filter
from region109.wall.model import ALMATY, DAYS, HOURS

TICKETS = int(os.environ.get("WALL_TICKETS", "10000000"))
ROUNDS = 30
GOAL = "value <= 50"


def _asked() -> dict[str, Callable[[], Awaitable[object]]]:
    """The board, statement by statement, and two pages behind it."""
    at = clock.now()
    today, since = at.astimezone(ALMATY).date(), at - timedelta(hours=HOURS)
    return {
        "cells": lambda: wall.cells(at),
        "figures": lambda: wall.figures(today - timedelta(days=DAYS - 1), today),
        "hours": lambda: wall.hours(since),
        "news": lambda: wall.news(since, 20),
        "missing": feed.gaps,
        "territory": lambda: wall.tickets(1, Filter(), None, 50, at),
        "services": lambda: wall.reactions(1, at),
    }


BOARD = ("cells", "figures", "hours", "news", "missing")


async def measure() -> list[Figure]:
    """Milliseconds of a whole board, and of each of its statements."""
    databases = await Databases.open(dict(os.environ))
    try:
        started = time.perf_counter()
        database = await databases.clone("region")
        await region_data.fill(database, TICKETS)
        note(f"{TICKETS} tickets filled in {time.perf_counter() - started:.0f} s")
        async with storing(database.app, size=2):
            times = await _times()
    finally:
        await databases.close()
    boards = [sum(times[name][turn] for name in BOARD) for turn in range(ROUNDS)]
    found = [Figure("wall_query", median(boards), "ms", None, GOAL, spread(boards))]
    return found + [
        Figure(f"wall_query.{name}", median(taken), "ms", None, "", spread(taken))
        for name, taken in times.items()
    ]


async def _times() -> dict[str, list[float]]:
    """Milliseconds by statement; a round before, that only warms, is not counted."""
    times: dict[str, list[float]] = {name: [] for name in _asked()}
    for turn in range(ROUNDS + 1):
        for name, ask in _asked().items():
            async with unit.transaction(None):
                started = time.perf_counter()
                await ask()
                if turn:
                    times[name].append((time.perf_counter() - started) * 1000)
    return times
