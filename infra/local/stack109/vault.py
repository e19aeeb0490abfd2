"""Generated passwords and keys of an instance: one file each, readable by its owner only."""

import json
import os
import secrets
from pathlib import Path


class Vault:
    """Secrets under one folder, made at first use and kept for the life of the data."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def value(self, name: str) -> str:
        """64 hexadecimal digits (32 random bytes), the same at every call."""
        path = self.folder / name
        if not path.exists() or not path.read_text().strip():
            self.write(name, secrets.token_hex(32))
        return path.read_text().strip()

    def write(self, name: str, text: str) -> Path:
        """Put a file of mode 0600 in place in one step, so that nobody reads half of it."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path, fresh = self.folder / name, self.folder / f".{name}.{os.getpid()}"
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(text)
        fresh.rename(path)
        return path

    def write_json(self, name: str, content: object) -> Path:
        """The same for structured content."""
        return self.write(name, json.dumps(content, indent=1))
