"""/livez: the loop turns. /readyz: this process can take work.

NATS away is degraded and still ready, because the outbox holds; a dependency's outage must not restart a
dispatcher's screen.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from chassis109.kernel.errors import Unavailable
from chassis109.store import unit

READY_SECONDS = 1.0

# The commit of a logical message is flushed to disk: it fails on a standby, read-only or full server.
_WRITE = """
SELECT CASE current_setting('transaction_read_only') WHEN 'off'
       THEN pg_logical_emit_message(true, 'readyz', '') IS NOT NULL ELSE false END
"""


class Readiness(msgspec.Struct):
    """`status`: ready, degraded (still ready) or unavailable; `parts`: what was looked at, and how it is."""

    status: str
    parts: dict[str, str]


async def database_is_writable() -> bool:
    """Whether a transaction of this process reaches the disk; raises DatabaseUnavailable when it cannot."""
    async with unit.transaction(None):
        writable = await unit.fetchval(_WRITE)
    return bool(writable)


def health_routes(
    opt: Mapping[str, Any],
    *,
    required: Mapping[str, Callable[[], Awaitable[bool]]],
    desired: Mapping[str, Callable[[], bool]],
) -> list[HTTPRouteHandler]:
    """The two routes. `required` (database, migrations, keys): all must be True within READY_SECONDS each.
    `desired` (bus): False only degrades. `opt` is what the application's guard wants to see."""

    @get("/livez", opt=dict(opt), include_in_schema=False)
    async def show_liveness() -> dict[str, str]:
        return {"status": "alive"}

    @get("/readyz", opt=dict(opt), include_in_schema=False)
    async def show_readiness() -> Response[Readiness]:
        needed = {name: await _holds(check) for name, check in required.items()}
        wished = {name: check() for name, check in desired.items()}
        parts = {name: "ok" if well else "away" for name, well in (needed | wished).items()}
        ready = all(needed.values())
        status = "unavailable" if not ready else "ready" if all(wished.values()) else "degraded"
        return Response(Readiness(status, parts), status_code=200 if ready else 503)

    return [show_liveness, show_readiness]


async def _holds(check: Callable[[], Awaitable[bool]]) -> bool:
    try:
        return await asyncio.wait_for(check(), READY_SECONDS)
    except (Unavailable, TimeoutError):
        return False
