"""What a verified token says, and the checks of single claims. Pure: no keys, no clock of its own, no I/O."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from identity109.errors import TokenRefused
from identity109.issuers import ActorKind, Issuer

LEEWAY_SECONDS = 5
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
LOGOUT_AGE_SECONDS = 120
_GROUP = re.compile(r"/(?:tenants/[a-z0-9-]{1,40}|services/[0-9]{3}|region)/[a-z0-9-]{1,40}", re.ASCII)

Payload = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """An accepted access token. `groups` are full paths: /tenants/petropavl/operator, /services/103/machine."""

    issuer: str
    kind: ActorKind
    subject: UUID
    client: str
    username: str
    name: str
    locale: str | None
    groups: tuple[str, ...]
    keycloak_session: str | None
    expires_at: int


def whole(payload: Payload, claim: str) -> int:
    """A claim that must be a whole number of seconds: neither text nor a truth value nor a fraction."""
    value = payload.get(claim)
    if type(value) is not int:
        raise TokenRefused(claim)
    return value


def text(payload: Payload, claim: str) -> str:
    """A claim that must be a text of 1 to 255 characters."""
    value = payload.get(claim)
    if not isinstance(value, str) or not 0 < len(value) <= 255:
        raise TokenRefused(claim)
    return value


def _optional_text(payload: Payload, claim: str) -> str | None:
    return None if payload.get(claim) is None else text(payload, claim)


def check_times(payload: Payload, now: float) -> None:
    """exp and iat must be there; nothing may be expired or from the future beyond the leeway."""
    if whole(payload, "exp") <= now - LEEWAY_SECONDS:
        raise TokenRefused("expired")
    if whole(payload, "iat") > now + LEEWAY_SECONDS:
        raise TokenRefused("iat")
    if "nbf" in payload and whole(payload, "nbf") > now + LEEWAY_SECONDS:
        raise TokenRefused("nbf")


def check_audience(payload: Payload, wanted: str) -> None:
    """`aud` is our name, or a list that holds it."""
    audience = payload.get("aud")
    if not (audience == wanted or (isinstance(audience, list) and wanted in audience)):
        raise TokenRefused("aud")


def subject(payload: Payload) -> UUID:
    """`sub` as Keycloak writes it: a UUID in its one canonical spelling."""
    value = text(payload, "sub")
    try:
        found = UUID(value)
    except ValueError as error:
        raise TokenRefused("sub") from error
    if str(found) != value:
        raise TokenRefused("sub")
    return found


def groups(payload: Payload) -> tuple[str, ...]:
    """Group paths of tenants, desks and region; look-alikes are dropped, anything but a list of texts is refused."""
    value = payload.get("groups", [])
    if not isinstance(value, list) or not all(isinstance(group, str) for group in value):
        raise TokenRefused("groups")
    return tuple(sorted({group for group in value if _GROUP.fullmatch(group)}))


def access(payload: Payload, issuer: Issuer, now: float) -> Claims:
    """The claims of an access token for this API; raises TokenRefused naming the check for the log."""
    if payload.get("iss") != issuer.url:
        raise TokenRefused("iss")
    if payload.get("typ") != "Bearer":
        raise TokenRefused("typ")
    check_audience(payload, issuer.audience)
    check_times(payload, now)
    client = text(payload, "azp")
    if client not in issuer.clients:
        raise TokenRefused("azp")
    username = _optional_text(payload, "preferred_username") or text(payload, "sub")
    return Claims(
        issuer=issuer.url,
        kind=issuer.kind_of(client),
        subject=subject(payload),
        client=client,
        username=username,
        name=_optional_text(payload, "name") or username,
        locale=_optional_text(payload, "locale"),
        groups=groups(payload),
        keycloak_session=_optional_text(payload, "sid"),
        expires_at=whole(payload, "exp"),
    )


def check_identity(payload: Payload, issuer: Issuer, client_id: str, nonce: str, now: float) -> None:
    """OpenID Connect Core 3.1.3.7 for the ID token that comes with the code."""
    if payload.get("iss") != issuer.url or payload.get("typ") != "ID":
        raise TokenRefused("id token")
    check_audience(payload, client_id)
    check_times(payload, now)
    if payload.get("azp", client_id) != client_id or payload.get("nonce") != nonce:
        raise TokenRefused("nonce")


@dataclass(frozen=True, slots=True)
class LogoutOrder:
    """An accepted logout token: which Keycloak session (or all of the person) ends; `jti` is good once."""

    jti: str
    subject: UUID | None
    keycloak_session: str | None


def logout(payload: Payload, issuer: Issuer, client_id: str, now: float) -> LogoutOrder:
    """OpenID Connect Back-Channel Logout 2.6."""
    if payload.get("iss") != issuer.url or "nonce" in payload:
        raise TokenRefused("logout token")
    check_audience(payload, client_id)
    if not -LEEWAY_SECONDS <= now - whole(payload, "iat") <= LOGOUT_AGE_SECONDS:
        raise TokenRefused("iat")
    if "exp" in payload and whole(payload, "exp") <= now - LEEWAY_SECONDS:
        raise TokenRefused("expired")
    events = payload.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(LOGOUT_EVENT), dict):
        raise TokenRefused("events")
    order = LogoutOrder(
        jti=text(payload, "jti"),
        subject=subject(payload) if "sub" in payload else None,
        keycloak_session=_optional_text(payload, "sid"),
    )
    if order.subject is None and order.keycloak_session is None:
        raise TokenRefused("sid")
    return order
