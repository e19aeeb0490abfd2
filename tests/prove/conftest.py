"""The frame of the suites: what they attack, how each of them ends, and their figures after everything else."""

from pathlib import Path

import pytest
from tests.prove import figures
from tests.prove.ground.fixtures import attacked, dispatch, hub, region

__all__ = ["attacked", "dispatch", "hub", "region"]

HERE = Path(__file__).parent


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    path = Path(report.fspath)
    parts = path.parts[path.parts.index("prove") + 1 :] if "prove" in path.parts else ()
    if len(parts) < 2:
        return
    outcome = figures.of(parts[0])
    outcome.seconds += report.duration
    outcome.failed += report.failed
    outcome.passed += report.passed and report.when == "call"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if figures.OUTCOMES:
        terminalreporter.section("proofs")
        for line in figures.lines():
            terminalreporter.line(line)
        figures.write()
        terminalreporter.line(f"written to {figures.WRITTEN.relative_to(HERE.parents[1])}")
