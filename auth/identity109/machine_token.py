"""An access token for a machine that proves itself by its private key (`private_key_jwt`, RFC 7523).

`python -m identity109.machine_token service-103` prints one; KEYCLOAK_URL, HUB_REALM and HUB_MACHINE_KEYS say where.
An outside system does the same with its own key: `obtain` is all there is to it.
"""

import os
import sys
from pathlib import Path
from uuid import uuid4

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey

from chassis109.kernel import clock

ASSERTION_SECONDS = 60
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class MachineRefused(Exception):
    """Keycloak gave no token; the message says why."""


def assertion(client: str, issuer: str, private_key: bytes) -> str:
    """What the machine says about itself: good once, for a minute, at this issuer only."""
    key, now = ECKey.import_key(private_key), int(clock.now().timestamp())
    claims = {"iss": client, "sub": client, "aud": issuer, "jti": str(uuid4()), "iat": now}
    header = {"alg": "ES256", "kid": key.thumbprint()}
    return jwt.encode(header, {**claims, "exp": now + ASSERTION_SECONDS}, key, algorithms=["ES256"])


def obtain(issuer: str, client: str, private_key: bytes) -> str:
    """Ask the realm at `issuer` for an access token. Raises MachineRefused."""
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion(client, issuer, private_key),
    }
    try:
        answer = httpx.post(f"{issuer}/protocol/openid-connect/token", data=form, timeout=10)
    except httpx.HTTPError as failure:
        raise MachineRefused(f"Keycloak does not answer at {issuer}") from failure
    if answer.is_error:
        raise MachineRefused(f"Keycloak gives no token for {client!r}: {answer.text}")
    return str(answer.json()["access_token"])


def main() -> int:
    """Print a token of the machine named on the command line."""
    client = sys.argv[1]
    issuer = f"{os.environ['KEYCLOAK_URL']}/realms/{os.environ['HUB_REALM']}"
    try:
        print(obtain(issuer, client, _key_of(client)))  # noqa: T201 - a command's answer
    except MachineRefused as refusal:
        print(refusal, file=sys.stderr)  # noqa: T201 - a command's answer
        return 1
    return 0


def _key_of(client: str) -> bytes:
    path = Path(os.environ["HUB_MACHINE_KEYS"], f"{client}.pem")
    if not path.exists():
        raise MachineRefused(f"There is no machine {client!r}: its key would be {path}.")
    return path.read_bytes()


if __name__ == "__main__":
    sys.exit(main())
