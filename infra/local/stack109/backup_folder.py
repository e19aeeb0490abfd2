"""What a backup folder holds, and which part of it brings back a moment.

mark.json                the cluster whose backup this is
beat.json                the moment up to which write-ahead log and photos are here
wal/                     the write-ahead log, streamed without a pause
files/                   photos; they are only ever added
bases/<time>/cluster     a physical copy of the whole PostgreSQL cluster
bases/<time>/streams     the broker's streams as they stood just before that copy
bases/<time>/secrets     passwords and keys, among them those that open personal data
bases/<time>/about.json  written last: a base without it is none
"""

import json
import os
import shutil
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from stack109.failure import StackFailure
from stack109.instance import Instance

SERVICES = ("dispatch", "hub", "region")
"""Each has a database in the cluster that is copied."""
FORMAT = 1
ABOUT, BEAT, MARK = "about.json", "beat.json", "mark.json"
PARTIAL = ".partial"
NOTE = "backup-folder"
"""In the folder of an instance: where its backup goes."""


@dataclass(frozen=True)
class Base:
    """One physical copy. Every moment from `ended` on can be reached from it."""

    folder: Path
    major: int
    streams_at: datetime
    ended: datetime
    first_wal: str
    migrations: list[str] = field(default_factory=list)
    """What had been applied to the databases: programs that do not know it cannot serve them."""
    sums: dict[str, str] = field(default_factory=dict)
    """SHA-256 by name of what stands in streams and secrets; the cluster has a manifest of its own."""

    @property
    def cluster(self) -> Path:
        """The data folder of the copied cluster."""
        return self.folder / "cluster"

    @property
    def streams(self) -> Path:
        """The snapshots of the broker's streams."""
        return self.folder / "streams"

    @property
    def secrets(self) -> Path:
        """The copied vault."""
        return self.folder / "secrets"


class BackupFolder:
    """The folder that `make backup TO=` fills and `make restore FROM=` reads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.wal, self.files, self.bases_folder = path / "wal", path / "files", path / "bases"

    def make(self, cluster: str) -> None:
        """Make it for the cluster, or refuse one that belongs to another."""
        for folder in (self.path, self.wal, self.files, self.bases_folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if (held := self._read(MARK)) is None:
            self._write(MARK, {"format": FORMAT, "cluster": cluster})
        elif held["cluster"] != cluster:
            raise StackFailure(
                f"{self.path} holds the backup of another cluster, or of this one before it was restored: "
                "name another folder with TO=."
            )

    def belongs_to(self, cluster: str) -> bool:
        """True when the folder is there and its mark names the cluster."""
        return (self._read(MARK) or {}).get("cluster") == cluster

    def reaches(self) -> datetime | None:
        """The moment up to which everything is here; None before the first beat."""
        held = self._read(BEAT)
        return datetime.fromisoformat(held["reaches"]) if held else None

    def last_wal(self) -> str:
        """The piece of the log that holds that moment; '' when nobody noted it."""
        return str((self._read(BEAT) or {}).get("wal", ""))

    def beat(self, reaches: datetime, wal: str = "") -> None:
        """Note that everything up to then is here, and in which piece of the log it ends."""
        self._write(BEAT, {"reaches": reaches.isoformat(), "wal": wal})

    def bases(self) -> list[Base]:
        """The whole copies, oldest first."""
        found = (_base(about) for about in self.bases_folder.glob(f"*/{ABOUT}"))
        return sorted(found, key=lambda base: base.ended)

    def add(self, base: Base) -> None:
        """Declare a copy whole."""
        about = {key: value.isoformat() if isinstance(value, datetime) else value
                 for key, value in asdict(base).items() if key != "folder"}  # fmt: skip
        _replace(base.folder / ABOUT, json.dumps(about, indent=1))

    def choose(self, at: datetime | None, major: int) -> Base:
        """The copy from which `at` (None: the last moment there is) is reached soonest."""
        if (mark := self._read(MARK)) is None:
            raise StackFailure(f"{self.path} is no folder that make backup has filled.")
        if mark["format"] != FORMAT:
            raise StackFailure(
                f"{self.path} was filled by another version of these programs (format {mark['format']}, "
                f"known here is {FORMAT}): restore with that version."
            )
        bases = self.bases()
        if not bases:
            raise StackFailure(f"{self.path} holds no whole copy: make backup did not come to its end there.")
        self._require_within(at, bases[0].ended)
        base = next(b for b in reversed(bases) if at is None or b.ended <= at)
        if base.major != major:
            raise StackFailure(
                f"The backup is one of PostgreSQL {base.major}, installed is {major}: "
                f"install postgresql-{base.major} with PostGIS and restore again."
            )
        return base

    def forget_before(self, kept: int) -> None:
        """Keep the newest copies and the log they need; a copy is none any more before its files go."""
        bases = self.bases()
        for base in bases[:-kept]:
            (base.folder / ABOUT).unlink()
            shutil.rmtree(base.folder)
        first = min((base.first_wal for base in bases[-kept:]), default="")
        for segment in self.wal.iterdir():
            if is_segment(segment.name) and segment.name < first:
                segment.unlink()

    def _require_within(self, at: datetime | None, first: datetime) -> None:
        last = self.reaches()
        if at is None or (last and first <= at <= last):
            return
        reach = (
            f"from {spoken(first, up=True)} to {spoken(last)}" if last else f"from {spoken(first, up=True)}"
        )
        raise StackFailure(f"{spoken(at)} is outside of this backup, which reaches {reach}.")

    def _read(self, name: str) -> dict[str, Any] | None:
        return _json(self.path / name) if (self.path / name).exists() else None

    def _write(self, name: str, content: object) -> None:
        _replace(self.path / name, json.dumps(content, indent=1))


def kept_in(instance: Instance) -> BackupFolder | None:
    """The folder into which an instance backs itself up; None when it does not."""
    note = instance.folder / NOTE
    return BackupFolder(Path(note.read_text().strip())) if note.exists() else None


def keep_in(instance: Instance, folder: BackupFolder) -> None:
    """Remember the folder, for this run of the instance and all later ones."""
    _replace(instance.folder / NOTE, str(folder.path))


def spoken(at: datetime, *, up: bool = False) -> str:
    """A moment as people type it; `up` rounds to the next second, so that what is said can be asked for."""
    whole = datetime.fromtimestamp(-(-at.timestamp() // 1) if up else at.timestamp() // 1, UTC)
    return whole.strftime("%Y-%m-%dT%H:%M:%SZ")


def is_segment(name: str) -> bool:
    """True for a piece of write-ahead log, also one that is still being written."""
    stem = name.removesuffix(PARTIAL)
    return len(stem) == 24 and set(stem) <= set("0123456789ABCDEF")


def finished(segment: Path) -> Path:
    """The piece under the name it has by now: the log goes on while a backup is read."""
    return segment if segment.exists() else segment.with_name(segment.name.removesuffix(PARTIAL))


def copy_new(source: Path, target: Path) -> int:
    """Copy the files that are missing; how many. A file is there whole or not at all."""
    copied = 0
    for path in source.rglob("*") if source.exists() else ():
        wanted = target / path.relative_to(source)
        if path.is_file() and not wanted.exists():
            put(path, wanted)
            copied += 1
    return copied


def put(source: Path, target: Path) -> None:
    """Copy one file so that it is on the disk, whole, when it has its name."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = target.with_name(f".{target.name}.new")
    shutil.copyfile(source, fresh)
    fresh.chmod(0o600)
    with fresh.open("rb") as written:
        os.fsync(written.fileno())
    fresh.rename(target)


def _base(about: Path) -> Base:
    held = _json(about)
    moments = {key: datetime.fromisoformat(held[key]) for key in ("streams_at", "ended")}
    return Base(folder=about.parent, **{**held, **moments})


def _json(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text())
    except ValueError as failure:
        raise StackFailure(f"{path} is damaged and cannot be read: {failure}.") from failure
    return content


def _replace(path: Path, text: str) -> None:
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(text + "\n")
    fresh.chmod(0o600)
    fresh.rename(path)
