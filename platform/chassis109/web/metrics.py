"""/metrics of a web process, for a collector on this machine only."""

from collections.abc import Mapping
from typing import Any

from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler

from chassis109.kernel.errors import NotFound
from chassis109.observe import metrics
from chassis109.store.unit import engine
from chassis109.web.limits import is_loopback


def metrics_route(opt: Mapping[str, Any]) -> HTTPRouteHandler:
    """The route; `opt` is what the application's guard wants to see (public: the address is the check).

    A proxy on this machine also comes from the loopback, so a forwarded request is refused as well: the proxy
    must set X-Forwarded-For or Forwarded.
    """

    @get("/metrics", opt=dict(opt), include_in_schema=False, media_type=metrics.CONTENT_TYPE)
    async def show_metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
        host = request.client.host if request.client else ""
        if not is_loopback(host) or "x-forwarded-for" in request.headers or "forwarded" in request.headers:
            raise NotFound
        pool = engine().pool
        if pool is not None:
            metrics.POOL_SIZE.set(pool.get_size())
            metrics.POOL_IN_USE.set(pool.get_size() - pool.get_idle_size())
        return Response(metrics.exposition(), media_type=metrics.CONTENT_TYPE)

    return show_metrics
