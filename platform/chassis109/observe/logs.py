"""Logs: one JSON object a line on stdout, nothing personal in it.

A field whose name says that it is personal is masked, and so is what looks like a phone number or an IIN in
any text. Of an exception remain its class, the first line of its message without quoted values (asyncpg
quotes what was typed) and the frames. Newlines and escape codes cannot break a line: JSON quotes them.
"""

import logging
import re
import sys
import traceback
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

import msgspec
import structlog
from structlog.typing import Processor, WrappedLogger

from chassis109.observe import tracing

_PERSONAL = frozenset(
    [
        *("name", "fio", "applicant", "address", "phone", "email", "iin", "text", "body", "comment"),
        *("password", "token", "secret", "cookie", "authorization", "sid", "session", "dsn"),
    ]
)
# +7 701 123 45 67, 8(7152)46-10-10, 87011234567; an IIN is twelve digits. Not inside longer words.
_PHONE = re.compile(
    r"(?<![\w-])(?:\+?7|8)[\s(-]{0,2}\d{3,4}[\s)-]{0,2}\d{2,3}[\s-]?\d{2}[\s-]?\d{2}(?![\w-])"
)
_IIN = re.compile(r"(?<![\w-])\d{12}(?![\w-])")
_QUOTED = re.compile(r"'[^']*'")
MASK = "***"
SHORTEST = 10  # digits of a phone without its +7


def masked(text: str) -> str:
    """`text` without phone numbers and IINs, and without lone surrogates, which no encoder takes."""
    text = text.encode("utf-8", "backslashreplace").decode()
    if len(text) < SHORTEST:  # neither fits
        return text
    return _IIN.sub(MASK, _PHONE.sub(MASK, text))


def _clean(value: object) -> object:
    match value:
        case str():
            return masked(value)
        case Mapping():
            return {k: MASK if str(k).lower() in _PERSONAL else _clean(v) for k, v in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_clean(item) for item in value]
        case bool() | int() | float() | None:
            return value
    return masked(str(value))


def _without_personal_data(_: WrappedLogger, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    return {k: MASK if k.lower() in _PERSONAL else _clean(v) for k, v in event.items()}


def _with_trace(_: WrappedLogger, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if (ids := tracing.ids()) is not None:
        event["trace_id"], event["span_id"] = ids
    return event


def _with_exception(_: WrappedLogger, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exception()
    elif isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        event["exception"] = list(_told(error))
    return event


def _told(error: BaseException | None) -> Iterator[str]:
    """An exception and what caused it, outermost first; frames as file:line function, innermost last."""
    while error is not None:
        yield f"{type(error).__name__}: {_QUOTED.sub(MASK, str(error).partition(chr(10))[0])}"
        for frame in traceback.extract_tb(error.__traceback__):
            yield f"  {frame.filename}:{frame.lineno} {frame.name}"
        error = error.__cause__


def _as_json(_: WrappedLogger, __: str, event: MutableMapping[str, Any]) -> str:
    return msgspec.json.encode(event).decode()


def _steps(service: str, version: str) -> list[Processor]:
    def origin(_: WrappedLogger, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        return {"service": service, "version": version, **event}

    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
        origin,
        _with_trace,
        _with_exception,
        _without_personal_data,
    ]


def open_logs(service: str, version: str, level: int = logging.INFO) -> None:
    """Send the logs of structlog, and warnings of libraries, to stdout as JSON."""
    structlog.configure(
        processors=[*_steps(service, version), _as_json],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_steps(service, version),
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _as_json],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


def bind(**fields: object) -> None:
    """Add fields (`tenant`, `actor_kind`, `actor_id`, …) to every later line of this request or task."""
    structlog.contextvars.bind_contextvars(**fields)
