"""What may be refused, and how it is said.

The class name is the problem type (RFC 9457), the docstring is the sentence: an English message id that
the edge translates. Nothing here knows of HTTP beyond the status number.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as data_field
from typing import Any, ClassVar


class Refused(Exception):
    """The request was refused."""

    status: ClassVar[int] = 409

    def __init__(self, **params: object) -> None:
        self.params: dict[str, object] = params
        super().__init__(self.sentence().format_map(_Shown(params)))

    @classmethod
    def sentence(cls) -> str:
        """The message id: the docstring of the class on one line."""
        return " ".join((cls.__doc__ or Refused.__doc__ or "").split())

    @classmethod
    def problem_type(cls) -> str:
        """`TicketAlreadyClosed` → `ticket-already-closed`."""
        return re.sub(r"(?<!^)(?=[A-Z])", "-", cls.__name__).lower()

    def members(self) -> dict[str, Any]:
        """Further members of the problem document (RFC 9457 §3.2); JSON-ready."""
        return {}


class _Shown(dict[str, object]):
    """Parameters for a sentence; an unknown placeholder stays visible instead of failing."""

    def __init__(self, params: Mapping[str, object]) -> None:
        super().__init__(params)

    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


class Malformed(Refused):
    """The request cannot be read."""

    status = 400


class Unauthenticated(Refused):
    """Sign in first."""

    status = 401


class Forbidden(Refused):
    """Your role does not allow this."""

    status = 403


class NotFound(Refused):
    """There is nothing here."""

    status = 404


class Conflict(Refused):
    """Someone else was faster: look at the present state and try again."""

    status = 409


class TooLarge(Refused):
    """This is too large."""

    status = 413


class TooMany(Refused):
    """Too many requests: wait a moment."""

    status = 429


class Unavailable(Refused):
    """The service is not available right now; nothing was saved. Try again in a moment."""

    status = 503


@dataclass(frozen=True, slots=True)
class FieldError:
    """One field that breaks one rule. `message` is an English message id with {placeholders}."""

    field: str
    rule: str
    message: str
    params: dict[str, object] = data_field(default_factory=dict)


class Invalid(Refused):
    """Some fields need correcting."""

    status = 422

    def __init__(self, *errors: FieldError) -> None:
        self.errors = errors
        super().__init__()
