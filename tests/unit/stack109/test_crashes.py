"""What an earlier crash leaves behind does not stop or mislead the next start."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from stack109 import locks, processes, state
from stack109.failure import AlreadyRunning
from stack109.instance import Instance
from stack109.leftovers import end_all
from stack109.postgres import is_postmaster_of


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    found = Instance(tmp_path, "trial")
    found.make_folders()
    return found


def sleeper() -> "subprocess.Popen[bytes]":
    return subprocess.Popen(["sleep", "60"])


def test_parts_of_a_dead_supervisor_are_ended(instance: Instance) -> None:
    with sleeper() as left:
        part = state.PartState("healthy", left.pid, processes.start_ticks(left.pid))
        state.State(pid=left.pid, ticks=1, phase="ready", parts={"nats": part}).write(instance.folder)
        assert end_all(instance) == ["nats"]
        assert left.wait(5) == -signal.SIGTERM


def test_a_later_process_of_the_same_number_is_left_alone(instance: Instance) -> None:
    with sleeper() as innocent:
        part = state.PartState("healthy", innocent.pid, ticks=1)
        state.State(pid=innocent.pid, ticks=1, phase="ready", parts={"nats": part}).write(instance.folder)
        assert end_all(instance) == []
        assert innocent.poll() is None
        innocent.kill()


def test_parts_of_a_living_supervisor_are_left_alone(instance: Instance) -> None:
    with sleeper() as kept:
        part = state.PartState("healthy", kept.pid, processes.start_ticks(kept.pid))
        state.State(phase="ready", parts={"nats": part}).write(instance.folder)
        assert end_all(instance) == []
        kept.kill()


def test_half_a_state_file_counts_as_none(instance: Instance) -> None:
    (instance.folder / "state.json").write_text('{"pid": 1, "par')
    assert state.read(instance.folder) is None


def test_a_process_that_ignores_the_request_is_killed() -> None:
    with subprocess.Popen(
        ["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done"], stdout=subprocess.PIPE
    ) as deaf:
        assert deaf.stdout
        deaf.stdout.readline()
        processes.end(deaf.pid, processes.start_ticks(deaf.pid), signal.SIGTERM, 0.2)
        assert deaf.wait(5) == -signal.SIGKILL


def test_a_second_supervisor_of_an_instance_is_refused(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with locks.only_one(lock, "trial"):
        assert locks.is_held(lock)
        with pytest.raises(AlreadyRunning), locks.only_one(lock, "trial"):
            pass


def test_a_lock_goes_with_its_holder(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with locks.only_one(lock, "trial"):
        pass
    assert not locks.is_held(lock)


def test_a_process_that_is_no_postgres_is_not_taken_for_the_server_of_our_data(tmp_path: Path) -> None:
    assert not is_postmaster_of(os.getpid(), tmp_path)


def test_memory_of_a_process_counts_its_children() -> None:
    with subprocess.Popen(["sh", "-c", "sleep 60 & wait"], start_new_session=True) as parent:
        time.sleep(0.2)
        whole, own = processes.memory_mb(parent.pid), processes.memory_mb(parent.pid, family=False)
        os.killpg(parent.pid, signal.SIGKILL)
    assert whole > own > 0
