"""Everything identity needs at run time, built once by the entry point and passed down."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

import httpx
import msgspec
from litestar import Request
from litestar.di import Provide
from litestar.response import Template

from identity109.actor import Actor
from identity109.errors import KeysAway
from identity109.fetch_site import AnyConnection
from identity109.form_token import FormTokens
from identity109.issuers import Issuers, trusted
from identity109.jwks import KeyCache
from identity109.oidc import Attempt, Oidc
from identity109.sealing import NotSealedByUs, Sealer
from identity109.sessions import Sessions
from identity109.settings import IdentitySettings
from identity109.tokens import Verifier

LANGUAGE_COOKIE = "lang"
"""Written by the language switch of the screens (ui109)."""
KEYS_SECONDS = 240.0
KEYS_MISSING_SECONDS = 2.0
KEYCLOAK_SECONDS = 3.0
"""How long a request waits for Keycloak before it counts as away."""

AnyRequest = Request[Any, Any, Any]
LanguageOf = Callable[[Any], str]
Render = Callable[..., Template]
Withdrawn = Callable[[int, UUID], Awaitable[None]]


async def _nobody_to_tell(tenant_id: int, subject: UUID) -> None:
    """Live streams re-check every 15–30 s by themselves; a process with a faster way passes its own."""


@dataclass(frozen=True, kw_only=True)
class Gate:
    """Settings, clients and keys of identity, and what the screens bring: language and rendering."""

    settings: IdentitySettings
    issuers: Issuers
    http: httpx.AsyncClient
    keys: KeyCache
    verifier: Verifier
    oidc: Oidc
    sessions: Sessions
    forms: FormTokens
    attempts: Sealer
    language_of: LanguageOf
    render: Render
    withdrawn: Withdrawn

    @classmethod
    def build(
        cls,
        settings: IdentitySettings,
        *,
        language_of: LanguageOf,
        render: Render,
        withdrawn: Withdrawn = _nobody_to_tell,
    ) -> "Gate":
        """Assemble; nothing is contacted yet.

        `language_of(request)` names the language, `render(request, template, **context)` makes a page,
        `withdrawn(tenant_id, subject)` is awaited after a membership ended.
        """
        # The environment's proxy settings are not for the way to our own Keycloak.
        http = httpx.AsyncClient(timeout=KEYCLOAK_SECONDS, trust_env=False)
        issuers = trusted(settings)
        keys = KeyCache(http)
        verifier, oidc = Verifier(issuers, keys), Oidc(settings, http)
        return cls(
            settings=settings,
            issuers=issuers,
            http=http,
            keys=keys,
            verifier=verifier,
            oidc=oidc,
            sessions=Sessions(settings, oidc, verifier),
            forms=FormTokens(settings.session_keys),
            attempts=Sealer(settings.session_keys, "sign-in cookie"),
            language_of=language_of,
            render=render,
            withdrawn=withdrawn,
        )

    async def fetch_keys(self) -> None:
        """Fetch the issuers' keys before the first token comes; quietly without them while Keycloak is away."""
        for issuer in self.issuers.values():
            with suppress(KeysAway):
                await self.keys.key(issuer.jwks_uri, "")

    async def keep_keys(self) -> None:
        """Keep them fetched until cancelled: soon after a start beside Keycloak's, then now and then."""
        while True:
            await self.fetch_keys()
            await asyncio.sleep(KEYS_SECONDS if self.keys_cached() else KEYS_MISSING_SECONDS)

    def keys_cached(self) -> bool:
        """Whether tokens of every issuer can be proven, for /readyz."""
        return all(self.keys.age_seconds(issuer.jwks_uri) is not None for issuer in self.issuers.values())

    async def close(self) -> None:
        """Close the connections to Keycloak."""
        await self.http.aclose()

    def dependencies(self) -> dict[str, Provide]:
        """`gate` and `actor` for handlers: `actor: NamedDependency[SkipValidation[Actor]]`."""
        return {
            "gate": Provide(lambda: self, sync_to_thread=False),
            "actor": Provide(acting, sync_to_thread=False),
        }

    async def still_valid(self, sid_hash: bytes, tenant_id: int) -> bool:
        """Whether the session lives and its person is still in the tenant; keeps the session from idling out.

        For live streams: ask every 15–30 s and end the stream on False.
        """
        entered = await self.sessions.enter(sid_hash, tenant_id)
        return entered is not None and bool(entered.roles)

    def sid(self, connection: AnyConnection) -> str:
        """The value of the session cookie; the empty string when the browser sent none."""
        return connection.cookies.get(self.settings.session_cookie, "")

    def seal_attempt(self, attempt: Attempt) -> str:
        """A sign-in on its way, as the value of the login cookie."""
        plain = msgspec.json.encode(asdict(attempt))
        return (
            f"{self.attempts.key_id}.{self.attempts.seal(plain, self.settings.login_cookie.encode()).hex()}"
        )

    def open_attempt(self, cookie: str, state: str) -> Attempt | None:
        """The sign-in that `state` belongs to; None when the cookie is another's, changed or absent."""
        key_id, _, sealed = cookie.partition(".")
        try:
            plain = self.attempts.open(bytes.fromhex(sealed), self.settings.login_cookie.encode(), key_id)
            attempt = msgspec.convert(msgspec.json.decode(plain), Attempt)
        except (NotSealedByUs, ValueError, msgspec.MsgspecError):
            return None
        return attempt if secrets.compare_digest(attempt.state.encode(), state.encode()) else None


def acting(request: AnyRequest) -> Actor:
    """The actor whom the guard put into the request."""
    actor: Actor = request.scope["state"]["actor"]
    return actor
