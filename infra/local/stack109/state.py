"""What the supervisor tells the other commands: one small JSON file, replaced in one step."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from stack109.processes import is_alive, start_ticks


@dataclass
class PartState:
    """A part as the supervisor sees it; `ticks` says when the process began."""

    state: str = "waiting"
    pid: int = 0
    ticks: int | None = None
    restarts: int = 0

    def is_alive(self) -> bool:
        """True while this very process runs."""
        return bool(self.pid) and is_alive(self.pid, self.ticks)


@dataclass
class State:
    """The supervisor itself, how far it is, and its parts."""

    pid: int = field(default_factory=os.getpid)
    ticks: int | None = field(default_factory=lambda: start_ticks(os.getpid()))
    phase: str = "starting"
    message: str = ""
    parts: dict[str, PartState] = field(default_factory=dict)

    def is_alive(self) -> bool:
        """True while the supervisor that wrote this runs."""
        return is_alive(self.pid, self.ticks)

    def write(self, folder: Path) -> None:
        """Replace the file of the instance."""
        fresh = folder / f".state.{self.pid}"
        fresh.write_text(json.dumps(asdict(self), indent=1))
        fresh.rename(folder / "state.json")


def read(folder: Path) -> State | None:
    """The last state written, also when its writer has gone since; None when there never was one."""
    path = folder / "state.json"
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    content["parts"] = {name: PartState(**part) for name, part in content["parts"].items()}
    return State(**content)
