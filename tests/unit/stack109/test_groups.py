"""`python -m tests` runs every test once, in groups, and says at its end what became of all of them."""

import asyncio
from pathlib import Path

import pytest
from tests.__main__ import GROUPS, ROOT, Group, Outcome, report, run

GOOD, BAD = "def test_good(): pass\n", "def test_bad(): assert 1 == 2\n"
WRITES = "from pathlib import Path\ndef test_order(): Path({file!r}).open('a').write({name!r})\n"


UNSTEADY = """from pathlib import Path
def test_unsteady():
    before = Path({file!r}).exists()
    Path({file!r}).touch()
    assert before
"""


def group(
    folder: Path, name: str, source: str, after: tuple[str, ...] = (), *, may_be_unsteady: int = 0
) -> Group:
    """A group of one file outside of the project."""
    file = folder / f"test_{name}.py"
    file.write_text(source)
    return Group(name, (f"--rootdir={folder}", str(file)), after, may_be_unsteady)


def ran(*groups: Group) -> dict[str, Outcome]:
    return {one.group: one for one in asyncio.run(run(groups, at_once=2))}


def files(one: Group) -> list[Path]:
    """The files of tests that a group runs: below the paths it names, without those it ignores."""
    ignored = [
        ROOT / word.removeprefix("--ignore=") for word in one.arguments if word.startswith("--ignore=")
    ]
    named = [ROOT / word for word in one.arguments if not word.startswith("-")]
    found = [file for path in named for file in ([path] if path.is_file() else path.rglob("test_*.py"))]
    return [file for file in found if not any(file.is_relative_to(path) for path in ignored)]


def test_every_file_of_tests_belongs_to_exactly_one_group() -> None:
    together = [file for one in GROUPS for file in files(one)]

    assert sorted(together) == sorted((ROOT / "tests").rglob("test_*.py"))


def test_what_kills_parts_of_the_stack_waits_for_all_that_stands_on_it() -> None:
    deaths = next(one for one in GROUPS if one.name == "deaths")

    assert set(deaths.after) == {"acceptance", "agreement", "databases", "proofs", "shared"}
    assert len(deaths.arguments) > 3


def test_passed_and_failed_tests_are_counted_and_the_failed_ones_named(tmp_path: Path) -> None:
    outcomes = ran(group(tmp_path, "one", GOOD + BAD), group(tmp_path, "two", GOOD))

    assert {name: (one.passed, one.failed) for name, one in outcomes.items()} == {
        "one": (1, 1),
        "two": (1, 0),
    }
    assert [line.rpartition(".")[2] for line in outcomes["one"].broken] == ["test_bad\n    assert 1 == 2"]


def test_a_test_of_screens_that_passes_when_asked_once_more_is_named_and_fails_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = GOOD + UNSTEADY.format(file=str(tmp_path / "seen"))

    outcome = ran(group(tmp_path, "one", source, may_be_unsteady=2))["one"]

    assert (outcome.passed, outcome.failed, outcome.broken) == (2, 0, [])
    assert "test_unsteady" in outcome.unsteady[0]
    assert report([outcome], 1.0)
    assert "UNSTEADY" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("source", "may_be_unsteady", "failed"),
    [(GOOD + BAD, 2, 1), (BAD * 1 + BAD.replace("bad", "worse"), 1, 2), (BAD, 0, 1)],
)
def test_a_test_that_fails_again_or_one_of_too_many_fails_the_run(
    source: str, may_be_unsteady: int, failed: int, tmp_path: Path
) -> None:
    outcome = ran(group(tmp_path, "one", source, may_be_unsteady=may_be_unsteady))["one"]

    assert (outcome.failed, outcome.unsteady) == (failed, [])
    assert not report([outcome], 1.0)


def test_what_loses_or_leaks_is_never_asked_once_more() -> None:
    assert {one.name for one in GROUPS if one.may_be_unsteady} == {"acceptance"}


def test_a_group_waits_until_those_before_it_have_ended(tmp_path: Path) -> None:
    order = tmp_path / "order"
    first = group(tmp_path, "a", "import time\ntime.sleep(0.5)\n" + WRITES.format(file=str(order), name="a"))
    then = group(tmp_path, "b", WRITES.format(file=str(order), name="b"), after=("a",))

    ran(then, first)

    assert order.read_text() == "ab"


@pytest.mark.parametrize(
    "source", ["import os\nos._exit(0)\n", "import os\nos._exit(9)\n", "import no_such_module\n"]
)
def test_a_group_that_breaks_off_counts_as_failed(tmp_path: Path, source: str) -> None:
    outcomes = ran(group(tmp_path, "one", GOOD), group(tmp_path, "gone", source))

    assert outcomes["gone"].failed == 1
    assert outcomes["one"].failed == 0


@pytest.mark.parametrize(
    ("outcomes", "last", "fine"),
    [
        ([Outcome("a", 1, passed=2), Outcome("b", 1, passed=3)], "5 passed, 0 failed", True),
        ([Outcome("a", 1, passed=2), Outcome("b", 1, failed=1)], "2 passed, 1 failed", False),
        ([Outcome("a", 1)], "0 passed, 0 failed", False),
    ],
)
def test_the_last_line_counts_all_groups(
    outcomes: list[Outcome], last: str, fine: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(outcomes, 1.0) is fine
    assert capsys.readouterr().out.splitlines()[-1] == last
