"""`memory`: MB of each process of the running stack, against a bare Python that has imported the framework."""

import os
import subprocess
import sys
from pathlib import Path

from tests.bench import processes
from tests.bench.figure import Figure

BARE = "import litestar, asyncpg, sys; print('up', flush=True); sys.stdin.read()"
OURS = ("web", "live", "worker")


async def measure() -> list[Figure]:
    """A figure a part: its processes together (PSS), the largest of them (RSS) beside it."""
    bare, found = _bare(), []
    for name, pid in processes.parts(Path(os.environ["DISPATCH109_LOCAL"])).items():
        members = processes.family(pid) if name != "supervisor" else [pid]
        sizes = [processes.memory_mb(member) for member in members]
        said = f"{len(members)} processes, largest RSS {max(rss for _, rss in sizes):.0f} MB"
        total = sum(pss for pss, _ in sizes)
        found.append(Figure(f"memory.{name}", total, "MB", bare if name in OURS else None, "", said))
    return found


def _bare() -> float:
    with subprocess.Popen(
        [sys.executable, "-c", BARE], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        if process.stdout is None:
            raise RuntimeError("no pipe")
        process.stdout.readline()
        size, _ = processes.memory_mb(process.pid)
        process.communicate()
    return size
