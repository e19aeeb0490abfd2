"""What identity109 reads from the environment, once, at start: for the dispatch, the hub or the region."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from chassis109.kernel.settings import read, read_keys, read_names

IDLE_SECONDS = 3600
"""A console keeps its session alive by itself; an abandoned one ends after an hour."""
ABSOLUTE_SECONDS = 13 * 3600
"""A 12-hour shift and its hand-over."""

Prefix = Literal["DISPATCH", "HUB", "REGION"]


@dataclass(frozen=True)
class _Service:
    """What the services have apart from each other, unless the environment says otherwise."""

    realm_name: str
    realm: str
    client: str
    audience: str
    provisioner: str
    cookie: str


# All run on one host name, and a browser sends a host's cookies to all its ports: hence the names.
_SERVICES: dict[Prefix, _Service] = {
    "DISPATCH": _Service("KEYCLOAK_REALM", "sko", "dispatch-web", "dispatch-api", "PROVISIONER", ""),
    "HUB": _Service("HUB_REALM", "sko-112", "hub-web", "hub-api", "HUB_PROVISIONER", "-112"),
    "REGION": _Service("KEYCLOAK_REALM", "sko", "region-web", "dispatch-api", "PROVISIONER", "-rc"),
}


@dataclass(frozen=True, kw_only=True)
class IdentitySettings:
    """Addresses, client credentials and keys; secrets stay out of the representation."""

    origin: str
    keycloak_url: str
    realm: str = "sko"
    audience: str = "dispatch-api"
    client_id: str = "dispatch-web"
    client_secret: str = field(repr=False)
    session_keys: Mapping[str, bytes] = field(repr=False)
    session_cookie: str = "__Host-sid"
    login_cookie: str = "__Host-login"
    api_clients: frozenset[str] = frozenset({"dispatch-web"})
    machine_clients: frozenset[str] = frozenset()
    """Clients that act for themselves: their tokens are machines, all others are people."""
    idle_seconds: int = IDLE_SECONDS
    absolute_seconds: int = ABSOLUTE_SECONDS

    @property
    def issuer(self) -> str:
        """The exact `iss` of every token of the realm."""
        return f"{self.keycloak_url}/realms/{self.realm}"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], prefix: Prefix = "DISPATCH") -> "IdentitySettings":
        """Read KEYCLOAK_URL, the realm's name, and <prefix>_URL, _OIDC_*, _SESSION_KEYS, _API_CLIENTS and
        _MACHINE_CLIENTS."""
        own = _SERVICES[prefix]
        return cls(
            origin=read(environ, f"{prefix}_URL").rstrip("/"),
            keycloak_url=read(environ, "KEYCLOAK_URL").rstrip("/"),
            realm=read(environ, own.realm_name, own.realm),
            audience=own.audience,
            client_id=read(environ, f"{prefix}_OIDC_CLIENT", own.client),
            client_secret=read(environ, f"{prefix}_OIDC_SECRET"),
            session_keys=read_keys(environ, f"{prefix}_SESSION_KEYS"),
            session_cookie=f"__Host-sid{own.cookie}",
            login_cookie=f"__Host-login{own.cookie}",
            api_clients=read_names(environ, f"{prefix}_API_CLIENTS", own.client),
            machine_clients=read_names(environ, f"{prefix}_MACHINE_CLIENTS"),
        )


@dataclass(frozen=True, kw_only=True)
class ProvisionerSettings:
    """Credentials of the service account that writes groups and people in Keycloak."""

    keycloak_url: str
    realm: str
    client_id: str
    client_secret: str = field(repr=False)

    @classmethod
    def from_environment(
        cls, environ: Mapping[str, str], prefix: Prefix = "DISPATCH"
    ) -> "ProvisionerSettings":
        """Read KEYCLOAK_URL, the realm's name, PROVISIONER_CLIENT and PROVISIONER_SECRET (of the hub:
        HUB_PROVISIONER_…)."""
        own = _SERVICES[prefix]
        return cls(
            keycloak_url=read(environ, "KEYCLOAK_URL").rstrip("/"),
            realm=read(environ, own.realm_name, own.realm),
            client_id=read(environ, f"{own.provisioner}_CLIENT", "provisioner"),
            client_secret=read(environ, f"{own.provisioner}_SECRET"),
        )
