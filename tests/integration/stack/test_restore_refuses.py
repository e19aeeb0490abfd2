"""What a restore refuses, in one sentence each, before anything of the target is touched.

The backup is laid out by hand, with PostgreSQL's own manifest; the drill (tests/prove/backup) restores a real one.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.integration.stack.command import ROOT, stack

from stack109 import restoring
from stack109.backup_check import SEGMENT_BYTES, checksums
from stack109.backup_folder import BackupFolder, Base
from stack109.environment import Stack
from stack109.failure import AlreadyRunning, StackFailure
from stack109.instance import Instance
from stack109.locks import only_one
from stack109.ports import free_instance
from stack109.postgres_binaries import find

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
INSTANCE = "refusing"
Harm = Callable[[BackupFolder, Base], object]


def segment(number: int) -> str:
    return f"00000001{0:08X}{number:08X}"


def manifest(cluster: Path) -> str:
    """As pg_basebackup writes it: the last line is the checksum of all before."""
    held = [path for path in sorted(cluster.rglob("*")) if path.is_file()]
    lines = [
        json.dumps({
            "Path": str(path.relative_to(cluster)), "Size": path.stat().st_size,
            "Last-Modified": "2026-11-28 12:00:00 GMT", "Checksum-Algorithm": "SHA256",
            "Checksum": hashlib.sha256(path.read_bytes()).hexdigest(),
        })
        for path in held
    ]  # fmt: skip
    head = '{ "PostgreSQL-Backup-Manifest-Version": 1,\n"Files": [\n' + ",\n".join(lines)
    text = head + '\n],\n"WAL-Ranges": [\n],\n'
    return f'{text}"Manifest-Checksum": "{hashlib.sha256(text.encode()).hexdigest()}"}}\n'


@pytest.fixture
def folder(tmp_path: Path) -> BackupFolder:
    """A backup of one copy that reaches an hour further."""
    made = BackupFolder(tmp_path / "backup")
    made.make("7109-1")
    binaries = find()
    assert binaries
    base = Base(
        made.bases_folder / "noon", binaries.major, NOON - timedelta(minutes=1), NOON, segment(3),
        migrations=["hub_0001_ground.sql"],
    )  # fmt: skip
    for name, text in {
        "cluster/PG_VERSION": f"{base.major}\n", "cluster/base/1/1259": "pages",
        "streams/HANDOFF.snapshot": "messages", "streams/HANDOFF.json": "{}", "secrets/contact-key": "09" * 32,
    }.items():  # fmt: skip
        (base.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (base.folder / name).write_text(text)
    (base.cluster / "backup_manifest").write_text(manifest(base.cluster))
    for name in (segment(3), segment(4), f"{segment(5)}.partial"):
        with (made.wal / name).open("wb") as file:
            file.truncate(SEGMENT_BYTES)
    made.add(replace(base, sums=checksums(base.folder, "streams", "secrets")))
    made.beat(NOON + timedelta(hours=1), segment(5))
    return made


@pytest.fixture
def target() -> Iterator[Stack]:
    """An instance that holds something, so that it is seen when that is touched."""
    instance = free_instance(Instance(ROOT, INSTANCE))
    instance.make_folders()
    (instance.folder / "files").mkdir(exist_ok=True)
    (instance.folder / "files" / "photo").write_text("kept")
    yield Stack(instance)
    shutil.rmtree(instance.folder)


def refused(target: Stack, folder: BackupFolder, at: datetime | None = None, *, replace: bool = True) -> str:
    """The sentence; what the target held is still there, and nothing new."""
    with pytest.raises(StackFailure) as failure:
        restoring.restore(target, folder.path, at, replace=replace)
    held = {path.name for path in target.instance.folder.iterdir()} - {"lock", "log"}
    assert held == {"files"}
    assert (target.instance.folder / "files" / "photo").read_text() == "kept"
    said = str(failure.value)
    assert "Traceback" not in said
    assert len(said.splitlines()) == 1, said
    return said


def about(base: Base, **changed: object) -> None:
    path = base.folder / "about.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changed))


def test_a_target_that_holds_something_is_refused_until_replace_is_said(
    target: Stack, folder: BackupFolder
) -> None:
    assert "is not empty (files)" in refused(target, folder, replace=False)


def test_a_running_stack_is_refused(target: Stack, folder: BackupFolder) -> None:
    with only_one(target.instance.folder / "lock", INSTANCE), pytest.raises(AlreadyRunning):
        restoring.restore(target, folder.path, None, replace=True)


@pytest.mark.parametrize("minutes", [-1, 61])
def test_a_moment_before_the_copy_or_after_the_end_of_the_log_is_refused(
    minutes: int, target: Stack, folder: BackupFolder
) -> None:
    said = refused(target, folder, NOON + timedelta(minutes=minutes))
    assert (
        "is outside of this backup, which reaches from 2026-11-28T12:00:00Z to 2026-11-28T13:00:00Z" in said
    )


HARMS: dict[str, tuple[Harm, str]] = {
    "another version of PostgreSQL": (
        lambda _, base: about(base, major=9), "The backup is one of PostgreSQL 9, installed is"),
    "a format of later programs": (
        lambda folder, _: (folder.path / "mark.json").write_text('{"format": 99, "cluster": "7109-1"}'),
        "was filled by another version of these programs (format 99, known here is 1)"),
    "a schema of later programs": (
        lambda _, base: about(base, migrations=["hub_9999_later.sql"]),
        "was made by newer programs: hub_9999_later.sql is unknown to this checkout"),
    "a torn description": (
        lambda _, base: (base.folder / "about.json").write_text("{"), "about.json is damaged and cannot be read"),
    "no whole copy": (
        lambda _, base: (base.folder / "about.json").unlink(), "holds no whole copy"),
    "a lost key": (
        lambda _, base: (base.folder / "secrets/contact-key").unlink(), "secrets/contact-key is missing"),
    "a changed key": (
        lambda _, base: (base.folder / "secrets/contact-key").write_text("10" * 32),
        "secrets/contact-key is not what was copied"),
    "a torn stream": (
        lambda _, base: (base.folder / "streams/HANDOFF.snapshot").write_text("mess"),
        "streams/HANDOFF.snapshot is not what was copied"),
    "a lost file of the cluster": (
        lambda _, base: (base.cluster / "base/1/1259").unlink(), 'is damaged or not whole: "base/1/1259"'),
    "a flipped bit in the cluster": (
        lambda _, base: (base.cluster / "base/1/1259").write_text("pagfs"),
        'is damaged or not whole: checksum mismatch for file "base/1/1259"'),
    "a lost piece of the log": (
        lambda folder, _: (folder.wal / segment(4)).unlink(), f"lacks a whole piece {segment(4)}"),
    "a short piece of the log": (
        lambda folder, _: (folder.wal / segment(4)).write_bytes(b"short"), f"lacks a whole piece {segment(4)}"),
    "a lost end of the log": (
        lambda folder, _: (folder.wal / f"{segment(5)}.partial").unlink(), f"lacks a whole piece {segment(5)}"),
}  # fmt: skip


@pytest.mark.parametrize("at", [None, NOON + timedelta(minutes=30)], ids=["the last moment", "a moment"])
@pytest.mark.parametrize("harm", HARMS)
def test_a_backup_that_cannot_bring_it_back_is_refused(
    harm: str, at: datetime | None, target: Stack, folder: BackupFolder
) -> None:
    does, sentence = HARMS[harm]
    does(folder, folder.bases()[0])
    assert sentence in refused(target, folder, at)


def test_the_command_says_the_sentence_and_ends_with_one(target: Stack, folder: BackupFolder) -> None:
    base = str(target.instance.base)
    for words in (("--at", "2026-11-28T11:00:00Z"), ("--at", "yesterday")):
        said = stack(
            "restore", "--from", str(folder.path), *words, instance=INSTANCE, DISPATCH109_PORT_BASE=base
        )
        assert said.returncode == 1
        assert len(said.stderr.strip().splitlines()) == 1, said.stderr
