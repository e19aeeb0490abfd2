"""Key pairs of the emergency services' machines: the private half stays in the vault, Keycloak learns the public one.

In production a service makes its own pair and sends its public key; here the stack stands in for it. openssl makes
the pairs, because this package has nothing but the standard library.
"""

import base64
import hashlib
import json
import subprocess

from stack109.nats_conf import SERVICES
from stack109.vault import Vault

P256 = ("-pkeyopt", "ec_paramgen_curve:P-256")
POINT_BYTES = 65
"""The end of a P-256 public key in DER: 0x04 and the two coordinates."""


class MachineKeys:
    """`service-<code>.pem` and `service-<code>.jwks` for every emergency service."""

    def __init__(self, vault: Vault) -> None:
        self._vault = Vault(vault.folder / "machines")
        self.folder = self._vault.folder

    def jwks(self) -> dict[str, str]:
        """The public key sets by service, as Keycloak takes them; pairs that are missing are made."""
        return {code: self._jwks(f"service-{code}") for code in SERVICES}

    def _jwks(self, client: str) -> str:
        private, public = self.folder / f"{client}.pem", self.folder / f"{client}.jwks"
        if not (private.exists() and public.exists()):
            self._vault.write(private.name, _openssl("genpkey", "-algorithm", "EC", *P256).decode())
            der = _openssl("pkey", "-in", str(private), "-pubout", "-outform", "DER")
            self._vault.write(public.name, json.dumps({"keys": [_jwk(der[-POINT_BYTES:])]}))
        return public.read_text()


def _jwk(point: bytes) -> dict[str, str]:
    """RFC 7517, named by its own thumbprint (RFC 7638)."""
    key = {"crv": "P-256", "kty": "EC", "x": _text(point[1:33]), "y": _text(point[33:])}
    canonical = json.dumps(key, sort_keys=True, separators=(",", ":")).encode()
    return {**key, "kid": _text(hashlib.sha256(canonical).digest()), "use": "sig", "alg": "ES256"}


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _openssl(*arguments: str) -> bytes:
    return subprocess.run(["openssl", *arguments], check=True, capture_output=True).stdout
