"""A client that goes on while the backup is made, and keeps a list of what was acknowledged to it, and when."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from tests.acceptance.api import Api
from tests.prove.size import sized

from chassis109.kernel import clock

PAUSE_SECONDS = 0.3
EVERY = 4
"""One call in so many is an emergency."""


@dataclass(frozen=True)
class Acknowledged:
    """Something that 109 has said it has."""

    id: str
    kind: str
    asked: datetime
    said: datetime


@dataclass
class Calls:
    """Everything that was acknowledged so far."""

    taken: list[Acknowledged] = field(default_factory=list)

    def before(self, moment: datetime, kind: str) -> set[str]:
        """What must be there after a restore to `moment`."""
        return {call.id for call in self.taken if call.kind == kind and call.said <= moment}

    def after(self, moment: datetime, kind: str) -> set[str]:
        """What cannot be there."""
        return {call.id for call in self.taken if call.kind == kind and call.asked > moment}

    async def more(self) -> None:
        """Wait until a number of both kinds has come in since now."""
        now = clock.now()
        enough: Callable[[str, int], bool] = lambda kind, count: len(self.after(now, kind)) >= count  # noqa: E731
        while not (enough("ticket", sized(6, 60)) and enough("emergency", sized(2, 20))):  # noqa: ASYNC110
            await asyncio.sleep(0.1)


@asynccontextmanager
async def calling(api: Api) -> AsyncIterator[Calls]:
    """Calls come in until the block ends; a refusal fails it."""
    calls = Calls()

    async def take() -> None:
        number = 0
        while True:
            number += 1
            asked, kind = clock.now(), "ticket" if number % EVERY else "emergency"
            made = await api.ticket() if kind == "ticket" else (await api.emergency())["incident"]
            calls.taken.append(Acknowledged(made["id"], kind, asked, clock.now()))
            await asyncio.sleep(PAUSE_SECONDS)

    task = asyncio.create_task(take())
    try:
        yield calls
        assert not task.done(), task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
