"""A process on a machine whose clock is wrong goes by the clock of its database."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from tests.databases import storing

from chassis109.kernel import clock
from chassis109.store import unit

HOUR = timedelta(hours=1)


@pytest.fixture
def an_hour_ahead(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patched:
        patched.setattr(clock, "_seen", None)
        patched.setattr(clock, "own", lambda: datetime.now(UTC) + HOUR)
        yield
    now = clock.own()
    clock.follow(now, now, now)


async def test_a_new_connection_sets_a_wrong_clock_right(an_hour_ahead: None) -> None:
    assert clock.now() > datetime.now(UTC) + HOUR / 2

    async with storing(os.environ["DISPATCH_APP_DSN"]), unit.transaction(None):
        await unit.fetchval("SELECT 1")

    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=10)
