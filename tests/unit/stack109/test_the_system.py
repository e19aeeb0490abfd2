"""Reading what the system has: PostgreSQL, Java, room on the disk."""

from pathlib import Path

import pytest

from stack109 import postgres_binaries
from stack109.environment import BASE, Stack
from stack109.failure import StackFailure
from stack109.instance import Instance
from stack109.space import require_space


def test_the_newest_postgresql_that_has_postgis_is_taken(tmp_path: Path) -> None:
    for major, has_postgis in (("14", True), ("15", True), ("17", False)):
        programs = tmp_path / "lib" / major / "bin"
        programs.mkdir(parents=True)
        for name in ("postgres", "psql"):
            (programs / name).touch()
        if has_postgis:
            (tmp_path / "share" / major / "extension").mkdir(parents=True)
            (tmp_path / "share" / major / "extension" / "postgis.control").touch()
    found = postgres_binaries.find(tmp_path / "lib", tmp_path / "share")
    assert found
    assert found.major == 15


def test_without_postgis_there_is_no_postgresql_for_us(tmp_path: Path) -> None:
    assert postgres_binaries.find(tmp_path, tmp_path) is None


def test_too_little_room_is_said_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(StackFailure, match=r"Only .* GB are free"):
        require_space(tmp_path, gigabytes=1e9)


def test_instances_of_one_checkout_have_folders_of_their_own(tmp_path: Path) -> None:
    run, test = Instance(tmp_path, "run"), Instance(tmp_path, "test")
    assert run.folder != test.folder
    assert run.outside != test.outside


def test_two_checkouts_never_share_a_cluster_outside(tmp_path: Path) -> None:
    assert Instance(tmp_path / "a", "run").outside != Instance(tmp_path / "b", "run").outside


def test_a_throwaway_stack_plays_no_desk_by_itself(tmp_path: Path) -> None:
    own, test = Stack(Instance(tmp_path, "run")), Stack(Instance(tmp_path, "test"))
    assert set(own.services()) - set(test.services()) == {"machines"}


def test_every_port_that_is_opened_belongs_to_a_part_or_its_back_door(tmp_path: Path) -> None:
    stack = Stack(Instance(tmp_path, "run"))
    known = {*BASE, *stack.services(), "keycloak-management", "nats-monitor"}
    assert set(stack.instance.listening()) == known - {"machines"}
    assert set(stack.instance.listening(base_only=True)) == {*BASE, "keycloak-management", "nats-monitor"}
