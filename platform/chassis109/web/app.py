"""The assembly of a web process: what every service's application has in common."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from litestar import Litestar
from litestar.config.cors import CORSConfig
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.template import TemplateConfig
from litestar.types import (
    BeforeMessageSendHookHandler,
    ControllerRouterHandler,
    ExceptionHandlersMap,
    Guard,
    Middleware,
)

from chassis109.web.unread import ReadToTheEnd

# What people type, several times over. A form of 11 MB of separators keeps the process busy for eight seconds, and
# some forms are for everybody; a route that takes files says how much it takes.
MAX_BODY_BYTES = 256 * 1024

Lifespan = Callable[[Litestar], AbstractAsyncContextManager[None] | AsyncGenerator[None, None]]


def assemble(  # noqa: PLR0913 - one argument a concern, all named
    *,
    routes: Sequence[ControllerRouterHandler],
    guards: Sequence[Guard],
    middleware: Sequence[Middleware],
    exception_handlers: ExceptionHandlersMap,
    dependencies: Mapping[str, Provide],
    lifespan: Sequence[Lifespan],
    before_send: Sequence[BeforeMessageSendHookHandler] = (),
    cors: CORSConfig | None = None,
    template_config: TemplateConfig[Any] | None = None,
    openapi: OpenAPIConfig | None = None,
) -> Litestar:
    """A Litestar application in which every handler passes `guards` and every error `exception_handlers`."""
    return Litestar(
        route_handlers=list(routes),
        guards=list(guards),
        middleware=[*middleware, ReadToTheEnd()],
        exception_handlers=exception_handlers,
        dependencies=dict(dependencies),
        before_send=list(before_send),
        cors_config=cors,
        lifespan=list(lifespan),  # type: ignore[arg-type]
        template_config=template_config,
        openapi_config=openapi,
        logging_config=None,  # chassis109.observe.logs writes the logs
        request_max_body_size=MAX_BODY_BYTES,
        pdb_on_exception=False,
    )
