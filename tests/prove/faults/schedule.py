"""What is broken, in which order: drawn from a seed, so that a run can be had again."""

from dataclasses import dataclass
from random import Random

from tests.prove.faults.ground import BASE, PARTS

MACHINES = "machines"
FORKING = ("web", "live", "hub", "hub-live", "region", "region-live")
"""Parts whose server keeps a process of its own for the work."""
LINES = (*BASE, *FORKING)
ACCOUNTS = ("T_PETROPAVL", "T_AIYRTAU", "S103", "S101")
CLOCKED = ("web", "worker", "hub", "hub-worker", "region-worker")
TARGETS = {
    "kill": (*PARTS, MACHINES), "kill-child": FORKING, "freeze": (*PARTS, MACHINES), "restart": PARTS, "cut": LINES,
    "swallow": LINES, "expire": ACCOUNTS, "terminate": ("dispatch", "hub", "region", "keycloak"), "fill": ("disk",),
    "ahead": CLOCKED, "behind": CLOCKED,
}  # fmt: skip
"""Every kind of fault, and what it may befall."""
LONGEST = {"freeze": 30.0, "swallow": 15.0, "expire": 8.0, "fill": 6.0, "ahead": 8.0, "behind": 8.0}
SLOW = "keycloak"
"""A Java server takes half a minute to start; it dies, but not at every turn."""


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong."""

    kind: str
    target: str
    seconds: float = 0.0

    def __str__(self) -> str:
        return f"{self.kind} {self.target}" + (f" {self.seconds:.1f} s" if self.seconds else "")


def drawn(number: int, kinds: set[str], longest: float, dice: Random) -> list[Fault]:
    """Each kind at each target once, as far as `number` goes, then at random; most pauses are short, some are long."""
    every = [(kind, target) for kind in sorted(kinds) for target in TARGETS[kind]]
    dice.shuffle(every)
    # Kinds take turns, so that a short list has some of each.
    places = dict.fromkeys(kinds, 0)
    order = list[tuple[int, str, str]]()
    for kind, target in every:
        order.append((places[kind], kind, target))
        places[kind] += 1
    chosen = [(kind, target) for _, kind, target in sorted(order, key=lambda one: one[0])][:number]
    while len(chosen) < number:
        kind, target = dice.choice(every)
        if target != SLOW or dice.random() < 0.3:
            chosen.append((kind, target))
    return [Fault(kind, target, _seconds(kind, longest, dice)) for kind, target in chosen]


def _seconds(kind: str, longest: float, dice: Random) -> float:
    most = min(LONGEST.get(kind, 0.0), longest)
    return 0.0 if not most else round(1 + (most - 1) * dice.random() ** 3, 1)
