"""`make backup`: a whole copy of a running stack, and from then on everything that follows, in one folder."""

import os
import shutil
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from stack109 import control
from stack109.archive import cluster
from stack109.backup_check import checksums
from stack109.backup_folder import SERVICES, BackupFolder, Base, keep_in, kept_in, spoken
from stack109.environment import ARCHIVE, Stack
from stack109.failure import StackFailure
from stack109.progress import elapsed, say, step
from stack109.shell import Command, run

SIZE = "SELECT sum(pg_database_size(oid)) FROM pg_database"
NOW = "SELECT clock_timestamp()"
APPLIED = "SELECT name FROM migration.applied"
SPARE_BYTES = 500_000_000
ARRIVED_SECONDS = 90.0
LABEL = "START WAL LOCATION"


def default(stack: Stack) -> Path:
    """Where the backup goes when nobody names a folder: where it went before, else beside the data."""
    kept = kept_in(stack.instance)
    return kept.path if kept else stack.instance.local / "backup" / stack.instance.name


def back_up(stack: Stack, path: Path, *, keep: int | None) -> Base:
    """Copy everything while it runs; the copy."""
    folder = BackupFolder(path)
    _require_room(stack, path)
    folder.make(cluster(stack.postgres))
    with step("write-ahead log and photos, from now on"):
        _archive_into(stack, folder)
    base = _copy(stack, folder)
    with step("everything up to the copy has arrived"):
        _until_reached(folder, base.ended)
    folder.add(base)
    if keep:
        folder.forget_before(keep)
    say(_farewell(base, path))
    return base


def _require_room(stack: Stack, path: Path) -> None:
    """Asked before anything is written: a full disk in the middle would end the copy, not the stack."""
    needed = int(stack.postgres.ask(SIZE)[0]) + _bytes(stack.nats.store) + SPARE_BYTES
    parent = next(folder for folder in (path, *path.parents) if folder.exists())
    free = shutil.disk_usage(parent).free
    if free < needed:
        raise StackFailure(
            f"Only {free / 1e9:.1f} GB are free on the disk of {path}; the copy needs {needed / 1e9:.1f} GB."
        )


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _archive_into(stack: Stack, folder: BackupFolder) -> None:
    known = kept_in(stack.instance)
    keep_in(stack.instance, folder)
    if known is not None and known.path != folder.path:
        control.ask(stack.instance, "stop", ARCHIVE)
    control.ask(stack.instance, "start", ARCHIVE)


@dataclass(frozen=True)
class _Place:
    """Where one copy is being written."""

    stack: Stack
    folder: Path

    def run(self, what: str, *argv: str, **variables: str) -> None:
        log = self.stack.instance.logs / "backup.log"
        environment = {**self.stack.variables(), **variables}
        run(Command(what, argv, log, environment, self.stack.instance.root))


def _copy(stack: Stack, folder: BackupFolder) -> Base:
    """Streams first: a place that a reader has reached in the broker is then reached in the database, too."""
    postgres = stack.postgres
    streams_at = datetime.fromisoformat(postgres.ask(NOW)[0])
    place = _Place(stack, folder.bases_folder / spoken(streams_at).replace(":", "-"))
    place.folder.mkdir(mode=0o700)
    cluster_folder = place.folder / "cluster"
    with step("the broker's streams"):
        copying = (str(stack.instance.python), "infra/nats/snapshots.py", "save")
        place.run("Copying the streams", *copying, str(place.folder / "streams"))
    with step("the databases dispatch, hub, region and keycloak"):
        program = postgres.program("pg_basebackup")
        how = ("-X", "stream", "-c", "fast", "--manifest-checksums=SHA256", "-l", "stack109")
        connection = postgres.client(ARCHIVE)
        place.run("Copying the databases", program, "-D", str(cluster_folder), *how, **connection)
    ended = datetime.fromisoformat(postgres.ask(NOW)[0])
    with step("passwords and keys"):
        shutil.copytree(stack.vault.folder, place.folder / "secrets")
    with step("the copy compared with its checksums"):
        place.run("Comparing the copy", postgres.program("pg_verifybackup"), "-q", str(cluster_folder))
    applied = [name for database in SERVICES for name in postgres.ask(APPLIED, database=database)]
    return Base(
        place.folder, postgres.major, streams_at, ended, _first_wal(cluster_folder),
        migrations=sorted(set(applied)), sums=checksums(place.folder, "streams", "secrets"),
    )  # fmt: skip


def _first_wal(cluster_folder: Path) -> str:
    lines = (cluster_folder / "backup_label").read_text().splitlines()
    said = next(line for line in lines if line.startswith(LABEL))
    return said.partition("(file ")[2].rstrip(")")


def _until_reached(folder: BackupFolder, moment: datetime) -> None:
    limit = time.monotonic() + ARRIVED_SECONDS
    while (reached := folder.reaches()) is None or reached < moment:
        if time.monotonic() > limit:
            raise StackFailure(
                "The write-ahead log does not arrive in the backup; see the log of the part archive."
            )
        time.sleep(0.2)


def _farewell(base: Base, path: Path) -> str:
    return f"""
The backup is whole: any moment from {spoken(base.ended, up=True)} on can be restored, and it goes on by itself.
  folder    {path}
  restore   make restore FROM={path} AT={spoken(base.ended, up=True)}
  It holds the keys that open people's names and phone numbers ({base.folder.name}/secrets, readable by
  {_owner(path)} only). Without them nobody can read these again; with them anybody can. Keep a copy elsewhere.
make backup: {elapsed():.1f} s"""


def _owner(path: Path) -> str:
    return path.owner() if path.stat().st_uid != os.geteuid() else "you"
