"""One trace from the call to the receipt: W3C trace context through requests, outbox rows and NATS headers.

Spans always have real ids, so that logs and messages can be joined; they leave the process only when
OTEL_EXPORTER_OTLP_ENDPOINT is set.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.asyncpg import AsyncPGInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import AttributeValue

_propagator = TraceContextTextMapPropagator()
_tracer = trace.get_tracer("chassis109")


def open_tracing(service: str, version: str, *, export: bool) -> None:
    """Give this process its tracer; with `export` spans (and SQL statements without values) leave by OTLP."""
    provider = TracerProvider(resource=Resource.create({"service.name": service, "service.version": version}))
    if export:
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        AsyncPGInstrumentor().instrument(tracer_provider=provider)  # type: ignore[no-untyped-call]
    trace.set_tracer_provider(provider)


def close_tracing() -> None:
    """Send what is still buffered."""
    provider = trace.get_tracer_provider()
    if isinstance(provider, TracerProvider):
        provider.shutdown()


def current_traceparent() -> str | None:
    """The W3C traceparent of the running span; None outside of any."""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    return carrier.get("traceparent")


@contextmanager
def span(
    name: str,
    kind: SpanKind = SpanKind.INTERNAL,
    *,
    traceparent: str | None = None,
    **attributes: AttributeValue,
) -> Iterator[Span]:
    """A span around a block, below the running one, or below `traceparent` when that is given and readable.

    An error is marked by the name of its class: its text may hold what people typed.
    """
    parent: Context | None = _propagator.extract({"traceparent": traceparent}) if traceparent else None
    with _tracer.start_as_current_span(
        name, parent, kind, attributes, record_exception=False, set_status_on_exception=False
    ) as running:
        try:
            yield running
        except Exception as error:
            running.set_status(StatusCode.ERROR, type(error).__name__)
            raise


def ids() -> tuple[str, str] | None:
    """(trace id, span id) in hex of the running span, for log lines."""
    context = trace.get_current_span().get_span_context()
    return (f"{context.trace_id:032x}", f"{context.span_id:016x}") if context.is_valid else None
