"""One copy of the stack: its name, its folder under `.local/` and its ports."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

DEFAULT_BASE = 8100
PORT_OFFSETS = {
    "web": 9,
    "live": 10,
    "worker": 11,
    "hub": 14,
    "hub-live": 15,
    "hub-worker": 16,
    "region": 17,
    "region-live": 18,
    "keycloak": 19,
    "keycloak-management": 20,
    "region-worker": 21,
    "nats": 22,
    "nats-monitor": 23,
    "postgres": 32,
}
APPLICATION = frozenset({
    "web", "live", "worker", "hub", "hub-live", "hub-worker", "region", "region-live", "region-worker",
})  # fmt: skip


@dataclass(frozen=True)
class Instance:
    """Where one stack lives. `run` is the person's, `test`, `bench` and `prove` are thrown away."""

    root: Path
    name: str
    base: int = DEFAULT_BASE

    @property
    def local(self) -> Path:
        """Everything that is not in git, shared by all instances of this checkout."""
        return self.root / ".local"

    @property
    def folder(self) -> Path:
        """This instance's data, logs and secrets."""
        return self.local / self.name

    @property
    def logs(self) -> Path:
        """One log file per part and per step."""
        return self.folder / "log"

    @property
    def dist(self) -> Path:
        """Downloads that all instances share."""
        return self.local / "dist"

    @property
    def python(self) -> Path:
        """The interpreter that has the libraries; the bootstrap itself runs without them."""
        return self.root / ".venv" / "bin" / "python"

    @property
    def digest(self) -> str:
        """A short name of this checkout and instance, for places outside the checkout."""
        return hashlib.sha256(str(self.root).encode()).hexdigest()[:12]

    @property
    def outside(self) -> Path:
        """Where the database cluster goes when the checkout is closed to the database's user."""
        return Path("/var/lib") / f"dispatch109-{self.digest}" / self.name

    def port(self, name: str) -> int:
        """The TCP port of a part."""
        return self.base + PORT_OFFSETS[name]

    def listening(self, *, base_only: bool = False) -> dict[str, int]:
        """Every port this instance opens, by name."""
        left_out = APPLICATION if base_only else frozenset[str]()
        return {name: self.port(name) for name in PORT_OFFSETS if name not in left_out}

    def make_folders(self) -> None:
        """Make the folders; traversable, because the database runs as another user."""
        for folder in (self.local, self.dist, self.folder, self.logs):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o755)


def wanted_base() -> int:
    """The port base the caller asks for by `DISPATCH109_PORT_BASE`, else the default."""
    return int(os.environ.get("DISPATCH109_PORT_BASE", DEFAULT_BASE))


def remembered(root: Path, name: str) -> Instance:
    """The instance with the ports it was last started with."""
    note = root / ".local" / name / "port-base"
    return Instance(root, name, int(note.read_text()) if note.exists() else wanted_base())


def remember(instance: Instance) -> None:
    """Write the ports down, for commands that come later."""
    (instance.folder / "port-base").write_text(f"{instance.base}\n")
