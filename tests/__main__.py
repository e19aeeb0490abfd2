"""`python -m tests`: every test on the running stack, group beside group; what `make test` runs without ARGS.

The tests of screens and API own the running stack; beside them run those with databases of their own and those that
need nothing. What kills parts of the stack comes when nobody else stands on it. Each group is a pytest of its own,
its lines have its name in front; the last line counts all of them. A browser on a shared machine is now and then late:
one or two tests of screens that failed are asked once more, and named as unsteady when they pass (decision 0030).
"""

import asyncio
import os
import re
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from xml.etree import ElementTree

from tests.prove import __main__ as prove

ROOT = Path(__file__).parents[1]
DEATHS = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("tests/acceptance/test_when_*.py"))
DISTURBING = [f"tests/prove/{suite}" for suite in prove.DISTURBING]
FINE, NOTHING_FAILED = 0, (0, 5)  # 5: nothing was collected, which the count says as well
CLOSING = re.compile(r"=+ .*\d+ (passed|failed|error|skipped|deselected).* in [\d.]+s.*=+")
REASON, PLACES = 600, 4
"""Characters of what a failed test said that the last lines repeat, and lines of ours that led there."""
PLACE = re.compile(r"^tests/\S+:\d+: .*$", re.MULTILINE)
SLOWEST = ("--durations=12", "--durations-min=4")
COUNTED = ("tests", "failures", "errors", "skipped")


@dataclass(frozen=True)
class Group:
    """Tests that one pytest runs; `after` names the groups that must have ended."""

    name: str
    arguments: Sequence[str]
    after: Sequence[str] = ()
    may_be_unsteady: int = 0
    """So many failed tests, and not more, are asked once more."""


SHARED = [f"tests/integration/{of}" for of in ("chassis", "handoff", "identity", "stack", "tenancy")]
"""They speak to the running stack's own database, broker or sign-in service: not while screens are looked at."""
AGREEMENT = "tests/integration/handoff/test_two_sides_agree.py"
"""Many lives on databases of its own."""
ELSEWHERE = ("tests/acceptance", "tests/architecture", "tests/prove", "tests/unit", *SHARED)

GROUPS = (
    Group("acceptance", ("tests/acceptance", *(f"--ignore={path}" for path in DEATHS)), may_be_unsteady=2),
    # Everything that no other group has, so that a new folder is not forgotten.
    Group("databases", ("tests", *(f"--ignore={path}" for path in ELSEWHERE))),
    # They attack processes and databases of their own.
    Group("proofs", ("tests/prove", *(f"--ignore={path}" for path in DISTURBING))),
    Group("agreement", (AGREEMENT,)),
    Group("shared", (*SHARED, f"--ignore={AGREEMENT}"), after=("acceptance",)),
    Group(
        "deaths",
        (*DEATHS, *DISTURBING),
        after=("acceptance", "agreement", "databases", "proofs", "shared"),
    ),
    Group("alone", ("tests/unit", "tests/architecture")),
)
"""In the order of their turn: the longest first."""


@dataclass(frozen=True)
class Outcome:
    """What became of a group."""

    group: str
    seconds: float
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    broken: list[str] = field(default_factory=list)
    """The tests that failed and why, for the end of a long output."""
    unsteady: list[str] = field(default_factory=list)
    """The tests that failed at first, and why; they have passed since."""


async def run(groups: Sequence[Group], at_once: int) -> list[Outcome]:
    """Each group as soon as what it waits for has ended and a place is free."""
    outcomes: dict[str, Outcome] = {}
    going: dict[asyncio.Task[Outcome], str] = {}
    waiting = list(groups)
    try:
        while waiting or going:
            for group in [one for one in waiting if outcomes.keys() >= set(one.after)][
                : at_once - len(going)
            ]:
                waiting.remove(group)
                going[asyncio.create_task(_run(group))] = group.name
            done, _ = await asyncio.wait(going, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                outcomes[going.pop(task)] = task.result()
    finally:
        for task in going:
            task.cancel()
        await asyncio.gather(*going, return_exceptions=True)
    return list(outcomes.values())


async def _run(group: Group) -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        first = await _pytest(group, Path(folder))
        if not 0 < first.failed <= group.may_be_unsteady:
            return first
        again = await _pytest(group, Path(folder), "--last-failed", "--last-failed-no-failures=none")
    seconds = first.seconds + again.seconds
    if again.failed or again.passed != len({said.partition("\n")[0] for said in first.broken}):
        return replace(first, seconds=seconds, broken=[*first.broken, *again.broken])
    passed = first.passed + again.passed
    return replace(first, seconds=seconds, passed=passed, failed=0, broken=[], unsteady=first.broken)


async def _pytest(group: Group, folder: Path, *more: str) -> Outcome:
    began = time.monotonic()
    report = folder / "report.xml"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "pytest", *group.arguments, *more, f"--junitxml={report}",
        f"-ocache_dir={folder / 'cache'}", "-oconsole_output_style=count", *SLOWEST,
        cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, limit=2**24,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        async for line in process.stdout:
            _relay(group.name, line.decode(errors="replace").rstrip())
        code = await process.wait()
    except asyncio.CancelledError:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
        raise
    return _counted(group.name, report, code, time.monotonic() - began)


def _relay(name: str, line: str) -> None:
    """All lines but the one that closes a part: whoever counts finds one such line, the last."""
    if line and not CLOSING.fullmatch(line):
        print(f"{name:<11} | {line}", flush=True)


def _counted(name: str, report: Path, code: int, seconds: float) -> Outcome:
    if code not in (*NOTHING_FAILED, 1) or not report.exists():
        return Outcome(name, seconds, failed=1, broken=[f"{name} ended with {code} before it could count"])
    suite = ElementTree.parse(report).find("testsuite")  # noqa: S314 - pytest's own
    assert suite is not None
    tests, failures, errors, skipped = (int(suite.get(what, 0)) for what in COUNTED)
    broken = [
        "\n    ".join(
            (
                f"{case.get('classname')}.{case.get('name')}",
                wrong.get("message", "")[:REASON],
                *PLACE.findall(wrong.text or "")[-PLACES:],
            )
        )
        for case in suite
        for wrong in (*case.findall("failure"), *case.findall("error"))
    ]
    failed = max(failures + errors, int(code not in NOTHING_FAILED))
    return Outcome(name, seconds, tests - failures - errors - skipped, failed, skipped, broken)


def report(outcomes: Sequence[Outcome], seconds: float) -> bool:
    """Print what became of all groups, the counts of all on the last line; whether everything passed."""
    print()
    for one in outcomes:
        print(f"{one.group:<11} | {one.passed} passed, {one.failed} failed in {one.seconds:.0f} s")
    for name in [name for one in outcomes for name in one.broken]:
        print(f"FAILED {name}")
    for name in [name for one in outcomes for name in one.unsteady]:
        print(f"UNSTEADY, passed when asked once more: {name}")
    passed, failed, skipped = (
        sum(getattr(one, what) for one in outcomes) for what in ("passed", "failed", "skipped")
    )
    print(f"\nall groups in {seconds:.0f} s" + (f", {skipped} skipped" if skipped else ""))
    print(f"{passed} passed, {failed} failed", flush=True)
    return passed > 0 and failed == 0


async def everything() -> bool:
    """All groups, two at a time on the smallest machine; SIGTERM ends them."""
    began, this = time.monotonic(), asyncio.current_task()
    assert this is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, this.cancel)
    outcomes = await run(GROUPS, max(2, min(len(GROUPS), os.cpu_count() or 2)))
    return report(outcomes, time.monotonic() - began)


if __name__ == "__main__":
    with suppress(asyncio.CancelledError, KeyboardInterrupt):
        sys.exit(FINE if asyncio.run(everything()) else 1)
    sys.exit(130)
