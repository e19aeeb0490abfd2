"""The table of issuers that are believed. A tenant that must bring its own realm is one more row."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from identity109.settings import IdentitySettings

ActorKind = Literal["person", "machine", "system", "region"]


@dataclass(frozen=True, kw_only=True)
class Issuer:
    """Everything that is fixed for tokens of one issuer; nothing of it is ever taken from a token."""

    url: str
    jwks_uri: str
    audience: str
    clients: frozenset[str]
    actor_kind: ActorKind
    machines: frozenset[str] = frozenset()
    """Those of `clients` that act for themselves."""
    algorithm: str = "ES256"

    def kind_of(self, client: str) -> ActorKind:
        """Who speaks through this client."""
        return "machine" if client in self.machines else self.actor_kind


Issuers = Mapping[str, Issuer]


def trusted(settings: IdentitySettings) -> Issuers:
    """The issuers of a service, by their exact `iss`."""
    staff = Issuer(
        url=settings.issuer,
        jwks_uri=f"{settings.issuer}/protocol/openid-connect/certs",
        audience=settings.audience,
        clients=settings.api_clients | settings.machine_clients,
        machines=settings.machine_clients,
        actor_kind="person",
    )
    return {staff.url: staff}
