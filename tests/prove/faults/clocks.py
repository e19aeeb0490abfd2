"""A part whose clock is wrong: started with libfaketime before it, in the place of the one the supervisor keeps.
The hour stands in a file, so that it jumps while the part runs, too.

Time that is measured (`CLOCK_MONOTONIC`) goes on as it does; only the hour of the day has jumped.
"""

import asyncio
import os
import signal
from asyncio.subprocess import Process
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from stack109.processes import ends_with_parent
from stack109.setup_debian import faketime

END_SECONDS = 20.0
SEEN_AFTER_SECONDS = 1.0
"""How often libfaketime reads the file that says what the hour is."""


@dataclass(frozen=True)
class Program:
    """What a running process was started as."""

    argv: list[str]
    environment: dict[str, str]
    folder: Path
    log: Path

    @classmethod
    def of(cls, pid: int) -> "Program":
        """As the kernel remembers it; OSError when it has gone."""
        here = Path("/proc", str(pid))
        argv, variables = ((here / name).read_bytes().split(b"\0")[:-1] for name in ("cmdline", "environ"))
        pairs = (os.fsdecode(one).partition("=") for one in variables)
        environment = {name: value for name, _, value in pairs}
        places = [Path(os.readlink(here / name)) for name in ("cwd", "fd/1")]
        return cls([os.fsdecode(word) for word in argv], environment, *places)

    async def start(self, hour: Path) -> Process:
        """Once more, with the clock that `hour` says; it ends when we do, however we end."""
        faked = {
            "LD_PRELOAD": str(faketime()),
            "FAKETIME_TIMESTAMP_FILE": str(hour),
            "FAKETIME_CACHE_DURATION": f"{SEEN_AFTER_SECONDS:.0f}",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        with self.log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *self.argv, cwd=self.folder, env={**self.environment, **faked}, stdout=log, stderr=log,
                start_new_session=True, preexec_fn=lambda: ends_with_parent(signal.SIGKILL),
            )  # fmt: skip


def jump(hour: Path, hours: int) -> None:
    """Whoever goes by this file is so many hours ahead from now on."""
    written = hour.with_suffix(".new")
    written.write_text(f"{hours:+d}h\n")
    written.replace(hour)


async def end(process: Process) -> None:
    """With all it has started."""
    if process.returncode is None:
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), END_SECONDS)
        except TimeoutError:
            process.kill()
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
