"""Ports: free or not, and whose."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from stack109.failure import StackFailure
from stack109.instance import Instance
from stack109.ports import free_instance, is_free, owner, require_free


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def test_a_port_in_use_is_not_free_and_its_holder_is_named(taken: int) -> None:
    assert not is_free(taken)
    assert f"(pid {os.getpid()})" in (owner(taken) or "")


def test_a_start_on_a_port_in_use_is_refused_with_the_port_the_part_and_the_holder(taken: int) -> None:
    with pytest.raises(
        StackFailure, match=rf"Port {taken} \(nats\) is already in use by .*pid {os.getpid()}"
    ):
        require_free({"nats": taken})


def test_a_throwaway_stack_finds_ports_that_are_all_free(tmp_path: Path) -> None:
    found = free_instance(Instance(tmp_path, "test"))
    require_free(found.listening())


def test_two_bases_a_hundred_apart_share_no_port(tmp_path: Path) -> None:
    first, second = Instance(tmp_path, "run", 8100), Instance(tmp_path, "run", 8200)
    assert not set(first.listening().values()) & set(second.listening().values())
