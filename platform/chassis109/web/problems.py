"""Errors at the edge: `Refused` becomes problem+json (RFC 9457) or a page, in the person's language."""

import re
from collections.abc import Callable
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import ExceptionHandlersMap

from chassis109.kernel.errors import (
    FieldError,
    Forbidden,
    Invalid,
    Malformed,
    NotFound,
    Refused,
    TooLarge,
    TooMany,
    Unauthenticated,
)

log = structlog.get_logger()

AnyRequest = Request[Any, Any, Any]
Translate = Callable[..., str]


class FieldProblem(msgspec.Struct):
    """One refused field, in the person's language."""

    field: str
    rule: str
    message: str


class Problem(msgspec.Struct, omit_defaults=True):
    """An RFC 9457 problem document. `type` is relative; `request` finds the log line of a fault on our side."""

    type: str
    title: str
    status: int
    request: str = ""
    errors: list[FieldProblem] = []
    present: dict[str, Any] = {}


class MethodNotAllowed(Refused):
    """This address does not take this kind of request."""

    status = 405


class InternalError(Refused):
    """Something broke on our side; nothing was saved. It is recorded under the number shown."""

    status = 500


_BY_STATUS: dict[int, type[Refused]] = {
    400: Malformed, 401: Unauthenticated, 403: Forbidden, 404: NotFound, 405: MethodNotAllowed,
    413: TooLarge, 429: TooMany,
}  # fmt: skip


def problem_of(refused: Refused, language: str, translate: Translate, request_id: str = "") -> Problem:
    """The problem document of a refusal in `language`."""
    errors = refused.errors if isinstance(refused, Invalid) else ()
    return Problem(
        type=f"/problems/{refused.problem_type()}",
        title=translate(refused.sentence(), language, **refused.params),
        status=refused.status,
        # Only where somebody must find the log line: a foreign and a missing id answer the same bytes.
        request=request_id if refused.status >= 500 else "",
        errors=[FieldProblem(e.field, e.rule, translate(e.message, language, **e.params)) for e in errors],
        present=refused.members(),
    )


def refused_by(error: Exception) -> Refused:
    """The refusal that an exception of the framework means; InternalError for anything unforeseen."""
    if isinstance(error, Refused):
        return error
    if isinstance(error, ValidationException):
        return _invalid(error)
    if isinstance(
        error, RecursionError
    ):  # JSON nested deeper than the decoder goes; we recurse nowhere ourselves
        return Malformed()
    if isinstance(error, HTTPException):
        return _BY_STATUS.get(error.status_code, InternalError if error.status_code >= 500 else Malformed)()
    return InternalError()


def _invalid(error: ValidationException) -> Refused:
    """What Litestar and msgspec could not convert, as field errors; a path that does not fit is nowhere."""
    found = error.extra if isinstance(error.extra, list) else []
    named = [item for item in found if item.get("source") != "path"]
    if found and not named:
        return NotFound()
    return Invalid(*map(_field_error, named)) if named else Malformed()


def _field_error(item: dict[str, Any]) -> FieldError:
    message, key = str(item.get("message", "")), str(item.get("key", "data"))
    if missing := re.search(r"missing required field `([^`]+)`", message):
        return FieldError(missing[1], "required", "Fill in this field.")
    if unknown := re.search(r"unknown field `([^`]+)`", message):
        return FieldError(unknown[1], "unknown", "There is no such field.")
    return FieldError("body" if key == "data" else key, "type", "This value is of the wrong kind.")


def wants_json(request: AnyRequest) -> bool:
    """Whether the caller is a program: the API by path, or an Accept header that names JSON and not HTML."""
    accept = request.headers.get("accept", "")
    return request.url.path.startswith("/api/") or ("json" in accept and "html" not in accept)


def handlers(
    translate: Translate,
    language_of: Callable[[AnyRequest], str],
    page: Callable[[AnyRequest, Problem, Refused], Response[Any]],
) -> ExceptionHandlersMap:
    """One handler for everything that may be raised; `page` renders a problem for people."""

    def handle(request: AnyRequest, error: Exception) -> Response[Any]:
        refused = refused_by(error)
        request_id = str(request.scope.get("state", {}).get("request_id", ""))
        if isinstance(refused, InternalError):
            log.error("request.failed", request=request_id, exc_info=error)
        problem = problem_of(refused, language_of(request), translate, request_id)
        if not wants_json(request):
            return page(request, problem, refused)
        return Response(
            msgspec.json.encode(problem),
            status_code=problem.status,
            media_type="application/problem+json",
            headers=_headers(error, problem.status),
        )

    return {Exception: handle, HTTPException: handle, Refused: handle}


def _headers(error: Exception, status: int) -> dict[str, str]:
    """What HTTP wants beside a refusal: how to sign in, when to come back, which methods there are."""
    given = dict(getattr(error, "headers", None) or {})
    kept = {name: value for name, value in given.items() if name.lower() in {"retry-after", "allow"}}
    return kept | ({"WWW-Authenticate": "Bearer"} if status == 401 else {})
