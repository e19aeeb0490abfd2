"""When people call in North Kazakhstan, and about what: by month, day of the week, hour and weather. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import accumulate
from random import Random

from dispatch109.tickets.model import ALMATY
from tenancy109.model import Category

# Weight of an hour of the day (Almaty): pipes burst at night too, but people phone at eight and after work.
HOURS = (3, 2, 2, 2, 3, 6, 14, 34, 60, 66, 62, 55, 42, 44, 48, 46, 44, 46, 50, 44, 34, 22, 12, 6)
WEEKDAYS = (1.25, 1.15, 1.1, 1.05, 1.05, 0.75, 0.65)

# January to December.
SEASONS = {
    "all": (1.0,) * 12,
    "heating": (1.3, 1.2, 1.0, 0.5, 0.1, 0.0, 0.0, 0.0, 0.15, 1.1, 1.3, 1.4),
    "snow": (1.5, 1.4, 1.1, 0.3, 0.0, 0.0, 0.0, 0.0, 0.0, 0.15, 1.2, 1.5),
    "dark": (1.3, 1.2, 1.0, 0.8, 0.6, 0.5, 0.5, 0.7, 0.9, 1.1, 1.3, 1.4),
    "green": (0.0, 0.0, 0.1, 0.7, 1.2, 1.4, 1.3, 1.2, 0.8, 0.3, 0.05, 0.0),
    "thaw": (0.1, 0.2, 1.5, 1.5, 0.6, 0.5, 0.5, 0.5, 0.6, 0.7, 0.3, 0.1),
}
# How often a category is called about, and what it follows. About 80 % is housing and utilities (product.md §3).
SUBJECTS = {
    "heat-none": (70, "heating"), "heat-weak": (80, "heating"), "hot-water-none": (35, "all"),
    "water-no-supply": (55, "all"), "water-leak": (40, "all"), "water-quality": (15, "all"),
    "water-pressure": (18, "all"), "sewage-blockage": (45, "all"), "roof-leak": (20, "thaw"),
    "icicles": (20, "snow"), "lift-stopped": (22, "all"), "entrance-cleaning": (22, "all"),
    "entrance-repair": (14, "all"), "basement-flooded": (16, "thaw"), "housing-manager": (12, "all"),
    "snow-road": (75, "snow"), "ice-pavement": (35, "snow"), "yard-snow": (45, "snow"),
    "road-pothole": (22, "thaw"), "manhole-open": (10, "all"), "traffic-light": (8, "all"), "road-sign": (6, "all"),
    "flood-water": (10, "thaw"), "street-light-out": (48, "dark"), "yard-light-out": (32, "dark"),
    "power-outage": (40, "all"), "pole-damaged": (8, "all"), "waste-not-collected": (45, "all"),
    "waste-dump": (14, "all"), "waste-container": (10, "all"), "bus-late": (20, "all"), "bus-driver": (8, "all"),
    "bus-stop": (5, "all"), "yard-surface": (10, "thaw"), "playground-broken": (8, "green"),
    "parking-lawn": (8, "all"), "tree-dangerous": (9, "all"), "tree-pruning": (9, "green"),
    "grass-mowing": (12, "green"), "stray-dogs": (28, "all"), "livestock": (7, "green"), "dead-animal": (5, "all"),
    "excavation": (8, "all"), "noise": (8, "all"), "other": (12, "all"),
}  # fmt: skip
OWN = (6, "all")  # a category that a tenant added
WINTER = frozenset({11, 12, 1, 2, 3})
BLIZZARD_CHANCE, BLIZZARD_CALLS, BLIZZARD_SNOW = 0.12, 1.5, 3.0


def is_blizzard(seed: int, day: date) -> bool:
    """Whether a blizzard goes over the region that day: the same for all tenants."""
    return day.month in WINTER and Random(f"{seed}:blizzard:{day}").random() < BLIZZARD_CHANCE  # noqa: S311 - no secret


def moments(random: Random, seed: int, count: int, days: int, until: datetime) -> list[datetime]:
    """`count` moments in the `days` days before `until`, in order (UTC)."""
    hours = list(_hours(seed, days, until))
    chosen = random.choices([start for start, _ in hours], [weight for _, weight in hours], k=count)
    hour = timedelta(hours=1)
    return sorted(start + random.random() * min(hour, until - start) for start in chosen)


def _hours(seed: int, days: int, until: datetime) -> Iterator[tuple[datetime, float]]:
    """The hours of the window with their weights; the present hour counts by its part."""
    today = until.astimezone(ALMATY).date()
    for back in range(days - 1, -1, -1):
        day = today - timedelta(days=back)
        weight = WEEKDAYS[day.weekday()] * (BLIZZARD_CALLS if is_blizzard(seed, day) else 1.0)
        midnight = datetime(day.year, day.month, day.day, tzinfo=ALMATY).astimezone(UTC)
        for hour, share in enumerate(HOURS):
            start = midnight + timedelta(hours=hour)
            part = min(1.0, (until - start) / timedelta(hours=1))
            if part > 0:
                yield start, weight * share * part


@dataclass(frozen=True)
class Subjects:
    """Draws what a call is about, from the categories of one tenant."""

    seed: int
    categories: Sequence[Category]

    def draw(self, random: Random, at: datetime) -> Category:
        """A category, likely for the moment."""
        day = at.astimezone(ALMATY).date()
        weights = _weights(tuple(c.code for c in self.categories), day.month, _blizzard(self.seed, day))
        return random.choices(self.categories, cum_weights=weights)[0]


_blizzard = cache(is_blizzard)


@cache
def _weights(codes: tuple[str, ...], month: int, blizzard: bool) -> list[float]:
    """Cumulative weights of the categories; never all zero, because a tenant keeps `other`."""

    def weight(code: str) -> float:
        share, season = SUBJECTS.get(code, OWN)
        storm = BLIZZARD_SNOW if blizzard and season == "snow" else 1.0
        return share * SEASONS[season][month - 1] * storm

    return list(accumulate(weight(code) for code in codes))
