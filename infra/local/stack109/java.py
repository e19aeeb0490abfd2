"""Finding a Java runtime that Keycloak accepts."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from stack109.failure import StackFailure

OLDEST = 17


def find() -> Path | None:
    """The `java` program of the first runtime that is new enough."""
    return next((path for path in _candidates() if _major(path) >= OLDEST), None)


def require() -> Path:
    """The same, or a sentence that says what is missing."""
    if found := find():
        return found
    raise StackFailure(
        f"No Java runtime of version {OLDEST} or newer was found: install openjdk-{OLDEST}-jre-headless."
    )


def _candidates() -> Iterator[Path]:
    if home := os.environ.get("JAVA_HOME"):
        yield Path(home) / "bin" / "java"
    if on_path := shutil.which("java"):
        yield Path(on_path)
    yield from sorted(Path("/usr/lib/jvm").glob("*/bin/java"))


def _major(java: Path) -> int:
    if not java.exists():
        return 0
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', said)
    return int(found.group(1)) if found else 0
