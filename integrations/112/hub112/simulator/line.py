"""The line of a desk's machine: its service's own account, its own consumer, and nothing else of the broker."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from chassis109.bus.connection import BROKER_ERRORS, BusAway, Connections
from chassis109.bus.pull import Pull
from hub112.contract import Mode
from hub112.simulator.desk import Desk
from hub112.simulator.memory import Memory, Waiting

log = structlog.get_logger()

STREAM, API = "DESK", "hub.API"
"""Under the name API a service's account sees the hub's JetStream, as far as it may."""
FETCH = 50
ACK_SECONDS = 5.0
REST_SECONDS = 1.0
LOOK_SECONDS = 0.2


class Line:
    """Listens and speaks; the broker may come and go."""

    def __init__(self, connections: Connections, desk: Desk, memory: Memory, mode: Mode = "live") -> None:
        self._connections, self._desk, self._memory = connections, desk, memory
        self._account, self._durable = f"S{desk.service}", f"{desk.service}-{mode}"
        self._called, self._over = asyncio.Event(), False

    async def run(self) -> None:
        """Until cancelled."""
        await asyncio.gather(self._again_and_again(self._listen), self._again_and_again(self._speak))

    def end(self) -> None:
        """Begin nothing more: until Python 3.12 `wait_for` may swallow the cancellation of a task."""
        self._over = True

    async def _again_and_again(self, work: Callable[[], Awaitable[None]]) -> None:
        while not self._over:
            try:
                await work()
            except (BusAway, *BROKER_ERRORS) as error:
                # A closed connection raises at once: without a pause this loop would starve all others.
                log.warning("sim.bus_away", account=self._account, error=type(error).__name__)
                await asyncio.sleep(REST_SECONDS)

    async def _listen(self) -> None:
        """Take, remember, then acknowledge: what was not remembered comes again."""
        async with Pull.open(self._connections, self._account, STREAM, self._durable, API) as pull:
            while not self._over:
                messages = await pull.messages(FETCH)
                for message in messages:
                    self._desk.hear(message.subject, message.data)
                self._called.set()
                await asyncio.gather(*(message.ack_sync() for message in messages))

    async def _speak(self) -> None:
        """Say what is due, the messages of one handoff one after the other."""
        while not self._over:
            self._called.clear()
            self._desk.follow_plan()
            while waiting := self._memory.waiting():
                await asyncio.gather(*(self._send(message) for message in waiting))
            try:
                await asyncio.wait_for(self._called.wait(), self._desk.seconds_to_next(LOOK_SECONDS))
            except TimeoutError:
                continue

    async def _send(self, message: Waiting) -> None:
        """Until the stream has it, under the same id; what the broker never takes is let go."""
        client = await self._connections.get(self._account)
        if len(message.payload) > client.max_payload:
            log.warning("sim.too_large_for_the_broker", bytes=len(message.payload), most=client.max_payload)
        else:
            headers = {"Nats-Msg-Id": str(message.message_id)}
            await client.jetstream().publish(message.subject, message.payload, ACK_SECONDS, headers=headers)
            log.info("sim.said", message_id=str(message.message_id), spoil=message.spoil)
        self._memory.sent(message.number)
