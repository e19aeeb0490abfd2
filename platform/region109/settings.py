"""Everything region109 reads from the environment, once, at start."""

from collections.abc import Mapping
from dataclasses import dataclass

from chassis109.kernel.settings import ServiceSettings, read_service


@dataclass(frozen=True, kw_only=True)
class Settings(ServiceSettings):
    """What every service reads; the region has nothing beside it."""

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "Settings":
        """Read REGION_*, KEYCLOAK_URL, NATS_*; `<NAME>_FILE` names a file with the value."""
        return cls(**read_service(environ, "REGION", own="REGION_", worker_port=8130))
