"""Whose turn it is among the messages of a key."""

import pytest

from chassis109.bus import turns
from chassis109.bus.turns import Turns


def test_a_message_waits_until_those_before_it_are_settled() -> None:
    order = Turns()
    for sequence in (1, 2, 3):
        order.expect("a", sequence)
    assert [order.due("a", sequence) for sequence in (1, 2, 3)] == [True, False, False]
    order.done("a", 1)
    assert [order.due("a", sequence) for sequence in (2, 3)] == [True, False]


def test_other_keys_wait_for_nobody() -> None:
    order = Turns()
    order.expect("a", 1)
    order.expect("b", 2)
    assert order.due("b", 2)


def test_what_never_comes_again_is_waited_for_in_vain_only_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    order = Turns()
    monkeypatch.setattr(turns, "COMES_AGAIN_SECONDS", -1)
    order.expect("a", 1)
    monkeypatch.undo()
    order.expect("a", 2)
    assert order.due("a", 2)


def test_a_message_that_is_settled_twice_is_no_matter() -> None:
    order = Turns()
    order.expect("a", 1)
    order.done("a", 1)
    order.done("a", 1)
    assert order.due("a", 2)
