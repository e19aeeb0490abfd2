"""The consumers of one process: as many as there are sources at the moment, side by side."""

import asyncio
from collections.abc import Callable, Iterable, Mapping

from chassis109.bus.connection import Connections
from chassis109.bus.consumer import SIDE_BY_SIDE, Answer, Consumer, Handler, Source

LOOK_SECONDS = 1.0


class Consumers:
    """Keeps a consumer running for each source. `sources` is asked again every second: a district that is added
    while the process runs is heard without a restart, and one that is closed no longer. All of them together work
    `side_by_side` messages at once; several `Consumers` of one process share SIDE_BY_SIDE among them."""

    def __init__(
        self,
        connections: Connections,
        sources: Callable[[], Iterable[Source]],
        handlers: Mapping[str, Handler],
        answer: Answer | None = None,
        side_by_side: int = SIDE_BY_SIDE,
    ) -> None:
        self._connections, self._sources = connections, sources
        self._handlers, self._answer = handlers, answer
        self._limit = asyncio.Semaphore(side_by_side)
        self._running: dict[tuple[str, str], asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Consume until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                wanted = {(source.stream, source.durable): source for source in self._sources()}
                for place in self._running.keys() - wanted.keys():
                    self._running.pop(place).cancel()
                for place in wanted.keys() - self._running.keys():
                    self._running[place] = tasks.create_task(self._consumer(wanted[place]).run())
                await asyncio.sleep(LOOK_SECONDS)

    def _consumer(self, source: Source) -> Consumer:
        return Consumer(self._connections, source, self._handlers, self._answer, self._limit)
