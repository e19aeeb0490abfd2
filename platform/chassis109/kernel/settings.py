"""How every program reads its environment: once, at its start, and what is missing is named."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Environ = Mapping[str, str]


class SettingMissing(Exception):
    """A setting that has no default is absent or unusable; the message names it."""


def read(environ: Environ, name: str, default: str | None = None) -> str:
    """The value of `name`, or the content of the file that `<name>_FILE` points to, without outer blanks."""
    if path := environ.get(f"{name}_FILE"):
        return Path(path).read_text(encoding="utf-8").strip()
    value = environ.get(name, default)
    if value is None:
        raise SettingMissing(f"set {name} or {name}_FILE")
    return value.strip()


def read_keys(environ: Environ, name: str) -> dict[str, bytes]:
    """`kid:hex,kid:hex` as 32-byte keys; the first is the one that seals."""
    try:
        keys = {
            kid.strip(): bytes.fromhex(value)
            for kid, _, value in (part.partition(":") for part in read(environ, name).split(","))
        }
    except ValueError:
        keys = {"": b""}
    if any(len(key) != 32 for key in keys.values()):
        raise SettingMissing(f"{name} holds a key that is not 32 bytes of hexadecimal")
    return keys


def read_names(environ: Environ, name: str, default: str = "") -> frozenset[str]:
    """`one, two` as a set of names."""
    return frozenset(filter(None, (part.strip() for part in read(environ, name, default).split(","))))


@dataclass(frozen=True, kw_only=True)
class ServiceSettings:
    """What every service of the house reads: its database, its addresses, its broker. Secrets stay out of the
    representation."""

    app_dsn: str = field(repr=False)
    relay_dsn: str = field(repr=False)
    url: str
    live_url: str
    keycloak_url: str
    nats_url: str
    nats_credentials: Path
    worker_port: int
    traces: bool


def read_service(environ: Environ, prefix: str, own: str, worker_port: int) -> dict[str, Any]:
    """The fields of ServiceSettings: <prefix>_APP_DSN, _RELAY_DSN and _URL, <own>LIVE_URL and WORKER_PORT, and
    KEYCLOAK_URL, NATS_URL, NATS_CREDENTIALS, which all services share."""
    return {
        "app_dsn": read(environ, f"{prefix}_APP_DSN"),
        "relay_dsn": read(environ, f"{prefix}_RELAY_DSN", ""),
        "url": read(environ, f"{prefix}_URL").rstrip("/"),
        "live_url": read(environ, f"{own}LIVE_URL", "").rstrip("/"),
        "keycloak_url": read(environ, "KEYCLOAK_URL").rstrip("/"),
        "nats_url": read(environ, "NATS_URL"),
        "nats_credentials": Path(read(environ, "NATS_CREDENTIALS")),
        "worker_port": int(read(environ, f"{own}WORKER_PORT", str(worker_port))),
        "traces": "OTEL_EXPORTER_OTLP_ENDPOINT" in environ,
    }
