"""Signing in and out: /login /callback /logout /tenants /me, and Keycloak's back-channel logout."""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

import structlog
from litestar import Request, Response, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter, SkipValidation, URLEncodedBody
from litestar.response import Redirect, Template
from msgspec import Struct

from chassis109.kernel.errors import Malformed
from identity109 import backchannel, membership, people_pages, repository
from identity109.actor import Actor, spoken
from identity109.errors import SignInFirst, SignInNotFinished, TokenRefused
from identity109.gate import LANGUAGE_COOKIE, Gate
from identity109.guard import CROSS_SITE
from identity109.local_path import local_path
from identity109.model import region_roles
from identity109.oidc import Attempt, GrantRefused
from identity109.permissions import PUBLIC, SIGNED_IN, requires

AnyRequest = Request[Any, Any, Any]
Acting = NamedDependency[SkipValidation[Actor]]
TheGate = NamedDependency[SkipValidation[Gate]]
SIGN_IN_SECONDS = 600
TEMPLATES = Path(__file__).parent / "templates"

log = structlog.get_logger()


class LogoutOrderIn(Struct):
    """Keycloak's form of a back-channel logout."""

    logout_token: str


def _cookie(name: str, value: str, seconds: int | None) -> Cookie:
    """A cookie of this host only, unseen by scripts. Lax, because Keycloak's redirect comes from its site."""
    return Cookie(
        key=name, value=value, max_age=seconds, path="/", secure=True, httponly=True, samesite="lax"
    )


def _gone(name: str) -> Cookie:
    return _cookie(name, "", 0)


def _to(path: str, *cookies: Cookie) -> Redirect:
    return Redirect(path, status_code=303, cookies=list(cookies), headers={"Cache-Control": "no-store"})


@get("/login", opt=requires(PUBLIC), include_in_schema=False)
async def login(request: AnyRequest, gate: TheGate, next: FromQuery[str] = "") -> Redirect:
    """Send the browser to Keycloak's page in the person's language; remember where to come back to."""
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    attempt = Attempt.begin(local_path(next), spoken(gate.language_of(request)), spoken(chosen) == chosen)
    address = await gate.oidc.address(attempt)
    return _to(address, _cookie(gate.settings.login_cookie, gate.seal_attempt(attempt), SIGN_IN_SECONDS))


@get("/callback", opt=requires(PUBLIC), include_in_schema=False)
async def callback(
    request: AnyRequest,
    gate: TheGate,
    given_state: Annotated[str, QueryParameter(name="state")] = "",  # `state` is reserved by Litestar
    code: FromQuery[str] = "",
    iss: FromQuery[str] = "",
) -> Redirect:
    """Finish the sign-in that this browser began. Raises SignInNotFinished for any other."""
    names = gate.settings
    attempt = gate.open_attempt(request.cookies.get(names.login_cookie, ""), given_state)
    if attempt is None or not code or iss != names.issuer:
        raise SignInNotFinished
    try:
        tokens = await gate.oidc.redeem(code, attempt)
        await gate.verifier.verify_identity(tokens.id_token, names.client_id, attempt.nonce)
    except (GrantRefused, TokenRefused) as error:
        log.warning("sign_in.refused", reason=getattr(error, "reason", "grant"))
        raise SignInNotFinished from error
    sid = await gate.sessions.open(tokens, attempt, gate.sid(request))
    return _to(attempt.next, _cookie(names.session_cookie, sid, None), _gone(names.login_cookie))


@post("/logout", opt=requires(SIGNED_IN), include_in_schema=False)
async def logout(request: AnyRequest, gate: TheGate) -> Redirect:
    """End this session here and in Keycloak.

    From server to server, so that no token stands in an address and the page's form-action stays 'self'.
    """
    await gate.sessions.close(gate.sid(request))
    return _to("/signed-out", _gone(gate.settings.session_cookie))


@post("/logout-everywhere", opt=requires(SIGNED_IN), include_in_schema=False)
async def logout_everywhere(actor: Acting, gate: TheGate) -> Redirect:
    """End every session of the person, on all machines."""
    await gate.sessions.close_all(actor.subject)
    return _to("/signed-out", _gone(gate.settings.session_cookie))


@get("/signed-out", opt=requires(PUBLIC), include_in_schema=False)
async def signed_out(request: AnyRequest, gate: TheGate) -> Template:
    """The end of a shift: says that the session is over and offers the next sign-in."""
    return gate.render(request, "identity/signed_out.html")


@post("/backchannel-logout", opt={**requires(PUBLIC), CROSS_SITE: True}, include_in_schema=False)
async def backchannel_logout(data: URLEncodedBody[LogoutOrderIn], gate: TheGate) -> Response[None]:
    """Keycloak says that sessions are over. Another's token is answered 400 (2.8 of the standard)."""
    try:
        await backchannel.carry_out(data.logout_token, gate.verifier, gate.settings.client_id)
    except TokenRefused as refused:
        log.warning("backchannel.refused", reason=refused.reason)
        raise Malformed from refused
    return Response(None, status_code=200, headers={"Cache-Control": "no-store"})


@get(["/tenants", "/choose"], opt=requires(SIGNED_IN), include_in_schema=False)
async def choose(request: AnyRequest, actor: Acting, gate: TheGate) -> Template | Redirect:
    """The tenants the person may work in; straight in when there is one and nothing to choose."""
    places = await membership.workplaces(actor)
    if len(places) == 1:
        return _to(places[0].first_screen)
    regional = region_roles(actor.groups)
    return gate.render(request, "identity/choose.html", places=places, region_roles=regional)


@get("/me", opt=requires(SIGNED_IN), include_in_schema=False)
async def me(request: AnyRequest, actor: Acting, gate: TheGate) -> Template:
    """Who am I: name, roles in every tenant, the session, and the way out."""
    return gate.render(
        request,
        "identity/me.html",
        places=await membership.workplaces(actor),
        region_roles=region_roles(actor.groups),
        session=await repository.session_of(actor.session_id or b""),
    )


def ask_to_sign_in(request: AnyRequest, first: SignInFirst) -> Response[Any]:
    """Exception handler: a page was opened without a session; the browser signs in and comes back."""
    return _to(f"/login?{urlencode({'next': first.next_path})}")


EXCEPTION_HANDLERS = {SignInFirst: ask_to_sign_in}
SIGN_IN = (login, callback, logout, logout_everywhere, signed_out, backchannel_logout, choose, me)
"""What every service offers."""
PAGES = (*SIGN_IN, *people_pages.PAGES)
