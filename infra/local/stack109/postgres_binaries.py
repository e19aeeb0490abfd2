"""Where the distribution keeps PostgreSQL's programs."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Binaries:
    """A PostgreSQL of one major version that has PostGIS."""

    major: int
    folder: Path

    def program(self, name: str) -> str:
        """The path of `postgres`, `initdb`, `psql` …"""
        return str(self.folder / name)


def find(
    library: Path = Path("/usr/lib/postgresql"), share: Path = Path("/usr/share/postgresql")
) -> Binaries | None:
    """The newest PostgreSQL with PostGIS on this machine."""
    found = [
        Binaries(int(folder.name), folder / "bin")
        for folder in library.glob("[0-9]*")
        if (folder / "bin" / "postgres").exists()
        and (folder / "bin" / "psql").exists()
        and (share / folder.name / "extension" / "postgis.control").exists()
    ]
    return max(found, key=lambda binaries: binaries.major, default=None)
