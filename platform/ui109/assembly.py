"""What the web and live processes of every service have in common: store, bus, identity, errors, headers."""

import asyncio
import gc
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, cast
from uuid import UUID

import asyncpg
from litestar import Litestar, Request
from litestar.config.cors import CORSConfig
from litestar.di import Provide
from litestar.exceptions import InternalServerException
from litestar.openapi import OpenAPIConfig
from litestar.params import HeaderParameter
from litestar.types import ControllerRouterHandler, ExceptionHandlersMap, Scope

from chassis109.bus import subjects
from chassis109.bus.announce import announce, use_feed
from chassis109.bus.connection import Connections
from chassis109.bus.live import LiveFeed
from chassis109.kernel.errors import Unavailable
from chassis109.kernel.settings import ServiceSettings
from chassis109.observe.logs import open_logs
from chassis109.observe.tracing import close_tracing, open_tracing
from chassis109.store import unit
from chassis109.store.idempotency import RequestKey, request_key
from chassis109.store.migrate import pending
from chassis109.web import app, health, limits, metrics, problems
from chassis109.web.headers import SecurityHeaders
from chassis109.web.requestlog import RequestLog
from chassis109.web.sse import RIGHTS
from identity109.gate import Gate
from identity109.guard import Guard, refuse_undeclared
from identity109.pages import EXCEPTION_HANDLERS
from identity109.pages import TEMPLATES as SIGN_IN_TEMPLATES
from identity109.permissions import PUBLIC, requires
from identity109.settings import IdentitySettings
from tenancy109 import directory
from ui109 import i18n, templating
from ui109.problems import error_page
from ui109.product import Product

VERSION = "0.1.0"


def _nothing() -> None:
    """A service without keys or folders of its own."""


@dataclass(frozen=True, kw_only=True)
class Service:
    """What tells one service of the house from another."""

    name: str
    """In logs, traces and the database's list of sessions."""
    product: Product
    account: str = subjects.NODE
    """Of the broker: its screens are told over it."""
    packages: tuple[str, ...]
    """Whose migrations its database must have."""
    templates: Path
    """The folder under which the templates of its slices lie."""
    in_words: Callable[..., str] = i18n.translate
    """A sentence in a language, with what the service says in words of its own."""
    home: str | None = None
    """The slug of the one tenant of a service that has no others."""
    prepare: Callable[[], None] = _nothing
    """Called before the store opens: keys and folders of the service."""


@dataclass(frozen=True)
class Process:
    """The parts of one web process, built once and handed to whoever needs them."""

    name: str
    service: Service
    settings: ServiceSettings
    connections: Connections
    feed: LiveFeed
    gate: Gate

    @classmethod
    def build(
        cls, name: str, service: Service, settings: ServiceSettings, identity: IdentitySettings
    ) -> "Process":
        """Put the parts together; nothing is contacted yet."""
        connections = Connections(settings.nats_url, settings.nats_credentials, name)
        gate = Gate.build(
            identity,
            language_of=templating.language_of,
            render=templating.page,
            withdrawn=rights_changed,
        )
        return cls(name, service, settings, connections, LiveFeed(connections, service.account), gate)

    @property
    def full_name(self) -> str:
        """Service and process, as logs and traces name it."""
        return f"{self.service.name}-{self.name}"


def assemble(
    process: Process,
    routes: Sequence[ControllerRouterHandler],
    *,
    openapi: OpenAPIConfig | None = None,
    cors: CORSConfig | None = None,
    on_start: Callable[[], None] = _nothing,
) -> Litestar:
    """The Litestar application of a process: every route behind the guard, every error in the person's language."""
    settings, gate, service = process.settings, process.gate, process.service
    public, request_log = requires(PUBLIC), RequestLog(_who)
    ready = health.health_routes(
        public,
        required={"database": health.database_is_writable, "migrations": _at_head(service.packages)},
        desired={"bus": lambda: process.feed.connected, "keys": gate.keys_cached},
    )
    litestar = app.assemble(
        routes=[*routes, *ready, metrics.metrics_route(public)],
        guards=[Guard(gate, service.home), limits.RateLimit(rate=200, burst=2000, key=_person)],
        middleware=[request_log],
        before_send=[
            SecurityHeaders(
                own_url=settings.url, live_url=settings.live_url, keycloak_url=settings.keycloak_url
            ),
            request_log.unrouted,
        ],
        exception_handlers=_handlers(service),
        dependencies={**gate.dependencies(), "key": Provide(idempotency_key)},
        lifespan=[_lifespan(process, on_start)],
        template_config=templating.template_config(
            [*service.templates.glob("**/templates"), SIGN_IN_TEMPLATES],
            live_url=settings.live_url,
            product=service.product,
        ),
        openapi=openapi,
        cors=cors,
    )
    refuse_undeclared(litestar, service.home)
    return litestar


def _lifespan(process: Process, on_start: Callable[[], None]) -> app.Lifespan:
    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncGenerator[None, None]:
        i18n.load()
        open_logs(process.full_name, VERSION)
        open_tracing(process.full_name, VERSION, export=process.settings.traces)
        process.service.prepare()
        await unit.open_store(process.settings.app_dsn, application=process.full_name)
        use_feed(process.feed)
        await process.feed.open()
        collect_seldom()
        keys = asyncio.create_task(process.gate.keep_keys())
        on_start()
        try:
            yield
        finally:
            keys.cancel()
            use_feed(None)
            await process.feed.close()
            await process.connections.close()
            await process.gate.close()
            await unit.close_store()
            close_tracing()

    return lifespan


async def rights_changed(tenant_id: int, _: UUID) -> None:
    """A membership ended: every open stream of the tenant asks at once whether its session still holds."""
    tenant = await directory.by_id(tenant_id)
    if tenant is not None:
        announce(tenant.slug, RIGHTS, "", 0)


def collect_seldom() -> None:
    """What start-up made lives as long as the process: leave it out of every later garbage collection."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _handlers(service: Service) -> ExceptionHandlersMap:
    common = problems.handlers(service.in_words, templating.language_of, error_page)
    return cast(ExceptionHandlersMap, {**common, **EXCEPTION_HANDLERS})


async def idempotency_key(
    request: Request[Any, Any, Any],
    given: Annotated[str | None, HeaderParameter(name="Idempotency-Key")] = None,
) -> RequestKey | None:
    """The Idempotency-Key of the request with what the request says; raises when it is malformed."""
    if given is None:
        return None
    said = (request.method.encode(), request.scope["path"].encode(), await _content(request))
    return request_key(request.scope["state"]["actor"].subject, given, *said)


async def _content(request: Request[Any, Any, Any]) -> bytes:
    """What a request says. A form with files has been read from the stream already, and a browser draws a new
    boundary for each try: there the length stands for the content."""
    try:
        return await request.body()
    except InternalServerException:  # "stream consumed"
        return request.headers.get("content-length", "").encode()


def _at_head(packages: tuple[str, ...]) -> Callable[[], Awaitable[bool]]:
    async def is_at_head() -> bool:
        """Whether every migration this code knows has been applied."""
        try:
            applied = await unit.lookup("SELECT count(*) AS n FROM migration.applied")
        except (Unavailable, asyncpg.UndefinedTableError, asyncpg.InsufficientPrivilegeError):
            return False
        return bool(applied[0]["n"] >= len(pending(packages)))

    return is_at_head


def _person(connection: limits.AnyConnection) -> str:
    actor = connection.scope["state"].get("actor")
    return f"{actor.tenant_id}:{actor.subject}" if actor else limits.by_address(connection)


def _who(scope: Scope) -> dict[str, str]:
    actor = scope["state"].get("actor")
    if actor is None:
        return {}
    who = {"actor_kind": actor.kind, "actor_id": str(actor.subject)}
    return who | ({"tenant": actor.tenant.slug} if actor.tenant else {})
