"""PostgreSQL brought to a moment: the copied cluster replays its write-ahead log up to there and opens."""

import contextlib
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

from stack109.backup_folder import PARTIAL, BackupFolder, Base, finished, is_segment, spoken
from stack109.environment import Stack
from stack109.failure import StackFailure
from stack109.parts import Part
from stack109.postgres import Postgres
from stack109.processes import end, ends_with_parent, start_ticks
from stack109.progress import say, step
from stack109.shell import last_lines, open_log

SAY_SECONDS = 10.0
BROKEN_OFF = "recovery ended before configured recovery target was reached"
IN_RECOVERY, REPLAYED = "SELECT pg_is_in_recovery()", "SELECT pg_last_xact_replay_timestamp()"


def lay_out(postgres: Postgres, base: Base, folder: BackupFolder) -> None:
    """Put the copy in place and every later piece of the log into its `pg_wal`: replay then needs no archive."""

    def fill(place: Path) -> None:
        shutil.copytree(base.cluster, place, dirs_exist_ok=True)
        for segment in sorted(folder.wal.iterdir(), reverse=True):  # the whole piece after its `.partial`
            if is_segment(segment.name) and segment.name >= base.first_wal:
                shutil.copyfile(finished(segment), place / "pg_wal" / segment.name.removesuffix(PARTIAL))
        (place / "recovery.signal").touch()

    postgres.lay_out(fill)


@contextmanager
def running(stack: Stack, at: datetime | None) -> Iterator[datetime | None]:
    """The cluster, brought to `at` and open; the moment of the last commit that came back, None when none came after
    the copy. Ended afterwards."""
    postgres = stack.postgres
    postgres.prepare()
    part, log = postgres.part(), stack.instance.logs / "recovery.log"
    target = [] if at is None else [f"recovery_target_time={at.isoformat()}"]
    settings = [*target, "recovery_target_action=promote", "restore_command=false"]
    argv = (*part.argv, *(word for setting in settings for word in ("-c", setting)))
    part = replace(part, argv=argv, log=log, probe=partial(_is_open, postgres))
    with _explained(at), serving(part, "PostgreSQL replays its log"):
        last = postgres.ask(REPLAYED)[0]
        yield datetime.fromisoformat(last) if last else None


@contextmanager
def _explained(at: datetime | None) -> Iterator[None]:
    """The server's own words for a log that ends too early mean little to a person."""
    try:
        yield
    except StackFailure as failure:
        if at is None or BROKEN_OFF not in str(failure):
            raise
        raise StackFailure(
            f"The write-ahead log of this backup is damaged before {spoken(at)}: choose an earlier moment."
        ) from failure


def _is_open(postgres: Postgres) -> bool:
    try:
        return postgres.serves() and postgres.ask(IN_RECOVERY) == ["f"]
    except StackFailure:  # it went between the two questions; why, its log says
        return False


@contextmanager
def serving(part: Part, title: str | None = None) -> Iterator[None]:
    """A part without a supervisor, for the length of a step."""
    with open_log(part.log) as output:
        process = subprocess.Popen(
            part.argv, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            env=part.full_environment(), cwd=part.folder, start_new_session=True,
            preexec_fn=lambda: ends_with_parent(part.stop_signal),  # noqa: PLW1509 - this program has no threads
            extra_groups=[] if part.user else None,
            user=part.user.uid if part.user else None, group=part.user.gid if part.user else None,
        )  # fmt: skip
    try:
        with step(title) if title else contextlib.nullcontext():
            _until_served(part, process)
        yield
    finally:
        end(process.pid, start_ticks(process.pid), part.stop_signal, part.stop_seconds)
        process.wait()


def _until_served(part: Part, process: "subprocess.Popen[bytes]") -> None:
    """As long as it lives it may take its time: a day's log is replayed in minutes."""
    told = time.monotonic()
    while not part.probe():
        if process.poll() is not None:
            raise StackFailure(f"{part.name} did not start. Its log: {part.log}\n{last_lines(part.log)}")
        if time.monotonic() - told > SAY_SECONDS:
            told = time.monotonic()
            say(f"  … {part.name} is not ready yet; its log: {part.log}")
        time.sleep(0.1)
