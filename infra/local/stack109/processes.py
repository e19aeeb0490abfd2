"""What the kernel knows of a process: alive, since when, how much memory; and ending one."""

import ctypes
import os
import signal
import time
from pathlib import Path

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def start_ticks(pid: int) -> int | None:
    """When the process began, in clock ticks since boot; tells a process from a later one of the same id."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else int(fields[19])


def is_alive(pid: int, ticks: int | None) -> bool:
    """True when the very process that began at `ticks` still runs."""
    return ticks is not None and start_ticks(pid) == ticks


def end(pid: int, ticks: int | None, sign: signal.Signals, seconds: float) -> None:
    """Ask a process to end and insist after `seconds`; silently done when it has gone already."""
    for step, patience in ((sign, seconds), (signal.SIGKILL, 5.0)):
        if not is_alive(pid, ticks):
            return
        os.kill(pid, step)
        limit = time.monotonic() + patience
        while is_alive(pid, ticks) and time.monotonic() < limit:
            time.sleep(0.05)


def memory_mb(pid: int, *, family: bool = True) -> float:
    """Proportional memory of a process and its children, in MB (shared pages are counted once)."""
    return sum(map(_own_memory_kb, _family(pid) if family else [pid])) / 1024


def ends_with_parent(sign: signal.Signals) -> None:
    """Called in a child before exec: it gets `sign` when the supervisor dies, however it dies."""
    _libc.prctl(PR_SET_PDEATHSIG, int(sign), 0, 0, 0)


def _family(pid: int) -> list[int]:
    members = [pid]
    for member in members:
        for task in Path(f"/proc/{member}/task").glob("*/children"):
            try:
                members += [int(child) for child in task.read_text().split()]
            except OSError:
                continue
    return members


def _own_memory_kb(pid: int) -> int:
    for source, label in ((f"/proc/{pid}/smaps_rollup", "Pss:"), (f"/proc/{pid}/status", "VmRSS:")):
        try:
            lines = Path(source).read_text().splitlines()
        except OSError:
            continue
        return next((int(line.split()[1]) for line in lines if line.startswith(label)), 0)
    return 0
