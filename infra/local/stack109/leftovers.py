"""What an earlier supervisor left running when it was killed."""

import signal

from stack109 import state
from stack109.instance import Instance
from stack109.processes import end


def end_all(instance: Instance) -> list[str]:
    """End the parts of a supervisor that has gone; the names of those that still ran.

    Only processes that the state file names by id and birth are touched.
    """
    known = state.read(instance.folder)
    if known is None or known.is_alive():
        return []
    alive = [(name, part) for name, part in known.parts.items() if part.is_alive()]
    for name, part in reversed(alive):
        end(part.pid, part.ticks, signal.SIGINT if name == "postgres" else signal.SIGTERM, 20)
    return [name for name, _ in alive]
