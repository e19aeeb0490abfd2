"""Running a program of somebody else's: output into a log, and a clear failure when it fails."""

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from stack109.failure import StackFailure
from stack109.processes import ends_with_parent


@dataclass(frozen=True)
class User:
    """The user a program is to run as, when that is not the caller."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Command:
    """A program to run: `what` is said to the person, `log` receives all its output."""

    what: str
    argv: Sequence[str]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None
    user: User | None = None
    hint: str = ""

    def complaint(self, code: int) -> StackFailure:
        """The sentence for a failed run, with the end of its output."""
        return StackFailure(
            f"{self.what} failed (exit code {code}). {self.hint} All its output: {self.log}\n"
            + last_lines(self.log)
        )


def last_lines(log: Path, count: int = 12) -> str:
    """The end of a log, indented, for the bottom of an error message."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return "\n".join(f"    | {line}" for line in lines[-count:])


def run(command: Command) -> None:
    """Run it now, in the foreground's process group, so that Ctrl-C reaches it."""
    with open_log(command.log) as output:
        done = subprocess.run(
            command.argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **command.environment},
            cwd=command.folder,
            check=False,
            user=command.user.uid if command.user else None,
            group=command.user.gid if command.user else None,
            extra_groups=[] if command.user else None,
        )
    if done.returncode:
        raise command.complaint(done.returncode)


async def run_apart(command: Command) -> None:
    """Run it in a session of its own; cancelling ends it, and so does the supervisor's death."""
    with open_log(command.log) as output:
        process = await asyncio.create_subprocess_exec(
            *command.argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **command.environment},
            cwd=command.folder,
            start_new_session=True,
            preexec_fn=lambda: ends_with_parent(signal.SIGTERM),
            user=command.user.uid if command.user else None,
            group=command.user.gid if command.user else None,
            extra_groups=[] if command.user else None,
        )
    try:
        code = await process.wait()
    except asyncio.CancelledError:
        await _end_group(process)
        raise
    if code:
        raise command.complaint(code)


def open_log(path: Path, limit: int = 20_000_000) -> BinaryIO:
    """Append to a log; one generation is put aside when it has grown past `limit` bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > limit:
        path.rename(path.with_suffix(".log.1"))
    return path.open("ab")


async def _end_group(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), 5)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
