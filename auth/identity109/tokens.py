"""Verification of tokens: from the text a caller shows to claims that may be believed."""

from collections import OrderedDict
from hashlib import sha256

from chassis109.kernel import clock
from identity109 import claims, signature
from identity109.claims import Claims, LogoutOrder
from identity109.errors import TokenRefused
from identity109.issuers import Issuer, Issuers
from identity109.jwks import KeyCache

REMEMBERED_SECONDS = 60
REMEMBERED_TOKENS = 4096


class Verifier:
    """Believes tokens of the trusted issuers only; remembers an accepted one for at most a minute."""

    def __init__(self, issuers: Issuers, keys: KeyCache) -> None:
        self._issuers = issuers
        self._keys = keys
        self._accepted: OrderedDict[bytes, tuple[float, Claims]] = OrderedDict()

    async def verify(self, token: str) -> Claims:
        """The claims of an access token; raises TokenRefused, KeysAway when no key was ever fetched."""
        now = clock.now().timestamp()
        digest = sha256(token.encode("utf-8", "surrogatepass")).digest()
        if (known := self._accepted.get(digest)) and now < known[0]:
            return known[1]
        header, payload = signature.unverified(token)
        issuer = self._issuer(payload.get("iss"))
        if header.get("typ", "JWT") != "JWT":
            raise TokenRefused("typ")
        accepted = claims.access(await signature.proven(token, header, issuer, self._keys), issuer, now)
        self._remember(digest, min(accepted.expires_at, now + REMEMBERED_SECONDS), accepted)
        return accepted

    async def verify_identity(self, token: str, client_id: str, nonce: str) -> None:
        """Accept the ID token of a sign-in that we began with `nonce`; raises TokenRefused."""
        header, payload = signature.unverified(token)
        issuer = self._issuer(payload.get("iss"))
        proven = await signature.proven(token, header, issuer, self._keys)
        claims.check_identity(proven, issuer, client_id, nonce, clock.now().timestamp())

    async def verify_logout(self, token: str, client_id: str) -> LogoutOrder:
        """The order of a back-channel logout token; raises TokenRefused. The caller notices a replay."""
        header, payload = signature.unverified(token)
        issuer = self._issuer(payload.get("iss"))
        if header.get("typ", "logout+jwt") not in {"logout+jwt", "JWT"}:
            raise TokenRefused("typ")
        proven = await signature.proven(token, header, issuer, self._keys)
        return claims.logout(proven, issuer, client_id, clock.now().timestamp())

    def _issuer(self, url: object) -> Issuer:
        issuer = self._issuers.get(url) if isinstance(url, str) else None
        if issuer is None:
            raise TokenRefused("iss")
        return issuer

    def _remember(self, digest: bytes, until: float, accepted: Claims) -> None:
        self._accepted[digest] = (until, accepted)
        if len(self._accepted) > REMEMBERED_TOKENS:
            self._accepted.popitem(last=False)
