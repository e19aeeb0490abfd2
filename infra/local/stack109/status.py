"""What `make status` prints: each part asked, not believed."""

from concurrent.futures import ThreadPoolExecutor

from stack109 import state
from stack109.backup_folder import kept_in
from stack109.environment import ARCHIVE, BASE, SERVICES, Stack
from stack109.processes import memory_mb
from stack109.progress import say

LINE = "{:<15}{:<12}{:>8}{:>7}{:>9}  {}"


def show(stack: Stack) -> bool:
    """Print a line per part; True when the supervisor runs and every part serves."""
    instance = stack.instance
    known = state.read(instance.folder)
    if known is None or not known.is_alive():
        say(f"The stack {instance.name!r} is not running (make up, make run).")
        return False
    services = stack.services() if set(SERVICES) & set(known.parts) or known.phase == "starting" else ()
    names = (*BASE, *services, *([ARCHIVE] if kept_in(instance) else []))
    say(LINE.format("part", "state", "pid", "port", "memory", "log"))
    with ThreadPoolExecutor() as pool:
        lines = list(pool.map(lambda name: _line(stack, known, name), names))
    for line, _ in lines:
        say(line)
    supervisor = ("supervisor", known.phase, known.pid, "-", f"{memory_mb(known.pid, family=False):.0f} MB")
    say(LINE.format(*supervisor, instance.logs / "supervisor.log"))
    return known.phase == "ready" and all(healthy for _, healthy in lines)


def _line(stack: Stack, known: state.State, name: str) -> tuple[str, bool]:
    part = stack.part(name)
    seen = known.parts.get(name, state.PartState())
    alive = seen.is_alive()
    healthy = alive and part.probe()
    said = (
        "healthy"
        if healthy
        else ("not serving" if alive else (seen.state if seen.state != "healthy" else "died"))
    )
    memory = f"{memory_mb(seen.pid):.0f} MB" if alive else "-"
    return LINE.format(name, said, seen.pid or "-", part.port or "-", memory, part.log), healthy
