"""Every figure this platform shows to Prometheus. Labels: tenant, route template, method, status, account;
never an id."""

import threading
from collections.abc import Callable, Iterable
from wsgiref.simple_server import WSGIRequestHandler, make_server
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    make_wsgi_app,
)

REQUESTS = Counter("http_requests_total", "Requests answered", ["tenant", "route", "method", "status"])
REQUEST_SECONDS = Histogram(
    "http_request_seconds",
    "Time to answer",
    ["route", "method"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
CROSS_TENANT_DENIED = Counter("cross_tenant_denied_total", "Requests for a tenant the person is no member of")
POOL_SIZE = Gauge("db_pool_connections", "Open connections to PostgreSQL")
POOL_IN_USE = Gauge("db_pool_in_use", "Connections to PostgreSQL in use")
UNANSWERED = Counter("assignments_unanswered_total", "Services that did not react in time", ["tenant"])
OUTBOX_DEPTH = Gauge("outbox_depth", "Messages that have not left")
OUTBOX_LAG_SECONDS = Gauge("outbox_lag_seconds", "Age of the oldest message that has not left")
OUTBOX_STUCK = Gauge("outbox_stuck", "Messages the broker refused five times or more")
OUTBOX_PUBLISHED = Counter("outbox_published_total", "Messages acknowledged by the broker")
AUDIT_SEAL_LAG_SECONDS = Gauge("audit_seal_lag_seconds", "Age of the oldest audit row that is not sealed")
QUARANTINED = Counter("messages_quarantined_total", "Messages put aside after several failures", ["source"])
FACTS_REFUSED = Counter("facts_refused_total", "Messages to the region without effect", ["tenant", "reason"])
NATS_CONNECTED = Gauge("nats_connected", "Whether the connection of an account is up", ["account"])
SSE_CLIENTS = Gauge("sse_clients", "Open live streams", ["tenant"])
SSE_DROPPED = Counter(
    "sse_events_dropped_total", "Events dropped because a browser read too slowly", ["tenant"]
)

CONTENT_TYPE = CONTENT_TYPE_LATEST


def exposition() -> bytes:
    """All figures in Prometheus' text format."""
    return generate_latest()


def serve(port: int, alive: Callable[[], bool]) -> threading.Thread:
    """Answer /metrics and /livez on the loopback from a thread, for processes that are no web server.

    `alive` says whether the process still does its work: a thread alone would answer for a loop that hangs.
    """
    figures: WSGIApplication = make_wsgi_app()

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] != "/livez":
            return figures(environ, start_response)
        well = alive()
        start_response("200 OK" if well else "503 Service Unavailable", [("Content-Type", "text/plain")])
        return [b"alive\n" if well else b"hangs\n"]

    server = make_server("127.0.0.1", port, application, handler_class=_Silent)
    thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()
    return thread


class _Silent(WSGIRequestHandler):
    """A collector's question is no news for the log."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""
