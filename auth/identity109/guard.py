"""The application guard: deny by default.

Browser routes know the session cookie only, paths under /api/ the bearer token only. The tenant comes from
the path, and counts when the token's groups and an active row of the database both name the person a member.
"""

import re
from collections.abc import Iterable
from urllib.parse import quote

import structlog
from litestar import Litestar
from litestar.handlers.base import BaseRouteHandler
from litestar.routes import ASGIRoute, HTTPRoute, WebSocketRoute

from chassis109.kernel.errors import Forbidden, NotFound
from chassis109.observe.metrics import CROSS_TENANT_DENIED
from identity109 import repository
from identity109.actor import Actor, spoken
from identity109.errors import AdministrationWaits, SignInFirst, SignInNeeded, TokenRefused
from identity109.fetch_site import SAFE_METHODS, AnyConnection, refuse_cross_site
from identity109.gate import Gate
from identity109.issuers import ActorKind
from identity109.permissions import PUBLIC, SIGNED_IN, WAIT_FOR_KEYCLOAK, Permission, granted, roles_in
from identity109.sessions import sid_hash_of
from tenancy109 import directory
from tenancy109.model import Tenant

CROSS_SITE = "cross_site"
"""Opt key of the one kind of route that other sites may post to: Keycloak's back-channel logout."""
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,39}", re.ASCII)  # a desk is called by its number
_MOST_AUTHORIZATION = 9000

log = structlog.get_logger()


class UndeclaredRoute(RuntimeError):
    """A route without a permission, or with one that cannot be checked on its path."""


class Guard:
    """Refuses whatever is not declared and allowed; leaves the actor in the request's state.

    `home` is the slug of the one tenant of a service that has no others: where a permission is asked for, all its
    routes are there.
    """

    def __init__(self, gate: Gate, home: str | None = None) -> None:
        self._gate, self._home = gate, home

    async def __call__(self, connection: AnyConnection, handler: BaseRouteHandler) -> None:
        """Litestar's guard protocol. Raises 401, 403, 404 or 503; a foreign tenant and none look the same."""
        permission = handler.opt.get("permission")
        if permission is None:
            raise NotFound
        unsafe = connection.scope.get("method", "GET") not in SAFE_METHODS
        if permission is PUBLIC:
            if unsafe and not handler.opt.get(CROSS_SITE):
                refuse_cross_site(connection, self._gate.settings.origin)
            return
        is_api = connection.scope["path_template"].startswith("/api/")
        home = None if permission is SIGNED_IN else self._home
        tenant = await _tenant(connection.path_params.get("slug", home))
        actor = await (self._by_bearer if is_api else self._by_cookie)(connection, tenant)
        _admit(actor, "slug" in connection.path_params or home is not None, permission)
        connection.scope["state"]["actor"] = actor
        if actor.session_id is not None:
            connection.scope["state"]["form_token"] = self._gate.forms.of(actor.session_id)
            if unsafe:
                refuse_cross_site(connection, self._gate.settings.origin)
                await self._gate.forms.check(connection, actor.session_id)

    async def _by_cookie(self, connection: AnyConnection, tenant: Tenant | None) -> Actor:
        sid_hash = sid_hash_of(self._gate.sid(connection))
        tenant_id = None if tenant is None else tenant.id
        entered = None if sid_hash is None else await self._gate.sessions.enter(sid_hash, tenant_id)
        if entered is None:
            raise _sign_in(connection)
        roles, service = agreed(tenant, entered.groups, entered.roles, entered.services)
        return Actor(
            subject=entered.subject,
            name=entered.name,
            kind="person",
            tenant=tenant,
            roles=roles,
            service=service,
            language=spoken(entered.language),
            session_id=entered.sid_hash,
            groups=entered.groups,
            keycloak_away=entered.keycloak_away,
        )

    async def _by_bearer(self, connection: AnyConnection, tenant: Tenant | None) -> Actor:
        scheme, _, token = connection.headers.get("authorization", "")[:_MOST_AUTHORIZATION].partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise SignInNeeded
        try:
            claims = await self._gate.verifier.verify(token)
        except TokenRefused as refused:
            log.info("token.refused", reason=refused.reason)
            raise
        row = await repository.member(claims.subject, None if tenant is None else tenant.id)
        roles, service = agreed(tenant, claims.groups, row["roles"] or (), row["services"] or (), claims.kind)
        return Actor(
            subject=claims.subject,
            name=row["display_name"] or claims.name,
            kind=claims.kind,
            tenant=tenant,
            roles=roles,
            service=service,
            language=spoken(row["language"] or claims.locale),
            session_id=None,
            groups=claims.groups,
        )


def agreed(
    tenant: Tenant | None,
    groups: Iterable[str],
    roles: Iterable[str],
    services: Iterable[str | None],
    kind: ActorKind = "person",
) -> tuple[frozenset[str], str | None]:
    """Roles that both halves name (token groups and database rows, index by index with `services`) and that
    there are for such an actor in such a tenant; and the service of an executor."""
    if tenant is None:
        return frozenset(), None
    in_token, there_are = set(groups), roles_in(tenant.kind, kind)
    both = {
        role: service
        for role, service in zip(roles, services, strict=True)
        if role in there_are and f"{tenant.group_path}/{role}" in in_token
    }
    return frozenset(both), both.get("executor")


def _admit(actor: Actor, in_tenant: bool, permission: Permission) -> None:
    if in_tenant and not actor.roles:
        if actor.tenant is not None:
            CROSS_TENANT_DENIED.inc()
            log.warning("tenant.denied", tenant=actor.tenant.slug, actor=str(actor.subject))
        raise NotFound
    if permission is not SIGNED_IN and permission not in granted(actor.roles):
        raise Forbidden
    if actor.keycloak_away and permission in WAIT_FOR_KEYCLOAK:
        raise AdministrationWaits


async def _tenant(slug: object) -> Tenant | None:
    if not isinstance(slug, str) or not _SLUG.fullmatch(slug):
        return None
    return await directory.find(slug)


def _sign_in(connection: AnyConnection) -> SignInNeeded:
    """A person who opened a page is sent to the sign-in; a script or form gets a plain 401."""
    navigates = connection.headers.get("sec-fetch-mode", "navigate") == "navigate"
    if connection.scope.get("method") != "GET" or not navigates or "hx-request" in connection.headers:
        return SignInNeeded()
    query = connection.scope["query_string"].decode("ascii", "ignore")
    return SignInFirst(quote(connection.scope["path"]) + (f"?{query}" if query else ""))


def refuse_undeclared(app: Litestar, home: str | None = None) -> None:
    """Stop the start when a route declares no permission, or one that needs a tenant outside /…/{slug}/… in a
    service without a home."""
    for route in app.routes:
        for handler in _handlers(route):
            permission = handler.opt.get("permission")
            if not isinstance(permission, Permission):
                raise UndeclaredRoute(f"{route.path} ({handler.handler_name}) declares no permission")
            somewhere = home is not None or "slug" in route.path_parameters
            if permission not in {PUBLIC, SIGNED_IN} and not somewhere:
                raise UndeclaredRoute(
                    f"{route.path} ({handler.handler_name}) needs a tenant for {permission}"
                )


def _handlers(route: HTTPRoute | ASGIRoute | WebSocketRoute) -> list[BaseRouteHandler]:
    """The handlers people wrote; Litestar's own answer to OPTIONS is refused when it is called."""
    if isinstance(route, HTTPRoute):
        return [handler for handler in route.route_handlers if handler.http_methods != {"OPTIONS"}]
    return [route.route_handler]
