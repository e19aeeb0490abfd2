"""A stack for one command: started on empty data, ended whatever happens. For tests and benchmarks."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from stack109 import cleaning, detached
from stack109.environment import Stack
from stack109.failure import AlreadyRunning
from stack109.instance import Instance
from stack109.ports import free_instance
from stack109.preparing import prepare
from stack109.progress import say

ENDED_BY_SIGTERM = 128 + signal.SIGTERM


def run_against(root: Path, name: str, argv: Sequence[str], *, base_only: bool = False) -> int:
    """Start instance `name`, run the command with its variables, end it; the command's exit code."""
    instance = Instance(root, name)
    if detached.is_running(instance):
        raise AlreadyRunning(f"A {name} run of this checkout is going on already; wait for it to end.")
    cleaning.wipe(instance)
    prepare(instance, for_tests=True, base_only=base_only)
    instance = free_instance(instance)
    # Whoever ends us while the stack is starting must not leave it behind either.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(ENDED_BY_SIGTERM))
    try:
        detached.follow(instance, detached.launch(instance, base_only=base_only))
        return _run(argv, instance)
    finally:
        say(f"  … ending the {name} stack (its logs stay in {instance.logs})")
        detached.end(instance)
        cleaning.drop_cluster(instance)


def _run(argv: Sequence[str], instance: Instance) -> int:
    """Ctrl-C and SIGTERM reach the command; afterwards the stack is ended in any case."""
    variables = {**os.environ, **Stack(instance).variables()}
    process = subprocess.Popen(argv, cwd=instance.root, env=variables)
    previous = signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.wait()
        return 130
    finally:
        signal.signal(signal.SIGTERM, previous)
