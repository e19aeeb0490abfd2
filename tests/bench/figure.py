"""A figure: what was measured, against which floor, and whether the goal holds."""

import operator
from dataclasses import dataclass
from statistics import median
from typing import Any

COMPARE = {"<=": operator.le, ">=": operator.ge}


@dataclass(frozen=True)
class Figure:
    """`anchor` is the floor measured in the same run; `goal` is `ratio|value <=|>= number`, or '' for none."""

    name: str
    value: float
    unit: str
    anchor: float | None = None
    goal: str = ""
    spread: str = ""

    @property
    def ratio(self) -> float | None:
        """value ÷ anchor."""
        return self.value / self.anchor if self.anchor else None

    @property
    def held(self) -> bool:
        """Whether the goal holds; a figure without a goal always does."""
        if not self.goal:
            return True
        what, sign, limit = self.goal.split()
        measured = self.ratio if what == "ratio" else self.value
        return measured is not None and bool(COMPARE[sign](measured, float(limit)))

    def record(self) -> dict[str, Any]:
        """As it stands in latest.json."""
        anchor, ratio = self.anchor, self.ratio
        return {
            "name": self.name, "value": round(self.value, 3), "unit": self.unit,
            "anchor": None if anchor is None else round(anchor, 3),
            "ratio": None if ratio is None else round(ratio, 3), "goal": self.goal, "held": self.held,
        }  # fmt: skip

    def line(self) -> str:
        """As it is printed."""
        said = f"{self.name:<34}{self.value:>10.2f} {self.unit}"
        if self.anchor is not None:
            said += f" | anchor {self.anchor:.2f} | ratio {self.ratio:.2f}"
        if self.goal:
            said += f" | {self.goal}: {'held' if self.held else 'MISSED'}"
        return said + (f" | {self.spread}" if self.spread else "")


def spread(values: list[float]) -> str:
    """Smallest, median and largest of several rounds."""
    return f"rounds {min(values):.1f} … {median(values):.1f} … {max(values):.1f}"


def note(text: str) -> None:
    """Print what belongs to a figure but is none."""
    print(" ", text, flush=True)  # noqa: T201 - a command's answer
