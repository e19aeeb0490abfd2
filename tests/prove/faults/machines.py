"""The machines of the desks, as outside agencies run them: `hub112-sim` in a process of its own, with a memory on disk.

In a person's stack the supervisor keeps it; a stack for tests has none, so the suite keeps it itself.
"""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import Process
from contextlib import suppress
from pathlib import Path

from tests.prove.faults.traffic import DESKS, MODE


class Machines:
    """Started again whenever it ends, as a service manager would."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: Process | None = None
        self._keeping: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Machines":
        self._folder.mkdir(parents=True, exist_ok=True)
        self._keeping = asyncio.create_task(self._keep())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._keeping:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        self.send(signal.SIGCONT)
        self.send(signal.SIGKILL)
        if self._process:
            await self._process.wait()

    def send(self, sign: signal.Signals) -> None:
        """A signal to the process, if there is one."""
        if self._process and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(sign)

    async def _keep(self) -> None:
        words = ("--behaviour", "prompt", "--mode", MODE, "--pace", "2", "--memory", str(self._folder))
        desks = [word for desk in (*DESKS, "112") for word in ("--service", desk)]
        while True:
            with (self._folder / "machines.log").open("ab") as log:
                self._process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-m",
                    "hub112.simulator",
                    *words,
                    *desks,
                    stdout=log,
                    stderr=log,
                    env=dict(os.environ),
                )
            await self._process.wait()
            await asyncio.sleep(0.5)
