"""Compact JWS, reduced to what Keycloak sends: one algorithm, three header members, a key by kid."""

import binascii
import json
from base64 import urlsafe_b64decode
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from identity109.errors import TokenRefused
from identity109.issuers import Issuer
from identity109.jwks import KID_CHARACTERS, KeyCache

MOST_BYTES = 8192
_HEADER_MEMBERS = frozenset({"alg", "kid", "typ"})


def _json_object(part: str, what: str) -> dict[str, Any]:
    try:
        value = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise TokenRefused(f"{what} unreadable") from error
    if not isinstance(value, dict):
        raise TokenRefused(f"{what} is not an object")
    return value


def unverified(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and payload before any proof: only good for finding the row of the table of issuers."""
    if len(token) > MOST_BYTES or not token.isascii():
        raise TokenRefused("size")
    parts = token.split(".")
    if len(parts) != 3 or not all(parts):
        raise TokenRefused("shape")
    return _json_object(parts[0], "header"), _json_object(parts[1], "payload")


async def proven(token: str, header: dict[str, Any], issuer: Issuer, keys: KeyCache) -> dict[str, Any]:
    """The payload, once the signature stands under a key of `issuer`; raises TokenRefused or KeysAway."""
    # An allow-list of members refuses jwk, jku, x5c, x5u, crit, b64, zip and whatever comes next.
    if header.get("alg") != issuer.algorithm or not header.keys() <= _HEADER_MEMBERS:
        raise TokenRefused("header")
    kid = header.get("kid")
    if not isinstance(kid, str) or not 0 < len(kid) <= KID_CHARACTERS:
        raise TokenRefused("kid")
    key = await keys.key(issuer.jwks_uri, kid)
    if key is None:
        raise TokenRefused("unknown kid")
    return _payload(token, key, issuer.algorithm)


def _payload(token: str, key: ECKey, algorithm: str) -> dict[str, Any]:
    try:
        signed = jws.deserialize_compact(token, key, algorithms=[algorithm])
        payload = json.loads(signed.payload)
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        raise TokenRefused("signature") from error
    if not isinstance(payload, dict):
        raise TokenRefused("payload is not an object")
    return payload
