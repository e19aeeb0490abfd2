"""Is a port free, and if not, who sits on it."""

import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

from stack109.failure import StackFailure
from stack109.instance import Instance

LISTEN = "0A"


def is_free(port: int) -> bool:
    """True when this machine lets us listen on 127.0.0.1 at the port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def owner(port: int) -> str | None:
    """The process that listens, as `name (pid 123)`; None when the system does not tell us."""
    wanted = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    if not wanted:
        return None
    for process in Path("/proc").glob("[0-9]*"):
        if wanted.intersection(_open_files(process)):
            name = (process / "comm").read_text().strip()
            return f"{name} (pid {process.name})"
    return None


def require_free(ports: Mapping[str, int]) -> None:
    """Refuse to start when a port is taken, naming it and its holder."""
    for name, port in ports.items():
        if not is_free(port):
            holder = owner(port) or "another process, which this user may not see"
            raise StackFailure(
                f"Port {port} ({name}) is already in use by {holder}: stop it, "
                "or choose other ports with DISPATCH109_PORT_BASE=9100."
            )


def free_instance(instance: Instance, step: int = 100) -> Instance:
    """The instance moved to a port base from 18100 upwards where everything is free.

    Each checkout begins its search elsewhere, so that two which start at the same moment do not find the same block.
    """
    bases = range(18100, 32000, step)
    first = int(instance.digest, 16) % len(bases)
    for base in (*bases[first:], *bases[:first]):
        candidate = Instance(instance.root, instance.name, base)
        if all(is_free(port) for port in candidate.listening().values()):
            return candidate
    raise StackFailure("No block of free ports was found between 18100 and 32000.")


def _listening_inodes(port: int) -> Iterator[str]:
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        lines = table.read_text().splitlines()[1:] if table.exists() else []
        for fields in map(str.split, lines):
            if fields[3] == LISTEN and int(fields[1].rsplit(":", 1)[1], 16) == port:
                yield fields[9]


def _open_files(process: Path) -> Iterator[str]:
    try:
        for link in (process / "fd").iterdir():
            yield str(link.readlink())
    except OSError:  # another user's process, or one that has just ended
        return
