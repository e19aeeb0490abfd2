"""Sessions of browsers. The browser holds 32 random bytes; everything else is a row.

A session is only ever inserted, updated in place or deleted: a request in flight cannot bring back one that
was closed. Keycloak being away ends no session; Keycloak saying no does.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_bytes
from uuid import UUID

import structlog
from asyncpg import Record

from chassis109.kernel import clock
from chassis109.store import journal
from chassis109.store.journal import AuditEntry
from chassis109.store.unit import transaction
from identity109 import repository
from identity109.claims import Claims
from identity109.errors import KeycloakAway, KeysAway, SignInNotFinished, TokenRefused
from identity109.oidc import Attempt, GrantRefused, Oidc, TokenSet
from identity109.repository import NewSession
from identity109.sealing import NotSealedByUs, Sealer
from identity109.settings import IdentitySettings
from identity109.tokens import Verifier

SID_BYTES = 32
CLAIM_SECONDS = 30
"""How long one request has the right to refresh; also the pause between tries while Keycloak is away."""
EARLY_SECONDS = 20

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Entered:
    """A live session and what the database says of the person in the asked tenant."""

    sid_hash: bytes
    subject: UUID
    name: str
    language: str
    groups: tuple[str, ...]
    roles: tuple[str, ...]
    services: tuple[str | None, ...]
    keycloak_away: bool


def sid_hash_of(sid: str) -> bytes | None:
    """The key of the row for a cookie's value; None for anything that we never issued."""
    try:
        raw = bytes.fromhex(sid)
    except ValueError:
        return None
    return sha256(raw).digest() if len(raw) == SID_BYTES else None


class Sessions:
    """Opens, enters, confirms and closes sessions."""

    def __init__(self, settings: IdentitySettings, oidc: Oidc, verifier: Verifier) -> None:
        self._settings = settings
        self._oidc = oidc
        self._verifier = verifier
        self._sealer = Sealer(settings.session_keys, "session tokens")
        self._running: set[asyncio.Task[Entered | None]] = set()

    async def open(self, tokens: TokenSet, attempt: Attempt, earlier_sid: str = "") -> str:
        """A new session for a finished sign-in; the cookie's value. The browser's earlier session ends."""
        try:
            claims = await self._verifier.verify(tokens.access_token)
        except TokenRefused as refused:
            log.warning("session.token_refused", reason=refused.reason)
            raise SignInNotFinished from refused
        sid = token_bytes(SID_BYTES)
        sid_hash = sha256(sid).digest()
        async with transaction(None):
            await repository.sweep_sessions(clock.now())
            await repository.remember_person(
                claims.subject, claims.username, claims.name, attempt.language, attempt.language_chosen
            )
            await repository.add_session(self._new(sid_hash, claims, tokens))
        if (earlier := sid_hash_of(earlier_sid)) is not None:
            await repository.close_session(earlier)
        return sid.hex()

    async def enter(self, sid_hash: bytes, tenant_id: int | None) -> Entered | None:
        """The session if it lives, in one statement; now and then it is confirmed with Keycloak first."""
        now = clock.now()
        idle = timedelta(seconds=self._settings.idle_seconds)
        row = await repository.enter(sid_hash, tenant_id, now, idle)
        if row is None:
            return None
        entered = _entered(sid_hash, row)
        if not row["refresh_due"]:
            return entered
        # Shielded: a browser that goes away in the middle must not lose the only valid refresh token.
        task = asyncio.create_task(self._confirm(entered, tenant_id, now))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    async def close(self, sid: str) -> None:
        """End this session here and in Keycloak."""
        if (sid_hash := sid_hash_of(sid)) is not None and (row := await repository.close_session(sid_hash)):
            await self._end_in_keycloak([row])

    async def close_all(self, subject: UUID) -> int:
        """End all of the person's sessions here and in Keycloak; their number."""
        rows = await repository.close_sessions_of(subject)
        await self._end_in_keycloak(rows)
        return len(rows)

    def _new(self, sid_hash: bytes, claims: Claims, tokens: TokenSet) -> NewSession:
        now = clock.now()
        return NewSession(
            sid_hash=sid_hash,
            subject=claims.subject,
            groups=claims.groups,
            keycloak_session=claims.keycloak_session,
            refresh_token=self._sealer.seal(tokens.refresh_token.encode(), sid_hash),
            key_id=self._sealer.key_id,
            begins_at=now,
            idle_until=now + timedelta(seconds=self._settings.idle_seconds),
            ends_at=now + timedelta(seconds=self._settings.absolute_seconds),
            refresh_at=_refresh_at(now, tokens),
        )

    async def _confirm(self, entered: Entered, tenant_id: int | None, now: datetime) -> Entered | None:
        """Refresh the tokens, one request at a time by a conditional update of the row.

        The right to refresh is a time limit in the row, not a lock held while Keycloak is asked: a lock would
        keep a database connection for as long as Keycloak is slow.
        """
        retry_at = now + timedelta(seconds=CLAIM_SECONDS)
        claimed = await repository.claim_refresh(entered.sid_hash, now, retry_at)
        if claimed is None:
            return entered
        try:
            tokens = await self._oidc.refresh(self._unsealed(entered.sid_hash, claimed))
            groups = await self._groups(tokens, entered)
        except (KeycloakAway, SignInNotFinished):
            return await self._continued(entered, tenant_id, now)
        except (GrantRefused, TokenRefused, NotSealedByUs) as error:
            log.info("session.ended_by_keycloak", reason=type(error).__name__)
            await repository.close_session(entered.sid_hash)
            return None
        sealed = self._sealer.seal(tokens.refresh_token.encode(), entered.sid_hash)
        await repository.renew(
            entered.sid_hash, sealed, self._sealer.key_id, groups, _refresh_at(now, tokens)
        )
        return replace(entered, groups=groups, keycloak_away=False)

    async def _groups(self, tokens: TokenSet, entered: Entered) -> tuple[str, ...]:
        try:
            claims = await self._verifier.verify(tokens.access_token)
        except KeysAway:
            # The new refresh token must be kept all the same, because the old one is void now.
            return entered.groups
        if claims.subject != entered.subject:
            raise TokenRefused("subject")
        return claims.groups

    async def _continued(self, entered: Entered, tenant_id: int | None, now: datetime) -> Entered:
        """Keycloak is away: the shift goes on. Once per outage and session the tenant's audit says so."""
        if tenant_id is not None and entered.roles and await repository.note_away(entered.sid_hash, now):
            async with transaction(tenant_id):
                entry = AuditEntry(
                    "session.continued_without_keycloak", "session", entered.sid_hash[:8].hex()
                )
                await journal.write(entered.subject, "person", [entry])
        return replace(entered, keycloak_away=True)

    async def _end_in_keycloak(self, rows: Iterable[Record]) -> None:
        for row in rows:
            try:
                await self._oidc.end(self._unsealed(row["sid_hash"], row))
            except NotSealedByUs:
                log.warning("session.key_gone", key_id=row["key_id"])

    def _unsealed(self, sid_hash: bytes, row: Record) -> str:
        return self._sealer.open(row["refresh_token"], sid_hash, row["key_id"]).decode()


def _refresh_at(now: datetime, tokens: TokenSet) -> datetime:
    return now + timedelta(seconds=max(tokens.expires_in - EARLY_SECONDS, EARLY_SECONDS))


def _entered(sid_hash: bytes, row: Record) -> Entered:
    return Entered(
        sid_hash=sid_hash,
        subject=row["subject"],
        name=row["display_name"],
        language=row["language"],
        groups=tuple(row["groups"]),
        roles=tuple(row["roles"] or ()),
        services=tuple(row["services"] or ()),
        keycloak_away=row["keycloak_away"],
    )


async def sweep() -> None:
    """Forget sessions that are over, for a worker's tidying."""
    async with transaction(None):
        await repository.sweep_sessions(clock.now())
