"""A part: one program the supervisor keeps running."""

import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from stack109.shell import User


@dataclass(frozen=True)
class Part:
    """What to start, how to see that it serves, and how to end it.

    `probe` asks the part itself (a query, an HTTP request) and is called from a thread; it returns
    False or raises OSError while the part does not serve yet.
    """

    name: str
    argv: tuple[str, ...]
    port: int | None
    log: Path
    probe: Callable[[], bool]
    environment: Mapping[str, str] = field(default_factory=dict)
    user: User | None = None
    folder: Path | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 15.0
    ready_seconds: float = 240.0
    unwell_seconds: float | None = None
    """After so long without serving a running part is killed and started again; None: it is left alone. Only for what
    serves by itself: a part whose probe asks for others would be restarted because of them."""

    def full_environment(self) -> dict[str, str]:
        """The caller's environment with the part's own on top."""
        return {**os.environ, **self.environment}
