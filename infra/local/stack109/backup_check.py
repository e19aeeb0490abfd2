"""Is a copy whole, and can these programs bring it back? Asked before anything of the target is touched."""

import hashlib
import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from stack109.backup_folder import PARTIAL, BackupFolder, Base, finished, is_segment, spoken
from stack109.environment import Stack
from stack109.failure import StackFailure
from stack109.postgres import Postgres
from stack109.progress import step
from stack109.shell import Command, run

MIGRATIONS = "*/migrations/*.sql"
SEGMENT_BYTES = 16 * 1024 * 1024
PER_LOG = 0x1_0000_0000 // SEGMENT_BYTES
COMMIT = "COMMIT "


def require_whole(stack: Stack, folder: BackupFolder, base: Base, at: datetime | None) -> None:
    """Refuse what could not be brought back to `at`, in a sentence that names the piece."""
    _require_known(stack.instance.root, base)
    _require_pieces(base)
    _require_log(stack.postgres, folder, base, at)
    with step("the copy compared with its checksums"):
        _require_unharmed(stack, base)


def checksums(folder: Path, *places: str) -> dict[str, str]:
    """SHA-256 of every file in these places, by its name in the folder."""
    found = (path for place in places for path in sorted((folder / place).rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): _sum(path) for path in found}


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _require_known(root: Path, base: Base) -> None:
    """Older programs would serve tables that they do not know."""
    known = {path.name for top in ("platform", "auth", "tenants", "integrations/112")
             for path in (root / top).glob(MIGRATIONS)}  # fmt: skip
    if unknown := sorted(set(base.migrations) - known):
        raise StackFailure(
            f"The backup was made by newer programs: {unknown[0]} is unknown to this checkout. "
            "Restore with the version that made it."
        )


def _require_pieces(base: Base) -> None:
    for name, wanted in base.sums.items():
        path = base.folder / name
        if not path.is_file():
            raise StackFailure(f"The copy {base.folder} is not whole: {name} is missing.")
        if _sum(path) != wanted:
            raise StackFailure(f"The copy {base.folder} is damaged: {name} is not what was copied.")


def _require_log(postgres: Postgres, folder: BackupFolder, base: Base, at: datetime | None) -> None:
    """Every piece from the copy to the last one noted, of full size; a moment before the first gap can be reached."""
    held = {path.name.removesuffix(PARTIAL): path
            for place in (base.cluster / "pg_wal", folder.wal) if place.exists()
            for path in sorted(place.iterdir(), reverse=True) if is_segment(path.name)}  # fmt: skip
    before: Path | None = None
    for name in _names(base.first_wal, max([base.first_wal, folder.last_wal(), *held])):
        path = held.get(name)
        if path is None or finished(path).stat().st_size != SEGMENT_BYTES:
            _require_reached(postgres, name, before, at)
            return
        before = path


def _names(first: str, last: str) -> Iterator[str]:
    """The pieces of a timeline in their order, both ends too."""
    timeline, number = first[:8], int(first[8:16], 16) * PER_LOG + int(first[16:], 16)
    while (name := f"{timeline}{number // PER_LOG:08X}{number % PER_LOG:08X}") <= last:
        yield name
        number += 1


def _require_reached(postgres: Postgres, gap: str, before: Path | None, at: datetime | None) -> None:
    ends = _last_commit(postgres, before) if before else None
    if at is not None and ends is not None and at <= ends:
        return
    can = f"the last moment that can be reached is {spoken(ends)}" if ends else "no moment can be reached"
    raise StackFailure(f"The write-ahead log of this backup lacks a whole piece {gap}: {can}.")


def _last_commit(postgres: Postgres, segment: Path) -> datetime | None:
    """When the last transaction in a piece of the log ended."""
    said = subprocess.run(
        [postgres.program("pg_waldump"), "--rmgr=Transaction", str(segment)],
        env={**os.environ, "TZ": "UTC"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    ends = [line.partition(COMMIT)[2][:26] for line in said.stdout.splitlines() if COMMIT in line]
    return datetime.fromisoformat(ends[-1]).replace(tzinfo=UTC) if ends else None


def _require_unharmed(stack: Stack, base: Base) -> None:
    """The log was looked at already, and is more than what the copy holds of it."""
    argv = (stack.postgres.program("pg_verifybackup"), "--quiet", "--no-parse-wal", str(base.cluster))
    try:
        run(Command("Comparing the copy", argv, stack.instance.logs / "restore.log"))
    except StackFailure as failure:
        piece = str(failure).rpartition("error: ")[2].partition("\n")[0]
        raise StackFailure(f"The copy {base.cluster} is damaged or not whole: {piece}.") from failure
