"""The outermost middleware: request id, trace, figures and one log line a request. Never what people typed:
the path is the route's template, the query is left out."""

import re
import time
from collections.abc import Callable, Mapping

import structlog
from litestar.datastructures import Headers, MutableScopeHeaders
from litestar.enums import HttpMethod
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from opentelemetry.trace import SpanKind
from structlog.contextvars import bound_contextvars

from chassis109.kernel.ids import uuid7
from chassis109.observe import metrics
from chassis109.observe.tracing import span

log = structlog.get_logger()

_GIVEN = re.compile(r"[0-9A-Za-z-]{8,64}")
_METHODS = frozenset(HttpMethod)
QUIET = frozenset({"/livez", "/readyz", "/metrics"})


class RequestLog(ASGIMiddleware):
    """`who` reads from the scope, after the request, what the identity guard found: tenant, actor_kind,
    actor_id. Only tenants that exist may be named there: the value becomes a label."""

    def __init__(self, who: Callable[[Scope], Mapping[str, str]]) -> None:
        self._who = who

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Run the request and tell how it went."""
        headers = Headers.from_scope(scope)
        given = headers.get("x-request-id", "")
        request_id = given if _GIVEN.fullmatch(given) else str(uuid7())
        scope["state"]["request_id"] = request_id
        method, route = str(scope.get("method", "-")), scope.get("path_template") or "-"
        started, status, streamed = time.perf_counter(), 500, False

        async def noting(message: Message) -> None:
            nonlocal status, streamed
            if message["type"] == "http.response.start":
                status, sent = message["status"], MutableScopeHeaders.from_message(message)
                streamed = sent.get("content-type", "").startswith("text/event-stream")
                sent["X-Request-Id"] = request_id
            await send(message)

        traceparent = headers.get("traceparent")
        with (
            bound_contextvars(request_id=request_id),
            span(f"{method} {route}", SpanKind.SERVER, traceparent=traceparent),
        ):
            try:
                await next_app(scope, receive, noting)
            finally:
                seconds = time.perf_counter() - started
                if not streamed:  # a live stream is open for hours, which is no time to answer
                    metrics.REQUEST_SECONDS.labels(route, method).observe(seconds)
                self._tell(scope, method, route, status, seconds)

    async def unrouted(self, message: Message, scope: Scope) -> None:
        """A `before_send` hook for what no route answers: middleware does not run there."""
        state = scope["state"]
        if message["type"] == "http.response.start" and "request_id" not in state:
            state["request_id"] = str(uuid7())
            MutableScopeHeaders.from_message(message)["X-Request-Id"] = state["request_id"]
            with bound_contextvars(request_id=state["request_id"]):
                method = str(scope.get("method"))  # anything at all: not yet checked by a route
                self._tell(scope, method if method in _METHODS else "-", "-", message["status"], 0.0)

    def _tell(self, scope: Scope, method: str, route: str, status: int, seconds: float) -> None:
        who = self._who(scope)
        metrics.REQUESTS.labels(who.get("tenant", ""), route, method, status).inc()
        if route not in QUIET:
            log.info(
                "request", method=method, route=route, status=status, dur_ms=round(seconds * 1000, 1), **who
            )
