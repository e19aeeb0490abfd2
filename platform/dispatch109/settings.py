"""Everything dispatch109 reads from the environment, once, at start."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from chassis109.kernel.settings import ServiceSettings, read, read_keys, read_service


@dataclass(frozen=True, kw_only=True)
class Settings(ServiceSettings):
    """What every service reads, the folder of photos and the keys of personal data."""

    attachments: Path
    contact_keys: Mapping[str, bytes] = field(repr=False)
    index_key: bytes = field(repr=False)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "Settings":
        """Read DISPATCH_*, LIVE_URL, WORKER_PORT, KEYCLOAK_URL, NATS_*; `<NAME>_FILE` names a file with the value."""
        return cls(
            **read_service(environ, "DISPATCH", own="", worker_port=8111),
            attachments=Path(read(environ, "DISPATCH_FILES")),
            contact_keys=read_keys(environ, "DISPATCH_CONTACT_KEYS"),
            index_key=bytes.fromhex(read(environ, "DISPATCH_INDEX_KEY")),
        )
