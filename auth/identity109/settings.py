"""What identity109 reads from the environment, once, at start."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

IDLE_SECONDS = 3600
"""A console keeps its session alive by itself; an abandoned one ends after an hour."""
ABSOLUTE_SECONDS = 13 * 3600
"""A 12-hour shift and its hand-over."""


class SettingMissing(Exception):
    """A setting that has no default is absent; the message names it."""


def _read(environ: Mapping[str, str], name: str, default: str | None = None) -> str:
    """The value of `name`, or the content of the file that `name_FILE` points to."""
    if path := environ.get(f"{name}_FILE"):
        return Path(path).read_text(encoding="utf-8").strip()
    value = environ.get(name, default)
    if value is None:
        raise SettingMissing(f"set {name} or {name}_FILE")
    return value.strip()


def _keys(text: str) -> dict[str, bytes]:
    """`kid:hex,kid:hex` to 32-byte keys; the first is the one that seals."""
    keys = {
        kid.strip(): bytes.fromhex(value)
        for kid, _, value in (part.partition(":") for part in text.split(","))
    }
    if any(len(key) != 32 for key in keys.values()):
        raise SettingMissing("DISPATCH_SESSION_KEYS holds a key that is not 32 bytes of hexadecimal")
    return keys


@dataclass(frozen=True, kw_only=True)
class IdentitySettings:
    """Addresses, client credentials and keys; secrets stay out of the representation."""

    origin: str
    keycloak_url: str
    realm: str = "sko"
    client_id: str = "dispatch-web"
    client_secret: str = field(repr=False)
    session_keys: Mapping[str, bytes] = field(repr=False)
    api_clients: frozenset[str] = frozenset({"dispatch-web"})
    idle_seconds: int = IDLE_SECONDS
    absolute_seconds: int = ABSOLUTE_SECONDS

    @property
    def issuer(self) -> str:
        """The exact `iss` of every token of the realm."""
        return f"{self.keycloak_url}/realms/{self.realm}"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "IdentitySettings":
        """Read DISPATCH_URL, KEYCLOAK_URL, DISPATCH_OIDC_*, DISPATCH_SESSION_KEYS, DISPATCH_API_CLIENTS."""
        clients = _read(environ, "DISPATCH_API_CLIENTS", "dispatch-web")
        return cls(
            origin=_read(environ, "DISPATCH_URL").rstrip("/"),
            keycloak_url=_read(environ, "KEYCLOAK_URL").rstrip("/"),
            realm=_read(environ, "KEYCLOAK_REALM", "sko"),
            client_id=_read(environ, "DISPATCH_OIDC_CLIENT", "dispatch-web"),
            client_secret=_read(environ, "DISPATCH_OIDC_SECRET"),
            session_keys=_keys(_read(environ, "DISPATCH_SESSION_KEYS")),
            api_clients=frozenset(filter(None, (name.strip() for name in clients.split(",")))),
        )


@dataclass(frozen=True, kw_only=True)
class ProvisionerSettings:
    """Credentials of the service account that writes groups and people in Keycloak."""

    keycloak_url: str
    realm: str
    client_id: str
    client_secret: str = field(repr=False)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "ProvisionerSettings":
        """Read KEYCLOAK_URL, KEYCLOAK_REALM, PROVISIONER_CLIENT and PROVISIONER_SECRET."""
        return cls(
            keycloak_url=_read(environ, "KEYCLOAK_URL").rstrip("/"),
            realm=_read(environ, "KEYCLOAK_REALM", "sko"),
            client_id=_read(environ, "PROVISIONER_CLIENT", "provisioner"),
            client_secret=_read(environ, "PROVISIONER_SECRET"),
        )
