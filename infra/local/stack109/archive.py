"""The part that keeps a backup up to the moment: streams the write-ahead log, copies photos, and says how far it is.

`pg_receivewal` with a slot of its own: what the folder has not got yet is kept by the server, up to
`max_slot_wal_keep_size`. A beat every few seconds is a commit in the log, so that a restore finds where to stop even
in a night in which nothing happens.
"""

import contextlib
import os
import signal
import subprocess
import time
from datetime import datetime
from types import FrameType

from stack109.backup_folder import BackupFolder, copy_new
from stack109.environment import ARCHIVE, Stack
from stack109.failure import StackFailure
from stack109.postgres import Postgres
from stack109.processes import ends_with_parent

SLOT = "archive"
BEAT_SECONDS = 5.0
RECEIVED_SECONDS = 20.0
CLUSTER = "SELECT system_identifier || '-' || timeline_id FROM pg_control_system(), pg_control_checkpoint()"
PLACE = "SELECT lsn, pg_walfile_name(lsn) FROM pg_current_wal_flush_lsn() AS lsn"
SAY = "SELECT pg_logical_emit_message(true, 'stack109', 'beat')"
RECEIVED = (
    "SELECT coalesce(bool_or(flush_lsn >= '{}'), false) FROM pg_stat_replication WHERE usename = 'archive'"
)


class Archive:
    """The continuous half of a backup, run as the part `archive`."""

    def __init__(self, stack: Stack, folder: BackupFolder) -> None:
        self._postgres = stack.postgres
        self._photos = stack.instance.folder / "files"
        self._folder = folder
        self._ending = False

    def run(self) -> int:
        """Until SIGTERM, or until the receiver ends by itself; the exit code."""
        if not self._folder.belongs_to(cluster(self._postgres)):
            raise StackFailure(
                f"{self._folder.path} is not there or holds another cluster's backup: make backup TO=folder."
            )
        signal.signal(signal.SIGTERM, self._end)
        self._receive("--create-slot", "--if-not-exists").wait()
        receiver = self._receive("-D", str(self._folder.wal), "--synchronous", "--status-interval=5")
        while receiver.poll() is None and not self._ending:
            with contextlib.suppress(
                StackFailure, subprocess.TimeoutExpired
            ):  # the server is away for a while
                self._beat()
            self._rest(receiver)
        receiver.send_signal(signal.SIGINT)
        code = receiver.wait()
        copy_new(self._photos, self._folder.files)
        return 0 if self._ending else code or 1

    def _receive(self, *arguments: str) -> "subprocess.Popen[bytes]":
        argv = [self._postgres.program("pg_receivewal"), "--slot", SLOT, *arguments]
        environment = {**os.environ, **self._postgres.client(ARCHIVE)}
        return subprocess.Popen(  # this program has no threads
            argv,
            env=environment,
            preexec_fn=lambda: ends_with_parent(signal.SIGINT),  # noqa: PLW1509
        )

    def _beat(self) -> None:
        """Photos before the moment that is noted: a row of that moment then finds its file."""
        reaches, _, place = self._postgres.ask("SELECT clock_timestamp()", SAY, PLACE, role=ARCHIVE)
        flushed, wal = place.split("|")
        copy_new(self._photos, self._folder.files)
        limit = time.monotonic() + RECEIVED_SECONDS
        while self._postgres.ask(RECEIVED.format(flushed), role=ARCHIVE) != ["t"]:
            if time.monotonic() > limit or self._ending:
                return
            time.sleep(0.1)
        self._folder.beat(datetime.fromisoformat(reaches), wal)

    def _rest(self, receiver: "subprocess.Popen[bytes]") -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            receiver.wait(0.1 if self._ending else BEAT_SECONDS)

    def _end(self, *_: int | FrameType | None) -> None:
        self._ending = True


def cluster(postgres: Postgres) -> str:
    """The name of a cluster on its timeline: after a restore it is another one."""
    return postgres.ask(CLUSTER, role=ARCHIVE)[0]
