"""The schedule of faults: repeatable, and nothing is left out."""

from tests.prove.faults.schedule import LONGEST, TARGETS, drawn
from tests.prove.size import dice

ALL = set(TARGETS)


def test_the_same_seed_breaks_the_same_things_in_the_same_order() -> None:
    assert drawn(300, ALL, 30, dice("one")) == drawn(300, ALL, 30, dice("one"))
    assert drawn(300, ALL, 30, dice("one")) != drawn(300, ALL, 30, dice("another"))


def test_a_long_run_has_every_fault_at_every_target() -> None:
    had = {(fault.kind, fault.target) for fault in drawn(300, ALL, 30, dice("one"))}

    assert had == {(kind, target) for kind, targets in TARGETS.items() for target in targets}


def test_a_short_run_has_some_of_each_kind() -> None:
    assert {fault.kind for fault in drawn(len(ALL), ALL, 3, dice("one"))} == ALL


def test_no_pause_is_longer_than_asked_for() -> None:
    faults = drawn(300, ALL, 5, dice("one"))

    assert all(0 <= fault.seconds <= min(5, LONGEST.get(fault.kind, 0)) for fault in faults)
    assert any(fault.seconds > 1 for fault in faults)
