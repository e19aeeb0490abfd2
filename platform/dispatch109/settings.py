"""Everything dispatch109 reads from the environment, once, at start."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


class SettingMissing(Exception):
    """A setting that has no default is absent; the message names it."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Addresses, DSNs and folders. Secrets stay out of the representation."""

    app_dsn: str = field(repr=False)
    relay_dsn: str = field(repr=False)
    url: str
    live_url: str
    keycloak_url: str
    nats_url: str
    nats_credentials: Path
    attachments: Path
    contact_keys: Mapping[str, bytes] = field(repr=False)
    index_key: bytes = field(repr=False)
    worker_port: int
    traces: bool

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "Settings":
        """Read DISPATCH_*, LIVE_URL, KEYCLOAK_URL, NATS_*; `<NAME>_FILE` names a file that holds the value."""

        def read(name: str, default: str | None = None) -> str:
            if path := environ.get(f"{name}_FILE"):
                return Path(path).read_text(encoding="utf-8").strip()
            value = environ.get(name, default)
            if value is None:
                raise SettingMissing(f"set {name} or {name}_FILE")
            return value

        return cls(
            app_dsn=read("DISPATCH_APP_DSN"),
            relay_dsn=read("DISPATCH_RELAY_DSN", ""),
            url=read("DISPATCH_URL").rstrip("/"),
            live_url=read("LIVE_URL", "").rstrip("/"),
            keycloak_url=read("KEYCLOAK_URL").rstrip("/"),
            nats_url=read("NATS_URL"),
            nats_credentials=Path(read("NATS_CREDENTIALS")),
            attachments=Path(read("DISPATCH_FILES")),
            contact_keys=_keys(read("DISPATCH_CONTACT_KEYS")),
            index_key=bytes.fromhex(read("DISPATCH_INDEX_KEY")),
            worker_port=int(read("WORKER_PORT", "8111")),
            traces="OTEL_EXPORTER_OTLP_ENDPOINT" in environ,
        )


def _keys(text: str) -> dict[str, bytes]:
    """`kid:hex,kid:hex` → 32-byte keys; the first one seals."""
    keys = {
        kid.strip(): bytes.fromhex(value)
        for kid, _, value in (part.partition(":") for part in text.split(","))
    }
    if any(len(key) != 32 for key in keys.values()):
        raise SettingMissing("DISPATCH_CONTACT_KEYS holds a key that is not 32 bytes of hexadecimal")
    return keys
