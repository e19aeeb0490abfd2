"""Keeping one part alive: start it, wait until it serves, start it again when it dies."""

import asyncio
import contextlib
import os
import signal
import time
from asyncio.subprocess import Process
from collections.abc import Callable

from stack109.failure import StackFailure
from stack109.parts import Part
from stack109.processes import ends_with_parent, start_ticks
from stack109.progress import say
from stack109.shell import last_lines, open_log
from stack109.state import PartState

PAUSES = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
CALM_SECONDS = 30.0
LOOK_SECONDS = 1.0


class Keeper:
    """One part under supervision. `changed` is called whenever its state is worth writing down."""

    def __init__(self, part: Part, changed: Callable[[], None]) -> None:
        self.part = part
        self.state = PartState()
        self._changed = changed
        self._process: Process | None = None
        self._watch: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start and wait until it serves; a failure here is final and says what the log says."""
        if self._watch and not self._watch.done():
            return
        process = await self._spawn()
        await self._until_served(process)
        self._watch = asyncio.create_task(self._keep(process))

    async def stop(self) -> None:
        """End it and leave it ended."""
        if self._watch:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        await self._end()
        self._note("stopped")

    async def restart(self) -> None:
        """End it and start it again. When it does not come up it is kept all the same: what it needs may be away."""
        await self.stop()
        try:
            await self.start()
        except StackFailure:
            if self._process:
                self._watch = asyncio.create_task(self._keep(self._process))
            raise

    def kill(self) -> None:
        """Kill it outright, as a crash would; it is started again."""
        if self._process and self._process.returncode is None:
            self._process.kill()

    async def _spawn(self) -> Process:
        part = self.part
        with open_log(part.log) as output:
            process = self._process = await asyncio.create_subprocess_exec(
                *part.argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
                env=part.full_environment(),
                cwd=part.folder,
                user=part.user.uid if part.user else None,
                group=part.user.gid if part.user else None,
                extra_groups=[] if part.user else None,
                start_new_session=True,  # Ctrl-C of the terminal is ours to pass on, in the right order
                preexec_fn=lambda: ends_with_parent(part.stop_signal),
            )
        self.state.pid, self.state.ticks = process.pid, start_ticks(process.pid)
        self._note("starting")
        return process

    async def _until_served(self, process: Process) -> None:
        """Raises StackFailure when the process ends or time runs out first."""
        limit = time.monotonic() + self.part.ready_seconds
        while not await asyncio.to_thread(self.part.probe):
            if process.returncode is not None:
                raise self._complaint(f"ended with code {process.returncode} before it was ready")
            if time.monotonic() > limit:
                raise self._complaint(f"was not ready after {self.part.ready_seconds:g} seconds")
            await asyncio.sleep(0.1)
        self._note("healthy")

    async def _keep(self, process: Process) -> None:
        attempt = 0
        while True:
            begin = time.monotonic()
            code = await self._ended(process)
            self._sweep(process)
            attempt = 0 if time.monotonic() - begin > CALM_SECONDS else attempt
            self.state.restarts += 1
            self._note("restarting")
            pause = PAUSES[min(attempt, len(PAUSES) - 1)]
            attempt += 1
            say(f"  ! {self.part.name} ended with code {code}; started again in {pause:g} s")
            await asyncio.sleep(pause)
            process = await self._again() or process

    async def _ended(self, process: Process) -> int:
        """Its exit code, whenever it ends. A part that is watched is helped to it when it runs and does not serve."""
        ending, well = asyncio.create_task(process.wait()), time.monotonic()
        try:
            while self.part.unwell_seconds is not None and not ending.done():
                await asyncio.wait({ending}, timeout=LOOK_SECONDS)
                if ending.done() or await asyncio.to_thread(self.part.probe):
                    well = time.monotonic()
                elif time.monotonic() - well > self.part.unwell_seconds:
                    say(
                        f"  ! {self.part.name} has not served for {self.part.unwell_seconds:g} s and is killed"
                    )
                    self.kill()
                    break
            return await ending
        finally:
            ending.cancel()

    async def _again(self) -> Process | None:
        """Unlike the first time, nothing here is final: the part may need another one that is away."""
        try:
            process = await self._spawn()
            await self._until_served(process)
            say(f"  ✓ {self.part.name} serves again")
        except (StackFailure, OSError) as failure:
            say(f"  ! {str(failure).splitlines()[0]}")
        return self._process

    async def _end(self) -> None:
        process = self._process
        if process is None:
            return
        if process.returncode is None:
            process.send_signal(self.part.stop_signal)
            try:
                await asyncio.wait_for(process.wait(), self.part.stop_seconds)
            except TimeoutError:
                say(f"  ! {self.part.name} did not end in {self.part.stop_seconds:g} s and is killed")
        self._sweep(process)
        await process.wait()

    def _sweep(self, process: Process) -> None:
        """End what a part leaves behind: a server that is killed leaves its worker, which would go on answering at the
        port of its successor."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

    def _note(self, state: str) -> None:
        self.state.state = state
        if state == "stopped":
            self.state.pid, self.state.ticks = 0, None
        self._changed()

    def _complaint(self, what: str) -> StackFailure:
        return StackFailure(f"{self.part.name} {what}. Its log: {self.part.log}\n{last_lines(self.part.log)}")
