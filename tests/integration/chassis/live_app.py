"""A live process of the chassis alone, for test_sse.py. `VALID` is a file: while it exists sessions hold."""

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from litestar import Litestar, Request, Response, get
from litestar.params import FromPath
from litestar.response import Stream

from chassis109.bus.connection import Connections
from chassis109.bus.live import LiveFeed
from chassis109.kernel.errors import Refused
from chassis109.web import problems
from chassis109.web.headers import SecurityHeaders
from chassis109.web.requestlog import RequestLog
from chassis109.web.sse import Streams


def create_app() -> Litestar:
    feed = LiveFeed(Connections(os.environ["NATS_URL"], Path(os.environ["NATS_CREDENTIALS"]), "test-live"))
    streams = Streams(feed)

    valid = Path(os.environ["VALID"])

    async def still_valid() -> bool:
        return await asyncio.to_thread(valid.exists)

    @get("/live/{slug:str}")
    async def live(slug: FromPath[str], request: Request[Any, Any, Any]) -> Stream:
        return streams.open(slug, f"{slug}:person", request.headers.get("last-event-id"), still_valid)

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncGenerator[None, None]:
        await feed.open()
        streams.end_on_sigterm()
        yield
        await feed.close()

    def page(_: Request[Any, Any, Any], problem: problems.Problem, __: Refused) -> Response[str]:
        return Response(problem.title, status_code=problem.status)

    return Litestar(
        [live],
        logging_config=None,
        lifespan=[lifespan],
        middleware=[RequestLog(lambda _: {})],
        before_send=[SecurityHeaders(own_url="https://x", live_url="", keycloak_url="https://kc")],
        exception_handlers=problems.handlers(lambda m, _, **p: m.format_map(p), lambda _: "en", page),
    )
