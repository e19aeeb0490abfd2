"""A backup folder: what is in it, which moments it reaches, whose it is, and what it forgets."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from stack109 import nats_conf
from stack109.backup_folder import BackupFolder, Base, copy_new, spoken
from stack109.failure import StackFailure
from stack109.restoring import HASTY

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


def copied(folder: BackupFolder, hour: int, *, whole: bool = True) -> Base:
    at = NOON + timedelta(hours=hour)
    base = Base(folder.bases_folder / f"at-{hour}", 15, at - timedelta(minutes=1), at, f"{hour:024X}")
    base.folder.mkdir(parents=True)
    if whole:
        folder.add(base)
    return base


@pytest.fixture
def folder(tmp_path: Path) -> BackupFolder:
    made = BackupFolder(tmp_path / "backup")
    made.make("7109-1")
    return made


def test_a_moment_is_reached_from_the_last_copy_before_it(folder: BackupFolder) -> None:
    early, late = copied(folder, 1), copied(folder, 5)
    folder.beat(NOON + timedelta(hours=8))
    assert folder.choose(NOON + timedelta(hours=3), 15) == early
    assert folder.choose(NOON + timedelta(hours=5), 15) == late
    assert folder.choose(None, 15) == late


@pytest.mark.parametrize("hours", [0, 9])
def test_a_moment_outside_is_refused_with_what_is_inside(folder: BackupFolder, hours: int) -> None:
    copied(folder, 1)
    folder.beat(NOON + timedelta(hours=8))
    with pytest.raises(StackFailure, match="from 2026-11-28T13:00:00Z to 2026-11-28T20:00:00Z"):
        folder.choose(NOON + timedelta(hours=hours), 15)


def test_a_copy_that_was_not_finished_is_none(folder: BackupFolder) -> None:
    copied(folder, 1, whole=False)
    with pytest.raises(StackFailure, match="no whole copy"):
        folder.choose(None, 15)


def test_another_version_of_the_programs_is_refused(folder: BackupFolder) -> None:
    copied(folder, 1)
    with pytest.raises(StackFailure, match="PostgreSQL 15, installed is 17"):
        folder.choose(None, 17)


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent"):
        with pytest.raises(StackFailure, match="no folder that make backup has filled"):
            BackupFolder(path).choose(None, 15)


def test_two_clusters_never_share_a_folder(folder: BackupFolder) -> None:
    folder.make("7109-1")
    with pytest.raises(StackFailure, match="another cluster"):
        folder.make("7109-2")


def test_only_its_owner_reads_a_backup(folder: BackupFolder) -> None:
    folder.beat(NOON)
    copied(folder, 1)
    for path in (folder.path, *folder.path.rglob("*")):
        if path.name != "at-1":
            assert path.stat().st_mode & 0o077 == 0, path


def test_what_is_forgotten_is_older_than_the_copies_that_stay(folder: BackupFolder) -> None:
    copies = [copied(folder, hour) for hour in (1, 2, 3)]
    for number in (1, 2, 3, 4):
        (folder.wal / f"{number:024X}").touch()
    (folder.wal / f"{5:024X}.partial").touch()
    (folder.wal / "00000002.history").touch()
    folder.forget_before(2)
    assert folder.bases() == copies[1:]
    assert not copies[0].folder.exists()
    assert sorted(path.name for path in folder.wal.iterdir()) == sorted(
        ["00000002.history", f"{2:024X}", f"{3:024X}", f"{4:024X}", f"{5:024X}.partial"]
    )


def test_photos_are_copied_once_and_whole(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    (source / "1" / "ab").mkdir(parents=True)
    (source / "1" / "ab" / "photo").write_bytes(b"jpeg")
    assert (copy_new(source, target), copy_new(source, target)) == (1, 0)
    assert [path.name for path in target.rglob("*") if path.is_file()] == ["photo"]
    assert (target / "1" / "ab" / "photo").read_bytes() == b"jpeg"


def test_a_moment_is_said_so_that_it_can_be_asked_for() -> None:
    at = NOON + timedelta(milliseconds=1)
    assert (spoken(at), spoken(at, up=True)) == ("2026-11-28T12:00:00Z", "2026-11-28T12:00:01Z")
    assert spoken(NOON, up=True) == "2026-11-28T12:00:00Z"


def test_a_torn_mark_is_said(folder: BackupFolder) -> None:
    (folder.path / "mark.json").write_text(json.dumps({"cluster": "7109-1"})[:5])
    with pytest.raises(StackFailure, match="cannot be read"):
        folder.choose(None, 15)


def test_the_broker_of_a_restore_differs_in_its_haste_only(tmp_path: Path) -> None:
    text = nats_conf.render(nats_conf.Broker("x", 1, 2, tmp_path), ["petropavl"], lambda _: "p")
    assert text.count(HASTY[0]) == 1
