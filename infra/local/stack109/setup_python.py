"""The virtual environment `.venv`, built from `requirements.lock` with hashes."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from stack109.progress import step
from stack109.shell import Command, run
from stack109.stamps import digest, is_done, mark_done

NETWORK = "Is the network there?"


def ensure(root: Path, log: Path) -> None:
    """Make `.venv` hold exactly what the lock says; at once when it already does."""
    environment = root / ".venv"
    fingerprint = digest(root / "requirements.lock", root / "pyproject.toml", str(sys.version_info[:2]))
    stamp = environment / "dispatch109.stamp"
    if is_done(stamp, fingerprint) and _works(environment):
        return
    stamp.unlink(missing_ok=True)
    with step("Python packages from requirements.lock, hashes checked"):
        if not _works(environment):
            _create(environment, log)
        _install(root, environment, log)
    mark_done(stamp, fingerprint)


def _works(environment: Path) -> bool:
    python = environment / "bin" / "python"
    try:
        return subprocess.run([python, "-c", "import pip"], capture_output=True, check=False).returncode == 0
    except OSError:  # absent, or a link to an interpreter that has gone or is closed to this user
        return False


def _create(environment: Path, log: Path) -> None:
    """Begin anew: whatever is there is half-made or belongs to an interpreter that has gone."""
    shutil.rmtree(environment, ignore_errors=True)
    run(Command("Creating .venv", [sys.executable, "-m", "venv", str(environment)], log))


def _install(root: Path, environment: Path, log: Path) -> None:
    python = str(environment / "bin" / "python")
    only_uv = environment / "uv.lock.txt"
    only_uv.write_text(pinned("uv", (root / "requirements.lock").read_text()))
    pip = [python, "-m", "pip", "install", "-q", "--no-deps", "--require-hashes", "-r", str(only_uv)]
    run(Command("Fetching the installer uv", pip, log, hint=NETWORK))
    variables = {"VIRTUAL_ENV": str(environment), **_index(python)}
    uv = [python, "-m", "uv", "pip"]
    sync = [*uv, "sync", "--require-hashes", "--compile-bytecode", "requirements.lock"]
    run(Command("Fetching the Python packages", sync, log, variables, root, hint=NETWORK))
    own = [*uv, "install", "--no-build-isolation", "--no-deps", "-e", "."]
    run(Command("Installing this project into .venv", own, log, variables, root))


def pinned(package: str, lock: str) -> str:
    """The lines of one package in a lock: its version and its hashes."""
    lines = lock.splitlines(keepends=True)
    first = next(number for number, line in enumerate(lines) if line.startswith(f"{package}=="))
    last = first + 1
    while last < len(lines) and lines[last].startswith("    --hash"):
        last += 1
    return "".join(lines[first:last])


def _index(python: str) -> dict[str, str]:
    """Let uv fetch from where this machine's pip is told to."""
    asked = [python, "-m", "pip", "config", "get", "global.index-url"]
    said = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    index = os.environ.get("PIP_INDEX_URL") or said
    return {"UV_DEFAULT_INDEX": index} if index and "UV_DEFAULT_INDEX" not in os.environ else {}
