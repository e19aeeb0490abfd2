"""The lines between the parts, cut and black-holed at the port they lead to, on this machine's loopback only.

`ss -K` resets every connection of a port, as a switch does that restarts. A classic BPF filter on `lo` swallows the
packets of a port without a word, as a pulled cable does. Both need root; whatever becomes of us, the filter goes again
by itself.
"""

import asyncio
import os
import shutil
from asyncio.subprocess import DEVNULL

# Of an IPv4 TCP packet whose source or destination is the port: drop (2); of all others: nothing to say (-1).
_SWALLOW = (
    "10,40 0 0 12,21 0 7 2048,48 0 0 23,21 0 5 6,40 0 0 36,21 2 0 {port},40 0 0 34,21 0 1 {port},"
    "6 0 0 2,6 0 0 4294967295"
)


async def can_cut() -> bool:
    """Whether this kernel lets us reset connections."""
    return os.geteuid() == 0 and shutil.which("ss") is not None


async def can_swallow() -> bool:
    """Whether this kernel lets us drop packets by port; tried at a port that nobody uses."""
    return (
        os.geteuid() == 0
        and shutil.which("tc") is not None
        and await _sh(_filter(1, "add"), _filter(1, "del"))
    )


async def cut(port: int) -> None:
    """Every connection to the port is reset, at both ends."""
    await _sh(f"ss -K -t '( sport = :{port} or dport = :{port} )'")


async def swallow(port: int, seconds: float) -> None:
    """For a while nothing comes through to the port nor back."""
    await _sh(_filter(port, "add"), f"sleep {seconds}", _filter(port, "del"))


def _filter(port: int, verb: str) -> str:
    if verb == "del":
        return f"tc filter del dev lo egress pref {port}"
    code = _SWALLOW.format(port=port)
    return f"(tc qdisc add dev lo clsact; tc filter add dev lo egress pref {port} bpf da bytecode '{code}')"


async def _sh(*commands: str) -> bool:
    """In a session of its own: it is done to the end also when the suite is killed meanwhile."""
    process = await asyncio.create_subprocess_shell(
        " && ".join(commands), stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL, start_new_session=True
    )
    return await process.wait() == 0
