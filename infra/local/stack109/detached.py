"""A supervisor in the background: starting it, following it, ending it."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from stack109 import leftovers, state
from stack109.failure import StackFailure
from stack109.instance import Instance
from stack109.locks import is_held, waiting
from stack109.progress import say
from stack109.shell import open_log

END_SECONDS = 90.0


@dataclass(frozen=True)
class Launched:
    """A supervisor this command has started, and where it writes."""

    process: subprocess.Popen[bytes]
    log: Path


def launch(instance: Instance, *, base_only: bool) -> Launched | None:
    """Start a supervisor that outlives this command; None when one runs already."""
    with waiting(instance.local / "setup.lock"):
        if is_running(instance):
            return None
        launched = _spawn(instance, base_only=base_only)
        while launched.process.poll() is None and not is_running(instance):
            time.sleep(0.02)
    return launched


def follow(instance: Instance, launched: Launched | None) -> None:
    """Show what the supervisor says until the stack is ready; Ctrl-C meanwhile ends the stack."""
    try:
        _follow_own(instance, launched) if launched else _follow_other(instance)
    except KeyboardInterrupt:
        end(instance)
        raise


def end(instance: Instance) -> bool:
    """End the stack; False when it was not running."""
    known = state.read(instance.folder)
    if known is None or not known.is_alive():
        return bool(leftovers.end_all(instance))
    os.kill(known.pid, signal.SIGTERM)
    limit = time.monotonic() + END_SECONDS
    while known.is_alive():
        if time.monotonic() > limit:
            raise StackFailure(f"The supervisor (pid {known.pid}) did not end in {END_SECONDS:g} seconds.")
        time.sleep(0.1)
    return True


def is_running(instance: Instance) -> bool:
    """True when a supervisor holds the instance."""
    return is_held(instance.folder / "lock")


def _spawn(instance: Instance, *, base_only: bool) -> Launched:
    log = instance.logs / "supervisor.log"
    log.unlink(missing_ok=True)
    argv = [sys.executable, "-m", "stack109", "--instance", instance.name, "supervise"]
    with open_log(log) as output:
        process = subprocess.Popen(
            [*argv, "--base"] if base_only else argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd=instance.root,
            env={**os.environ, "DISPATCH109_PORT_BASE": str(instance.base)},
        )
    return Launched(process, log)


def _follow_own(instance: Instance, launched: Launched) -> None:
    """The supervisor's log holds the sentence when it fails, so nothing is added to it here."""
    shown = 0
    while launched.process.poll() is None and not _is_ready(instance, launched.process.pid):
        shown = _show_more(launched.log, shown)
        time.sleep(0.1)
    _show_more(launched.log, shown)
    if launched.process.returncode is not None:
        raise StackFailure("The stack did not start; the reason stands above.")


def _follow_other(instance: Instance) -> None:
    if not _is_ready(instance):
        say("  … another command is starting this stack; waiting for it")
    while is_running(instance):
        if _is_ready(instance):
            return
        time.sleep(0.1)
    known = state.read(instance.folder)
    raise StackFailure(f"The other start failed: {known.message if known else 'it left no message'}")


def _is_ready(instance: Instance, pid: int | None = None) -> bool:
    known = state.read(instance.folder)
    return bool(known and pid in (None, known.pid) and known.is_alive() and known.phase == "ready")


def _show_more(log: Path, shown: int) -> int:
    with log.open() as file:
        file.seek(shown)
        if text := file.read():
            say(text.rstrip("\n"))
        return file.tell()
