"""Both sides on databases of their own, and between them a broker that duplicates, reorders, loses and redelivers.

Only the wire is played: verbs, handlers, sweeps, relays and the machine of a desk are the real ones. Nothing is
remembered but what the databases hold, so a crash at any line is a transaction that did not commit, or an
acknowledgement that did not arrive.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
from tests.databases import Database

from chassis109.bus.consumer import NotYet
from chassis109.bus.subjects import matches
from chassis109.kernel import clock
from chassis109.kernel.messages import WAITS, Delivery
from chassis109.store import inbox, unit
from chassis109.store.outbox import Outbox
from dispatch109.emergencies import handlers as returns
from dispatch109.emergencies.service import note_published
from hub112.intake import handlers as intake
from hub112.replies import handlers as replies
from hub112.simulator.behaviours import BEHAVIOURS
from hub112.simulator.desk import Desk
from hub112.simulator.memory import Memory
from tenancy109 import directory

PETROPAVL = 1
MACHINE = "103"
"""The desk at which a machine works; people work at the others, and at this one too."""
PATIENCE = WAITS
"""Order may break for as long as a receiver waits for what is missing; older messages come in order."""
HUB_HANDLERS = intake.HANDLERS | replies.HANDLERS


class Crash(Exception):
    """The process ends before it could commit."""


@dataclass(frozen=True)
class Stored:
    """A message as a stream keeps it."""

    number: int
    subject: str
    message_id: UUID
    payload: bytes
    at: datetime

    @property
    def direction(self) -> str:
        """handoff, return, desk, reply; `live` for what desks say to each other."""
        return self.subject.split(".")[2] if self.subject.startswith("sko.") else "cross"


@dataclass
class Broker:
    """Everything ever published, and what is not acknowledged yet."""

    stored: list[Stored] = field(default_factory=list)
    pending: list[Stored] = field(default_factory=list)
    known: set[UUID] = field(default_factory=set)

    def publish(self, subject: str, message_id: UUID, payload: bytes, at: datetime, *, twice: bool) -> None:
        """`twice`: the window for duplicates is over, so the stream takes the same message again."""
        if message_id in self.known and not twice:
            return
        self.known.add(message_id)
        message = Stored(len(self.stored) + 1, subject, message_id, payload, at)
        self.stored.append(message)
        self.pending.append(message)

    def may_come(self, at: datetime) -> list[Stored]:
        """What may be delivered now: any young message, of older ones the first of its subject."""
        first: dict[str, int] = {}
        for message in self.pending:
            first.setdefault(message.subject, message.number)
        return [m for m in self.pending if at - m.at < PATIENCE or first[m.subject] == m.number]


class Side:
    """One service: its store, what its process keeps in memory, and its relay's view of the outbox."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def open(self) -> None:
        """Start the process."""
        await unit.open_store(self.database.app, size=2)
        self.engine, unit._engine = (
            unit.engine(),
            None,
        )  # two services in one process: each with its own store
        self.cache = directory._Cache()
        self.outbox = await Outbox.open(self.database.relay, size=1)
        self.superuser = await asyncpg.connect(self.database.superuser)

    async def close(self) -> None:
        """End the process."""
        await self.superuser.close()
        await self.outbox.close()
        await self.engine.close_connection_pool()

    @contextmanager
    def running(self, at: datetime) -> Iterator[None]:
        """This service's code runs, at that time."""
        before = unit._engine, directory._cache
        unit._engine, directory._cache = self.engine, self.cache
        try:
            with clock.frozen(at):
                yield
        finally:
            unit._engine, directory._cache = before


class World:
    """Both sides, the wire and the time. `now` begins two hours ago: what is due is then due by the databases' clocks
    as well, which cannot be set."""

    def __init__(self, dispatch: Side, hub: Side) -> None:
        self.dispatch, self.hub, self.broker = dispatch, hub, Broker()
        self.now = datetime.now(UTC) - timedelta(hours=2)
        self.memory = Memory(":memory:")
        self.machine = Desk(MACHINE, BEHAVIOURS["prompt"], self.memory)

    @classmethod
    @asynccontextmanager
    async def opened(cls, dispatch: Database, hub: Database) -> AsyncIterator["World"]:
        """A world with nothing in it yet."""
        world = cls(Side(dispatch), Side(hub))
        await world.dispatch.open()
        await world.hub.open()
        try:
            yield world
        finally:
            world.memory.close()
            await world.dispatch.close()
            await world.hub.close()

    async def begin(self) -> None:
        """Another example: an empty wire, a machine that remembers nothing, and no clock of the examples before."""
        self.memory.close()
        self.memory = Memory(":memory:")
        self.machine = Desk(MACHINE, BEHAVIOURS["prompt"], self.memory)
        self.broker, self.now = Broker(), datetime.now(UTC) - timedelta(hours=2)
        self.end = datetime.now(UTC) - timedelta(minutes=30)
        await self.dispatch.superuser.execute("UPDATE dispatch.handoff SET due_at = NULL")
        await self.hub.superuser.execute("UPDATE hub.handoff SET due_at = NULL")

    async def at(self, side: Side, verb: Callable[[], Awaitable[Any]]) -> Any:
        """Let a person of one side act; a moment passes."""
        self.now += timedelta(milliseconds=20)
        with side.running(self.now):
            return await verb()

    async def relay(self, side: Side, *, crash: bool = False, twice: bool = False) -> int:
        """Carry the first waiting message of each key to its stream. `crash`: before its PubAck is written down."""
        count = 0
        for tenant in await side.outbox.waiting():
            async with side.outbox.claim(tenant, 100) as claim:
                for message in claim.messages:
                    if message.subject.startswith(("sko.feed", "sko.mandate")):
                        claim.published.append(message.id)
                        continue
                    self.broker.publish(
                        message.subject, message.message_id, message.payload, self.now, twice=twice
                    )
                    count += 1
                    if not crash:
                        claim.published.append(message.id)
        return count

    async def deliver(self, message: Stored, fate: str = "done") -> None:
        """Let the addressed process work a message. `fate`: done, crash (before commit), lost (its acknowledgement)."""
        if message.direction == "desk":
            self._to_machine(message)
        elif not await self._worked(message, crash=fate == "crash"):
            return
        if fate == "done":
            self.broker.pending.remove(message)

    async def _worked(self, message: Stored, *, crash: bool) -> bool:
        side, handlers = (
            (self.dispatch, returns.HANDLERS) if message.direction == "return" else (self.hub, HUB_HANDLERS)
        )
        handler = next(h for pattern, h in handlers.items() if matches(pattern, message.subject))
        source = f"{message.direction.upper()}:live"
        delivery = Delivery(message.subject, message.message_id, message.payload, message.at, source=source)
        with side.running(self.now):
            tenant = PETROPAVL if side is self.dispatch else intake.desk_of(message.subject)
            try:
                async with unit.transaction(tenant):
                    if await inbox.once(source, message.message_id):
                        await handler(delivery)
                    if crash:
                        raise Crash
            except (Crash, NotYet):
                return False
        return True

    def _to_machine(self, message: Stored) -> None:
        service = message.subject.split(".")[3]
        if service == MACHINE:
            with clock.frozen(self.now):
                self.machine.hear(message.subject, message.payload)

    def machine_speaks(self, *, crash: bool = False) -> None:
        """The machine says what its plan holds until now. `crash`: before it wrote down that the stream has it."""
        with clock.frozen(self.now):
            self.machine.follow_plan()
        for waiting in self.memory.waiting():
            self.broker.publish(waiting.subject, waiting.message_id, waiting.payload, self.now, twice=False)
            if not crash:
                self.memory.sent(waiting.number)

    async def settle(self) -> None:
        """Everything is up again: whatever waits is carried, delivered in order and worked, until nothing moves."""
        quiet = 0
        while quiet < 2:
            self.now += WAITS + timedelta(seconds=1)
            self.machine_speaks()
            moved = await self.relay(self.dispatch) + await self.relay(self.hub)
            with self.dispatch.running(self.now):
                moved += await note_published(PETROPAVL)
            for message in list(self.broker.pending):
                await self.deliver(message)
                moved += 1
            planned = self.memory.next_due() is not None
            quiet = 0 if moved or planned else quiet + 1
