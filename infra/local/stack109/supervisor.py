"""The process that starts an instance, keeps it alive and ends all of it."""

import asyncio
import signal
from collections.abc import Callable

from stack109 import control, leftovers, state
from stack109.environment import ARCHIVE, SERVICES, Stack
from stack109.failure import StackFailure
from stack109.instance import Instance, remember
from stack109.keeper import Keeper
from stack109.locks import only_one
from stack109.ports import require_free
from stack109.progress import elapsed, say, step
from stack109.starting import start

STOP_ORDER = (SERVICES, ("keycloak",), ("nats",), ("postgres",), (ARCHIVE,))
"""The archive last: it takes what PostgreSQL writes at its own end."""


class Supervisor:
    """All parts of one instance. Children are forked by the main thread: they end when their thread ends."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.keepers: dict[str, Keeper] = {}
        self._state = state.State()

    @property
    def instance(self) -> Instance:
        """The instance that is supervised."""
        return self.stack.instance

    async def run(self, *, base_only: bool, on_ready: Callable[[], None]) -> int:
        """Start everything and keep it until a signal comes. The exit code: 0 after an ordered end."""
        asked_to_end = asyncio.Event()
        for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(sign, asked_to_end.set)
        self.note("starting")
        try:
            async with control.listening(self):
                return await self._start_and_wait(asked_to_end, base_only=base_only, on_ready=on_ready)
        finally:
            await self.stop()

    async def _start_and_wait(
        self, asked_to_end: asyncio.Event, *, base_only: bool, on_ready: Callable[[], None]
    ) -> int:
        starting = asyncio.create_task(start(self, base_only=base_only))
        ending = asyncio.create_task(asked_to_end.wait())
        await asyncio.wait({starting, ending}, return_when=asyncio.FIRST_COMPLETED)
        if not starting.done():
            say("  … stopping what was started so far")
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
            return 130
        self._raise_failure(starting)
        self.note("ready", f"started in {elapsed():.1f} s")
        on_ready()
        calendar = asyncio.create_task(self.stack.nats.enforce_expiry())
        await ending
        calendar.cancel()
        return 0

    def _raise_failure(self, starting: "asyncio.Task[None]") -> None:
        failure = starting.exception()
        while isinstance(failure, BaseExceptionGroup):
            failure = failure.exceptions[0]
        if failure:
            self.note("failed", str(failure))
            raise failure

    async def keep(self, name: str) -> None:
        """Start a part under supervision, timed on the screen."""
        keeper = self.keepers[name] = Keeper(self.stack.part(name), lambda: self.note(self._state.phase))
        place = f" on port {keeper.part.port}" if keeper.part.port else ""
        with step(f"{name} serves{place}"):
            await keeper.start()

    async def stop(self) -> None:
        """End all parts, those that depend on others first."""
        failed = self._state.phase == "failed"
        self.note("failed" if failed else "stopping", self._state.message)
        for group in STOP_ORDER:
            members = [self.keepers[name] for name in group if name in self.keepers]
            await asyncio.gather(*(keeper.stop() for keeper in members))
        self.note("failed" if failed else "stopped", self._state.message)

    def note(self, phase: str, message: str | None = None) -> None:
        """Write the state down for the other commands."""
        self._state.phase = phase
        self._state.message = self._state.message if message is None else message
        self._state.parts = {name: keeper.state for name, keeper in self.keepers.items()}
        self._state.write(self.stack.instance.folder)


def supervise(stack: Stack, *, base_only: bool, on_ready: Callable[[], None]) -> int:
    """Hold the instance and run it; returns the exit code."""
    instance = stack.instance
    instance.make_folders()
    with only_one(instance.folder / "lock", instance.name):
        supervisor = Supervisor(stack)
        try:
            leftovers.end_all(instance)
            supervisor.note("starting")
            require_free(instance.listening(base_only=base_only))
            remember(instance)
            return asyncio.run(supervisor.run(base_only=base_only, on_ready=on_ready))
        except StackFailure as failure:
            supervisor.note("failed", str(failure))
            raise
