"""The days of a period as numbers for SVG. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from region109.figures.model import Row

WIDTH, HEIGHT = 960, 150
MOST_TICKS = 8


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines of an SVG, a day in its middle; `ticks` are places and days."""

    registered: str
    closed: str
    most: int
    ticks: Sequence[tuple[float, date]]


def chart(days: Sequence[Row]) -> Chart:
    """The days as high as their highest needs."""
    most = _round_up(max((max(one.sums.registered, one.sums.closed) for one in days), default=0))
    across = WIDTH / max(len(days), 1)

    def line(name: str) -> str:
        heights = (HEIGHT * (1 - getattr(one.sums, name) / most) for one in days)
        return " ".join(f"{(place + 0.5) * across:.1f},{height:.1f}" for place, height in enumerate(heights))

    every = -(-len(days) // MOST_TICKS) or 1
    ticks = [
        (round((place + 0.5) * across, 1), one.day)
        for place, one in enumerate(days) if place % every == 0 and one.day
    ]  # fmt: skip
    return Chart(line("registered"), line("closed"), most, ticks)


def _round_up(most: int) -> int:
    """The next of 4, 10, 20, 40, 60, 80, 100, 200, …: a scale that people can halve."""
    edge = 4
    while edge < most:
        edge = next(one for one in _edges(edge) if one > edge)
    return edge


def _edges(above: int) -> Sequence[int]:
    tens = 10 ** (len(str(above)) - 1)
    return [edge * tens for edge in (1, 2, 4, 6, 8, 10, 20)]
