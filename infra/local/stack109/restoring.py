"""`make restore`: an empty instance becomes what another one was at a chosen moment."""

import dataclasses
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from stack109 import backup_check, cleaning, recovery
from stack109.backup_folder import SERVICES, BackupFolder, Base, put, spoken
from stack109.environment import Stack
from stack109.failure import StackFailure
from stack109.locks import only_one
from stack109.ports import require_free
from stack109.progress import elapsed, say, step
from stack109.shell import Command, run

HASTY = ("sync_interval: always", "sync_interval: 1m")
NEEDED = ("postgres", "nats", "nats-monitor")
"""Whose ports must be free: these run for the length of a restore."""
PHOTOS = "SELECT tenant_id || '/' || left(x, 8) || '/' || x FROM (SELECT tenant_id, replace(id::text, '-', '') AS x" \
    " FROM dispatch.attachment) AS photo"  # fmt: skip
# What left after the streams were copied is in no stream any more; receivers know a message that they have worked.
# A pulse is worth nothing once the next one has left.
AGAIN = """
WITH again AS (UPDATE chassis.outbox SET published_at = NULL, attempts = 0, retry_at = NULL
                WHERE published_at >= '{}'::timestamptz - interval '1 minute' AND subject !~ '^sko[.]pulse[.]'
                RETURNING 1)
SELECT count(*) FROM again
"""


@dataclass(frozen=True)
class Restored:
    """What came back."""

    at: datetime
    photos: int
    missing: list[str]
    again: dict[str, int]


def restore(stack: Stack, path: Path, at: datetime | None, *, replace: bool) -> Restored:
    """Bring back `at` (None: the last moment there is). Nothing is touched before it is known that it can be done."""
    folder = BackupFolder(path)
    base = folder.choose(at, stack.postgres.major)
    with only_one(stack.instance.folder / "lock", stack.instance.name):
        _require_empty(stack, replace=replace)
        require_free({name: stack.instance.port(name) for name in NEEDED})
        _require_room(stack, folder, base)
        backup_check.require_whole(stack, folder, base, at)
        _empty(stack)
        with _whole_or_nothing(stack):
            restored = _bring_back(stack, folder, base, at)
    say(_farewell(stack, path, restored))
    return restored


def _require_empty(stack: Stack, *, replace: bool) -> None:
    held = [
        name for name in ("postgres", "nats", "files", "secrets") if (stack.instance.folder / name).exists()
    ]
    if held and not replace:
        raise StackFailure(
            f"The instance {stack.instance.name!r} is not empty ({', '.join(held)}): restore into another one, or say "
            "REPLACE=1 to throw away what is there."
        )


def _empty(stack: Stack) -> None:
    for name in ("nats", "files", "secrets", "stamps", "postgres", "postgres.new"):
        place = stack.instance.folder / name
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)
    (stack.instance.folder / "backup-folder").unlink(missing_ok=True)
    cleaning.drop_cluster(stack.instance)


@contextmanager
def _whole_or_nothing(stack: Stack) -> Iterator[None]:
    """Half a restore must not look like a stack that can be started."""
    try:
        yield
    except BaseException:
        _empty(stack)
        raise


def _require_room(stack: Stack, folder: BackupFolder, base: Base) -> None:
    needed = sum(
        path.stat().st_size
        for place in (base.folder, folder.files, folder.wal)
        for path in place.rglob("*")
        if path.is_file()
    )
    free = shutil.disk_usage(stack.instance.folder).free
    if free < needed:
        raise StackFailure(
            f"Only {free / 1e9:.1f} GB are free on the disk of {stack.instance.folder}; "
            f"the restore needs {needed / 1e9:.1f} GB."
        )


def _bring_back(stack: Stack, folder: BackupFolder, base: Base, at: datetime | None) -> Restored:
    with step("passwords and keys"):
        shutil.copytree(base.secrets, stack.vault.folder)
    with step("the cluster and its write-ahead log"):
        recovery.lay_out(stack.postgres, base, folder)
    with recovery.running(stack, at) as reached:
        if at is None:
            _require_last(folder, reached)
        with step("roles, databases, extensions, LEAKPROOF marks"):
            run(stack.postgres.bootstrap())
        with step("photos"):
            photos, missing = _photos(stack, folder)
        with step("what had left since the streams were copied waits in the outboxes again"):
            again = {name: _again(stack, name, base) for name in SERVICES}
    with step("the broker's streams"):
        _streams(stack, base)
    return Restored(reached or base.ended, photos, missing, again)


def _require_last(folder: BackupFolder, reached: datetime | None) -> None:
    """Without a chosen moment the server takes a damaged piece of the log for its end, and says nothing."""
    last = folder.reaches()
    if last and (reached is None or reached < last):
        can = (
            f"only {spoken(reached)} was reached: say AT= if that is enough"
            if reached
            else "none was reached"
        )
        raise StackFailure(f"The write-ahead log of this backup is damaged before {spoken(last)}; {can}.")


def _photos(stack: Stack, folder: BackupFolder) -> tuple[int, list[str]]:
    """Those that a row names and no others; how many, and which the backup has not got."""
    missing, named = [], stack.postgres.ask(PHOTOS, database="dispatch")
    files = stack.instance.folder / "files"
    files.mkdir(mode=0o700, exist_ok=True)
    for name in named:
        if (folder.files / name).exists():
            put(folder.files / name, files / name)
        else:
            missing.append(name)
    return len(named) - len(missing), missing


def _again(stack: Stack, database: str, base: Base) -> int:
    return int(stack.postgres.ask(AGAIN.format(base.streams_at.isoformat()), database=database)[0])


def _streams(stack: Stack, base: Base) -> None:
    """By a broker that does not wait for the disk after each message: it gives up on a restore that stalls for five
    seconds. All of it is on the disk before the restore ends."""
    stack.nats.prepare()
    hasty = stack.vault.write("nats-restore.conf", stack.nats.rendered().replace(*HASTY))
    part = stack.nats.part()
    with recovery.serving(dataclasses.replace(part, argv=(part.argv[0], "-c", str(hasty)))):
        argv = [str(stack.instance.python), "infra/nats/snapshots.py", "restore", str(base.streams)]
        log = stack.instance.logs / "restore.log"
        run(Command("Restoring the streams", argv, log, stack.variables(), stack.instance.root))
    hasty.unlink()
    os.sync()


def _farewell(stack: Stack, path: Path, restored: Restored) -> str:
    again = ", ".join(f"{name} {count}" for name, count in restored.again.items())
    name = "" if stack.instance.name == "run" else f" (instance {stack.instance.name})"
    lines = [
        "",
        f"Restored{name}: the last commit that came back is of {spoken(restored.at)}.",
        f"  photos          {restored.photos} came back, {len(restored.missing)} are missing",
        *(f"    missing       {photo}" for photo in restored.missing[:20]),
        f"  sent again      {again}: receivers drop what they have worked already",
        "  next            make up; make backup TO=<a new folder>; docs/howto/restore-a-backup.md",
        f"  The old backup in {path} stays as it is; nothing is added to it any more.",
        f"make restore: {elapsed():.1f} s",
    ]
    return "\n".join(lines)
