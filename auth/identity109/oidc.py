"""The conversation with Keycloak on behalf of a browser: authorization code with PKCE, refresh, end."""

import asyncio
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from secrets import token_urlsafe
from typing import Any
from urllib.parse import urlencode

import httpx
import structlog

from identity109.errors import KeycloakAway, SignInNotFinished
from identity109.settings import IdentitySettings

DISCOVERY_SECONDS = 15
"""Short on purpose: a person is told that sign-in is away instead of being sent to a dead address."""
AWAY_SECONDS = 10
"""After a failure nobody asks again for this long, so that an outage does not slow every request."""

log = structlog.get_logger()


class GrantRefused(Exception):
    """Keycloak answered, and said no: the code or the refresh token is void."""


@dataclass(frozen=True, slots=True)
class TokenSet:
    """What the token endpoint gave; `refresh_token` is the newest, the one before is void."""

    access_token: str
    refresh_token: str
    id_token: str
    expires_in: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One sign-in on its way; lives sealed in the browser's cookie."""

    state: str
    nonce: str
    verifier: str
    next: str
    language: str
    language_chosen: bool
    """Whether the person picked the language in the page, as against the browser's own wish."""

    @classmethod
    def begin(cls, next_path: str, language: str, language_chosen: bool) -> "Attempt":
        """A new attempt with fresh secrets."""
        return cls(
            state=token_urlsafe(24),
            nonce=token_urlsafe(24),
            verifier=token_urlsafe(48),
            next=next_path,
            language=language,
            language_chosen=language_chosen,
        )

    @property
    def challenge(self) -> str:
        """The PKCE S256 challenge of the verifier (RFC 7636)."""
        return urlsafe_b64encode(sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()


class Oidc:
    """Client of one realm. Raises KeycloakAway when it does not answer, GrantRefused when it says no."""

    def __init__(self, settings: IdentitySettings, http: httpx.AsyncClient) -> None:
        self._settings = settings
        self._http = http
        self._endpoints: Mapping[str, str] = {}
        self._discovered_at = float("-inf")
        self._away_until = float("-inf")
        self._lock = asyncio.Lock()

    @property
    def redirect_uri(self) -> str:
        """The one exact address to which Keycloak may send a code."""
        return f"{self._settings.origin}/callback"

    async def address(self, attempt: Attempt) -> str:
        """Where the browser goes to sign in, in the person's language."""
        endpoints = await self._discover(fresh=True)
        query = {
            "client_id": self._settings.client_id,
            "redirect_uri": self.redirect_uri,
            "response_type": "code",
            "scope": "openid",
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": attempt.challenge,
            "code_challenge_method": "S256",
            "ui_locales": attempt.language,
        }
        return f"{endpoints['authorization_endpoint']}?{urlencode(query)}"

    async def redeem(self, code: str, attempt: Attempt) -> TokenSet:
        """Exchange the code of a finished sign-in."""
        return await self._tokens(
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": self.redirect_uri,
                "code_verifier": attempt.verifier,
            }
        )

    async def refresh(self, refresh_token: str) -> TokenSet:
        """New tokens for a running session."""
        if time.monotonic() < self._away_until:
            raise KeycloakAway
        return await self._tokens({"grant_type": "refresh_token", "refresh_token": refresh_token})

    async def end(self, refresh_token: str) -> None:
        """End the Keycloak session behind a refresh token, so that the next sign-in asks for the password.

        Silent when Keycloak is away or the session is over already: ours is closed in any case.
        """
        try:
            endpoints = await self._discover()
            await self._post(endpoints["end_session_endpoint"], {"refresh_token": refresh_token})
        except (KeycloakAway, GrantRefused) as error:
            log.warning("oidc.end_failed", error=type(error).__name__)

    async def _tokens(self, form: Mapping[str, str]) -> TokenSet:
        endpoints = await self._discover()
        answer = (await self._post(endpoints["token_endpoint"], form)).json()
        try:
            return TokenSet(
                answer["access_token"],
                answer["refresh_token"],
                answer.get("id_token", ""),
                int(answer["expires_in"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise SignInNotFinished from error

    async def _post(self, address: str, form: Mapping[str, str]) -> httpx.Response:
        settings = self._settings
        try:
            response = await self._http.post(
                address,
                data={**form, "client_id": settings.client_id, "client_secret": settings.client_secret},
            )
        except httpx.HTTPError as error:
            raise self._noted_away() from error
        if response.is_success:
            return response
        if (code := _error_code(response)) == "invalid_grant":
            raise GrantRefused
        # Anything else (overload, our own client secret refused) says nothing about the person's session.
        log.error("oidc.refused", status=response.status_code, error=code)
        raise self._noted_away()

    async def _discover(self, fresh: bool = False) -> Mapping[str, str]:
        """The endpoints; `fresh` asks again after 15 s, otherwise what was once learned serves."""
        async with self._lock:
            age = time.monotonic() - self._discovered_at
            if self._endpoints and (age < DISCOVERY_SECONDS or not fresh):
                return self._endpoints
            try:
                response = await self._http.get(f"{self._settings.issuer}/.well-known/openid-configuration")
                response.raise_for_status()
                document: Any = response.json()
            except (httpx.HTTPError, ValueError) as error:
                raise self._noted_away() from error
            if not isinstance(document, dict) or document.get("issuer") != self._settings.issuer:
                log.error("oidc.foreign_issuer")
                raise KeycloakAway
            self._endpoints, self._discovered_at = document, time.monotonic()
            return self._endpoints

    def _noted_away(self) -> KeycloakAway:
        self._away_until = time.monotonic() + AWAY_SECONDS
        return KeycloakAway()


def _error_code(response: httpx.Response) -> str:
    """The `error` of RFC 6749 5.2, for the log."""
    try:
        return str(response.json().get("error", response.status_code))[:60]
    except (ValueError, AttributeError):
        return str(response.status_code)
