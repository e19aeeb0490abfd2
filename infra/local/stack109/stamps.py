"""Remembering that a costly step was done with exactly these inputs."""

import hashlib
from collections.abc import Iterable
from pathlib import Path


def digest(*inputs: Path | str) -> str:
    """A fingerprint of texts, files and folders (names and contents, in order)."""
    sha = hashlib.sha256()
    for item in inputs:
        for chunk in _chunks(item):
            sha.update(len(chunk).to_bytes(8, "big") + chunk)
    return sha.hexdigest()


def is_done(stamp: Path, fingerprint: str) -> bool:
    """True when the step was finished with this fingerprint."""
    return stamp.exists() and stamp.read_text().strip() == fingerprint


def mark_done(stamp: Path, fingerprint: str) -> None:
    """Write down that the step is finished; only ever called after it."""
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(fingerprint + "\n")


def _chunks(item: Path | str) -> Iterable[bytes]:
    if isinstance(item, str):
        yield item.encode()
    elif item.is_file():
        yield item.name.encode()
        yield item.read_bytes()
    else:
        for path in sorted(item.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield str(path.relative_to(item)).encode()
                yield path.read_bytes()
