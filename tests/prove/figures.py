"""What the suites found out: collected while they run, printed at the end, written to `.local/prove/`."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bench.figure import Figure
from tests.prove.size import FULL, SEED

from chassis109.kernel import clock

FOLDER = Path(__file__).parents[2] / ".local" / "prove"
WRITTEN = FOLDER / ("latest.json" if FULL else "small.json")


@dataclass
class Outcome:
    """One suite of this run."""

    seconds: float = 0.0
    passed: int = 0
    failed: int = 0
    figures: list[Figure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def record(self) -> dict[str, Any]:
        """As it stands in latest.json."""
        return {
            "at": clock.now().isoformat(timespec="seconds"), "size": "full" if FULL else "small", "seed": SEED,
            "seconds": round(self.seconds, 1), "passed": self.passed, "failed": self.failed,
            "figures": [figure.record() for figure in self.figures], "notes": self.notes,
        }  # fmt: skip


OUTCOMES: dict[str, Outcome] = {}


def of(suite: str) -> Outcome:
    """The outcome of a suite, by the name of its folder."""
    return OUTCOMES.setdefault(suite, Outcome())


def say(name: str, value: float, unit: str = "", goal: str = "") -> None:
    """Keep a figure: `say("isolation.calls", 10_432, goal="value >= 10000")`. The first word is the suite."""
    of(name.partition(".")[0]).figures.append(Figure(name, value, unit, goal=goal))


def note(suite: str, text: str) -> None:
    """Keep a sentence that belongs to the figures and is none."""
    of(suite).notes.append(text)


def lines() -> list[str]:
    """What is printed when all suites of a run have ended."""
    said = []
    for suite, outcome in OUTCOMES.items():
        ended = f"{outcome.passed} passed, {outcome.failed} failed"
        said.append(
            f"{suite}: {ended}, {outcome.seconds:.0f} s, {'full' if FULL else 'small'} size, seed {SEED}"
        )
        said += [f"  {figure.line()}" for figure in outcome.figures]
        said += [f"  {text}" for text in outcome.notes]
    return said


def write() -> None:
    """Put this run beside the latest runs of the other suites."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    known = json.loads(WRITTEN.read_text("utf-8")) if WRITTEN.exists() else {}
    known |= {suite: outcome.record() for suite, outcome in OUTCOMES.items()}
    WRITTEN.write_text(json.dumps(known, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
