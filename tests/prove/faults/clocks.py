"""A part whose clock is wrong: started with libfaketime before it, in the place of the one the supervisor keeps.

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

LIBRARIES = ("/usr/lib/*/faketime/libfaketime.so.1", "/usr/lib/faketime/libfaketime.so.1")
END_SECONDS = 20.0


def library() -> Path | None:
    """Where Debian's package `libfaketime` has put it."""
    found = (path for pattern in LIBRARIES for path in Path("/").glob(pattern[1:]))
    return next(found, None)


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

    async def start(self, hours: int) -> Process:
        """Once more, with a clock that is so many hours ahead; it ends when we do, however we end."""
        faked = {
            "LD_PRELOAD": str(library()),
            "FAKETIME": f"{hours:+d}h",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        with self.log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *self.argv, cwd=self.folder, env={**self.environment, **faked}, stdout=log, stderr=log,
                start_new_session=True, preexec_fn=lambda: ends_with_parent(signal.SIGKILL),
            )  # fmt: skip


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
