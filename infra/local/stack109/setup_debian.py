"""The Debian and Ubuntu packages the stack stands on: what is missing, and installing it."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from stack109 import java, postgres_binaries
from stack109.failure import StackFailure
from stack109.progress import say, step
from stack109.shell import Command, run

NO_CLUSTER = Path("/etc/postgresql-common/createcluster.d/dispatch109.conf")
BROWSERS = ("chromium-headless-shell", "chromium", "google-chrome", "chromium-browser")
"""The first draws pages as the second does, without the windows around them that nobody sees."""


@dataclass(frozen=True)
class Need:
    """Something the stack needs of the system, and which packages bring it."""

    what: str
    is_met: Callable[[], bool]
    packages: Callable[[], tuple[str, ...]]


def ensure(log: Path, *, for_tests: bool) -> None:
    """Install what is missing if we may; otherwise say in one sentence what to install by hand."""
    missing = [need for need in _needs(for_tests=for_tests) if not need.is_met()]
    if not missing:
        return
    if not shutil.which("apt-get"):
        names = ", ".join(need.what for need in missing)
        raise StackFailure(f"This is not Debian or Ubuntu; install by hand, then start again: {names}.")
    _install(missing, log)
    if still := [need.what for need in missing if not need.is_met()]:
        raise StackFailure(f"Installed, but still not usable: {', '.join(still)}. See {log}.")


def _needs(*, for_tests: bool) -> list[Need]:
    needs = [
        Need("PostgreSQL with PostGIS", lambda: postgres_binaries.find() is not None, _postgres_packages),
        Need("Java 17 or newer", lambda: java.find() is not None, _java_packages),
        Need("Maven", partial(_has, "mvn"), lambda: ("maven",)),
        Need("Node.js and npm", lambda: _has("node") and _has("npm"), lambda: ("nodejs", "npm")),
        Need("OpenSSL", partial(_has, "openssl"), lambda: ("openssl",)),
        Need("Python's venv", _has_venv, _venv_packages),
    ]
    if for_tests:
        needs += [
            Need("Chromium", lambda: browser() is not None, _browser_packages),
            Need("libfaketime", lambda: faketime() is not None, lambda: ("libfaketime",)),
            Need("ss and tc", lambda: _has("ss") and _has("tc"), lambda: ("iproute2",)),
            Need("mkfs.ext4", partial(_has, "mkfs.ext4"), lambda: ("e2fsprogs",)),
        ]
    return needs


def browser() -> str | None:
    """The Chromium the tests drive."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def faketime() -> Path | None:
    """The library by which the tests give a process a wrong clock."""
    return next(Path("/usr/lib").glob("**/faketime/libfaketime.so.1"), None)


def _has(program: str) -> bool:
    return shutil.which(program) is not None


def _has_venv() -> bool:
    return all(importlib.util.find_spec(name) for name in ("ensurepip", "venv"))


def _postgres_packages() -> tuple[str, ...]:
    major = _candidate_major("postgresql")
    return (f"postgresql-{major}", f"postgresql-{major}-postgis-3", f"postgresql-client-{major}")


def _java_packages() -> tuple[str, ...]:
    offered = (f"openjdk-{version}-jre-headless" for version in (21, 17, 25))
    return (next((name for name in offered if _is_offered(name)), "default-jre-headless"),)


def _venv_packages() -> tuple[str, ...]:
    versioned = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    return (versioned if _is_offered(versioned) else "python3-venv",)


def _browser_packages() -> tuple[str, ...]:
    offered = next(filter(_is_offered, ("chromium-headless-shell", "chromium")), "chromium-browser")
    return (offered, "fonts-dejavu-core")


def _candidate_major(package: str) -> str:
    """The major version the distribution's meta package stands for, e.g. `15` of `15+248`."""
    found = re.search(r"Candidate: (?:\d+:)?(\d+)", _policy(package))
    if not found:
        raise StackFailure(f"The distribution offers no package {package}: run apt-get update first.")
    return found.group(1)


def _is_offered(package: str) -> bool:
    return bool(re.search(r"Candidate: \d", _policy(package)))


def _policy(package: str) -> str:
    return subprocess.run(
        ["apt-cache", "policy", package],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C"},
    ).stdout


def _install(missing: list[Need], log: Path) -> None:
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if prefix and not _may_sudo():
        names = " ".join(package for need in missing for package in need.packages())
        raise StackFailure(
            f"Packages are missing and this user may not install them; as root: apt-get install {names}"
        )
    say(
        f"  → installing Debian packages as {'root' if not prefix else 'root by sudo'}: "
        + ", ".join(need.what for need in missing)
    )
    with step("package lists (apt-get update)"):
        run(Command("apt-get update", [*prefix, "apt-get", "-q", "update"], log))
    packages = [package for need in missing for package in need.packages()]
    with step(f"apt-get install {' '.join(packages)}"):
        _apt_install(prefix, packages, log)


def _apt_install(prefix: list[str], packages: list[str], log: Path) -> None:
    """Install without letting Debian start a database cluster of its own beside ours."""
    script = (
        'set -e; keep=0; [ -e "$0" ] && keep=1; mkdir -p "$(dirname "$0")"; '
        '[ $keep = 1 ] || echo "create_main_cluster = false" > "$0"; '
        "trap '[ $keep = 1 ] || rm -f \"$0\"' EXIT; "
        "DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 "
        'install --no-install-recommends "$@"'
    )
    run(Command("apt-get install", [*prefix, "sh", "-c", script, str(NO_CLUSTER), *packages], log))


def _may_sudo() -> bool:
    if not shutil.which("sudo"):
        return False
    if subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0:
        return True
    say("  → packages have to be installed; sudo may ask for your password")
    return subprocess.run(["sudo", "-v"], check=False).returncode == 0
