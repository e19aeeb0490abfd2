"""The public keys of issuers: fetched once for all who wait, kept when the endpoint fails."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import httpx
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from identity109.errors import KeysAway

TTL_SECONDS = 300.0
FIRST_SECONDS = 1.0
COOL_DOWN_SECONDS = 10.0
KID_CHARACTERS = 64

log = structlog.get_logger()


@dataclass
class _KeySet:
    """Keys of one address with the times that decide when to fetch again (monotonic seconds)."""

    keys: Mapping[str, ECKey] = field(default_factory=dict)
    fetched_at: float | None = None
    tried_at: float | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class KeyCache:
    """Keys by (address, kid). One request refills it for all who wait; an unknown kid at most every 10 s."""

    def __init__(self, http: httpx.AsyncClient, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._http = http
        self._monotonic = monotonic
        self._sets: dict[str, _KeySet] = {}

    async def key(self, jwks_uri: str, kid: str) -> ECKey | None:
        """The signing key `kid` or None; raises KeysAway when no key was ever fetched."""
        held = self._sets.setdefault(jwks_uri, _KeySet())
        if self._is_stale(held) or kid not in held.keys:
            await self._refill(held, jwks_uri, kid)
        if held.fetched_at is None:
            raise KeysAway
        return held.keys.get(kid)

    def age_seconds(self, jwks_uri: str) -> float | None:
        """Seconds since the keys were fetched, None when they never were (for /readyz and metrics)."""
        held = self._sets.get(jwks_uri)
        return None if held is None or held.fetched_at is None else self._monotonic() - held.fetched_at

    def _is_stale(self, held: _KeySet) -> bool:
        return held.fetched_at is None or self._monotonic() - held.fetched_at > TTL_SECONDS

    def _is_cooling(self, held: _KeySet) -> bool:
        # Without any key nobody can be let in: ask again soon, Keycloak may be starting beside us.
        seconds = FIRST_SECONDS if held.fetched_at is None else COOL_DOWN_SECONDS
        return held.tried_at is not None and self._monotonic() - held.tried_at < seconds

    async def _refill(self, held: _KeySet, jwks_uri: str, kid: str) -> None:
        async with held.lock:
            # Whoever waited here finds the work of the one before done: then there is nothing to fetch.
            if not self._is_stale(held) and kid in held.keys:
                return
            if self._is_cooling(held):
                return
            held.tried_at = self._monotonic()
            try:
                response = await self._http.get(jwks_uri)
                response.raise_for_status()
                held.keys = signing_keys(response.json())
                held.fetched_at = self._monotonic()
            except (httpx.HTTPError, ValueError) as error:
                log.warning("jwks.fetch_failed", error=type(error).__name__, keys_kept=len(held.keys))


def signing_keys(document: object) -> dict[str, ECKey]:
    """P-256 signature keys of a JWK set by kid; keys for encryption, other kinds and odd kids are dropped.

    Raises ValueError when the document is not a JWK set.
    """
    if not isinstance(document, dict) or not isinstance(document.get("keys"), list):
        raise ValueError("not a JWK set")
    keys: dict[str, ECKey] = {}
    for jwk in document["keys"]:
        if isinstance(jwk, dict) and _signs_by_es256(jwk):
            try:
                keys[jwk["kid"]] = ECKey.import_key({name: jwk[name] for name in ("kty", "crv", "x", "y")})
            except (JoseError, KeyError, ValueError, TypeError):
                log.warning("jwks.key_unreadable")
    return keys


def _signs_by_es256(jwk: Mapping[str, object]) -> bool:
    kid = jwk.get("kid")
    return (
        isinstance(kid, str)
        and 0 < len(kid) <= KID_CHARACTERS
        and jwk.get("kty") == "EC"
        and jwk.get("crv") == "P-256"
        and jwk.get("use", "sig") == "sig"
        and jwk.get("alg", "ES256") == "ES256"
    )
