"""What the web and the live process of dispatch109 have in common: store, bus, identity, errors, headers."""

import asyncio
import gc
import os
from collections.abc import AsyncGenerator, Callable, Sequence
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

from chassis109.bus.announce import announce, use_feed
from chassis109.bus.connection import Connections
from chassis109.bus.live import LiveFeed
from chassis109.kernel.errors import Unavailable
from chassis109.observe.logs import open_logs
from chassis109.observe.tracing import close_tracing, open_tracing
from chassis109.store import unit
from chassis109.store.idempotency import RequestKey, request_key
from chassis109.store.migrate import pending
from chassis109.web import app, health, limits, metrics, problems
from chassis109.web.headers import SecurityHeaders
from chassis109.web.requestlog import RequestLog
from chassis109.web.sse import RIGHTS
from dispatch109.contacts import service as contacts
from dispatch109.execution import repository as attachments
from dispatch109.migrate import PACKAGES
from dispatch109.settings import Settings
from dispatch109.tickets.model import State
from identity109.gate import Gate
from identity109.guard import Guard, refuse_undeclared
from identity109.pages import EXCEPTION_HANDLERS
from identity109.permissions import PUBLIC, requires
from identity109.settings import IdentitySettings
from tenancy109 import directory
from ui109 import i18n, templating
from ui109.problems import error_page
from ui109.statuses import STATUSES

VERSION = "0.1.0"
ROOTS = [Path(__file__).parent, Path(__file__).parents[2] / "auth" / "identity109"]


@dataclass(frozen=True)
class Process:
    """The parts of one web process, built once and handed to whoever needs them."""

    settings: Settings
    connections: Connections
    feed: LiveFeed
    gate: Gate

    @classmethod
    def build(cls, name: str) -> "Process":
        """Read the environment; nothing is contacted yet."""
        settings = Settings.from_environment(os.environ)
        connections = Connections(settings.nats_url, settings.nats_credentials, name)
        gate = Gate.build(
            IdentitySettings.from_environment(os.environ),
            language_of=templating.language_of,
            render=templating.page,
            withdrawn=rights_changed,
        )
        return cls(settings, connections, LiveFeed(connections), gate)


def assemble(
    process: Process,
    name: str,
    routes: Sequence[ControllerRouterHandler],
    *,
    openapi: OpenAPIConfig | None = None,
    cors: CORSConfig | None = None,
    on_start: Callable[[], None] | None = None,
) -> Litestar:
    """The Litestar application of a process: every route behind the guard, every error in the person's language."""
    settings, gate = process.settings, process.gate

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncGenerator[None, None]:
        i18n.load()
        open_logs(f"dispatch109-{name}", VERSION)
        open_tracing(f"dispatch109-{name}", VERSION, export=settings.traces)
        contacts.use_keys(settings.contact_keys, settings.index_key)
        attachments.use_folder(settings.attachments)
        await unit.open_store(settings.app_dsn, application=f"dispatch109-{name}")
        use_feed(process.feed)
        await process.feed.open()
        collect_seldom()
        keys = asyncio.create_task(gate.keep_keys())
        if on_start is not None:
            on_start()
        try:
            yield
        finally:
            keys.cancel()
            use_feed(None)
            await process.feed.close()
            await process.connections.close()
            await gate.close()
            await unit.close_store()
            close_tracing()

    public, request_log = requires(PUBLIC), RequestLog(_who)
    ready = health.health_routes(
        public,
        required={"database": health.database_is_writable, "migrations": _at_head},
        desired={"bus": lambda: process.feed.connected, "keys": gate.keys_cached},
    )
    litestar = app.assemble(
        routes=[*routes, *ready, metrics.metrics_route(public)],
        guards=[Guard(gate), limits.RateLimit(rate=200, burst=2000, key=_person)],
        middleware=[request_log],
        before_send=[
            SecurityHeaders(
                own_url=settings.url, live_url=settings.live_url, keycloak_url=settings.keycloak_url
            ),
            request_log.unrouted,
        ],
        exception_handlers=_handlers(),
        dependencies={**gate.dependencies(), "key": Provide(idempotency_key)},
        lifespan=[lifespan],
        template_config=templating.template_config(
            [*(folder for root in ROOTS for folder in root.glob("**/templates"))], live_url=settings.live_url
        ),
        openapi=openapi,
        cors=cors,
    )
    refuse_undeclared(litestar)
    return litestar


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


def _handlers() -> ExceptionHandlersMap:
    common = problems.handlers(in_words, templating.language_of, error_page)
    return cast(ExceptionHandlersMap, {**common, **EXCEPTION_HANDLERS})


def in_words(message: str, language: str, /, **params: object) -> str:
    """A sentence in `language`; the states it names are said as the screens say them."""
    said = {
        name: i18n.translate(STATUSES[value][1], language) if isinstance(value, State) else value
        for name, value in params.items()
    }
    return i18n.translate(message, language, **said)


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


async def _at_head() -> bool:
    """Whether every migration this code knows has been applied."""
    try:
        applied = await unit.lookup("SELECT count(*) AS n FROM migration.applied")
    except (Unavailable, asyncpg.UndefinedTableError, asyncpg.InsufficientPrivilegeError):
        return False
    return bool(applied[0]["n"] >= len(pending(PACKAGES)))


def _person(connection: limits.AnyConnection) -> str:
    actor = connection.scope["state"].get("actor")
    return f"{actor.tenant_id}:{actor.subject}" if actor else limits.by_address(connection)


def _who(scope: Scope) -> dict[str, str]:
    actor = scope["state"].get("actor")
    if actor is None:
        return {}
    who = {"actor_kind": actor.kind, "actor_id": str(actor.subject)}
    return who | ({"tenant": actor.tenant.slug} if actor.tenant else {})
