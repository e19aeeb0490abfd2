"""The processes of the running stack as the kernel sees them: memory and processor time."""

import json
import os
from contextlib import suppress
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


def parts(local: Path) -> dict[str, int]:
    """Process id by part of the stack whose data lie under `local`, the supervisor too."""
    state = json.loads((local / "state.json").read_text())
    found = {name: part["pid"] for name, part in state["parts"].items() if part["pid"]}
    return {**found, "supervisor": state["pid"]}


def family(pid: int) -> list[int]:
    """A process and everything below it."""
    members = [pid]
    for member in members:
        with suppress(OSError):  # a backend that has just ended
            for task in Path(f"/proc/{member}/task").iterdir():
                members += [int(child) for child in (task / "children").read_text().split()]
    return members


def memory_mb(pid: int) -> tuple[float, float]:
    """(PSS, RSS) in MB: PSS shares out what several processes have in common, RSS counts it for each."""
    found = {"Pss:": 0, "Rss:": 0}
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            label, *rest = line.split()
            if label in found:
                found[label] = int(rest[0])
    return found["Pss:"] / 1024, found["Rss:"] / 1024


def cpu_seconds(pid: int) -> float:
    """Processor time of a process and its descendants since their start, those that have ended too."""
    total = 0
    for member in family(pid):
        with suppress(OSError):
            fields = Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
            total += sum(map(int, fields[11:15]))
    return total / TICK
