"""Every route of the three services as their applications have them, and a request to it that its verb would take.

Nothing is listed by hand but words for fields: a new route is attacked by itself, and when its path holds something
that is no column `id` of a table, or its body needs a field without a word, the suite fails and says so.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from importlib import import_module
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import msgspec
from litestar.datastructures import UploadFile
from litestar.handlers import BaseRouteHandler
from litestar.routes import HTTPRoute
from tests import makers
from tests.prove.ground.services import Service

from chassis109.kernel import clock
from identity109.permissions import PUBLIC, Permission

WORDS: dict[str, Any] = {
    "phone": "+77051234567", "category": "other", "text": "Жарық жоқ", "applicant": "Айгүл", "language": "kk",
    "address": "Орталық көше 2", "landmark": "", "point": None, "priority": None, "version": 1, "reason": "тексеру",
    "note": "тексеру", "service": "akimat", "type": "gas.leak_inside", "place": {}, "victims": {}, "hazards": [],
    "relation": "", "can_talk": None, "services": [], "mode": "live", "ticket": "", "outcome": "confirmed",
    "answer": "тексеру", "role": "operator", "service_code": "", "external_id": "", "reason_code": "duplicate",
    "forward_to": None, "minutes": 5, "to": "104", "unit_id": "A-1", "kind": "als", "status": "assigned",
    "call_sign": "А-1", "at": None, "eta": None, "lon": None, "lat": None, "disposition": "тексеру",
    "territory": "esil", "deadline": clock.now() + timedelta(hours=5), "kk": "Боран", "ru": "Буран", "en": "Blizzard",
    "territories": ["esil"], "expires_at": clock.now() + timedelta(hours=5), "hours": "4",
    "said_to": "Серік", "house": "30",
}  # fmt: skip
"""A plausible value for every field of every body."""
ELSEWHERE = {
    ("emergencies", "service"): "104", ("emergencies", "priority"): "", ("mandates", "kind"): "report",
    ("alerts", "kind"): "flood", ("mandates", "to"): "", ("h/", "outcome"): "done", ("referrals", "to"): "esil",
}  # fmt: skip
"""The same where a word means something else: (part of the path, field)."""


PLACES = {"z": "0", "x": "0", "y": "0"}
"""Parameters of a path that name no object: a square of the map, here the whole world."""


class Unknown(AssertionError):
    """A route that the proofs do not know how to call: give its field a word in tests/prove/ground/routes.py."""


@dataclass(frozen=True)
class Route:
    """One method of one path."""

    service: Service
    process: str
    method: str
    path: str
    permission: Permission
    parameters: tuple[str, ...]
    query: tuple[str, ...]
    body: tuple[tuple[str, Any, bool], ...] | None
    """Name, type, and whether it must be there."""
    keyed: bool = field(default=False)
    """Whether it takes an Idempotency-Key."""

    @property
    def ids(self) -> tuple[str, ...]:
        """Parameters of the path that name an object."""
        return tuple(name for name in self.parameters if name != "slug" and name not in PLACES)

    @property
    def is_api(self) -> bool:
        """For programs, by bearer."""
        return self.path.startswith("/api/")

    def address(self, values: dict[str, str]) -> str:
        """The path with these values in it."""
        said = self.path
        for name in self.parameters:
            start = said.index("{" + name)
            said = said[:start] + (PLACES.get(name) or values[name]) + said[said.index("}", start) + 1 :]
        return said

    def request(self) -> dict[str, Any]:
        """Keyword arguments of httpx for a body that the verb takes."""
        if self.body is None:
            return {}
        if any(kind is UploadFile for _, kind, _ in self.body):
            return {"files": {"photo": ("a.jpg", makers.photo(), "image/jpeg")}}
        known = [field for field in self.body if field[2] or field[0] in WORDS]
        said = {name: self._word(name, kind) for name, kind, _ in known}
        if self.is_api:
            return {"json": msgspec.to_builtins(said)}
        return {"data": {name: "" if value is None else str(value) for name, value in said.items()}}

    def _word(self, name: str, kind: Any) -> Any:
        for (part, field_name), word in ELSEWHERE.items():
            if part in self.path and field_name == name:
                return word
        if name in WORDS:
            return WORDS[name]
        for choice in (kind, *get_args(kind)):
            if get_origin(choice) is Literal:
                return get_args(choice)[0]
            if isinstance(choice, type) and issubclass(choice, Enum):
                return next(iter(choice)).value
        if get_origin(kind) in {UnionType, Union} and type(None) in get_args(kind):
            return None
        raise Unknown(f"{self.method} {self.path}: {name}")


def routes(service: Service) -> list[Route]:
    """Every route of web and live that people wrote, but the framework's and the open ones."""
    found = []
    for process, factory in (("web", service.web), ("live", service.live)):
        module, _, name = factory.partition(":")
        for route in getattr(import_module(module), name)().routes:
            if isinstance(route, HTTPRoute):
                for handler in route.route_handlers:
                    found += list(_of(service, process, route, handler))
    return found


def _of(service: Service, process: str, route: HTTPRoute, handler: BaseRouteHandler) -> Iterator[Route]:
    permission = handler.opt.get("permission", PUBLIC)
    if permission is PUBLIC or route.path.startswith("/openapi"):
        return
    fields = handler.parsed_fn_signature.parameters
    body = fields.get("data")
    for method in sorted(getattr(handler, "http_methods", set()) - {"OPTIONS", "HEAD"}):
        yield Route(
            service, process, method, route.path, permission, tuple(route.path_parameters),
            tuple(sorted(set(fields) - {*route.path_parameters, "request", "actor", "key", "gate", "data", "state"})),
            None if body is None else _fields(body.annotation), "key" in fields,
        )  # fmt: skip


def _fields(annotation: Any) -> tuple[tuple[str, Any, bool], ...]:
    while not isinstance(annotation, type):
        annotation = getattr(annotation, "__origin__", None) or get_args(annotation)[0]
    if issubclass(annotation, msgspec.Struct):
        return tuple((f.encode_name, f.type, f.required) for f in msgspec.structs.fields(annotation))
    return tuple((name, kind, True) for name, kind in annotation.__annotations__.items())
