"""Every route of all web processes: who may call it, what it says of itself."""

from collections.abc import Iterator

import pytest
from litestar import Litestar, get
from litestar.handlers import BaseRouteHandler
from litestar.routes import HTTPRoute

from identity109.guard import UndeclaredRoute, refuse_undeclared
from identity109.permissions import HUB_ROLES, PUBLIC, REGION_ROLES, ROLES, SIGNED_IN, Permission
from tenancy109.model import REGION

# All that may be called without a session, and why.
OPEN_TO_ALL = {
    "/": "sends people to the sign-in or to their place of work",
    "/livez": "for the supervisor",
    "/readyz": "for the supervisor",
    "/metrics": "for a collector on this machine: the handler looks at the address",
    "/static": "files of the screens",
    "/language": "the choice of language",
    "/login": "the sign-in itself",
    "/callback": "the sign-in itself",
    "/signed-out": "the end of it",
    "/backchannel-logout": "Keycloak's order to end sessions, which is signed",
    "/api/openapi.json": "what the API is; no data",
    "/openapi": "the framework's own place for it",
}


def handlers(application: Litestar) -> Iterator[tuple[str, BaseRouteHandler]]:
    """Path and handler of everything that people wrote."""
    for route in application.routes:
        found = route.route_handlers if isinstance(route, HTTPRoute) else [route.route_handler]
        for handler in found:
            if getattr(handler, "http_methods", set()) != {"OPTIONS"}:
                yield route.path, handler


@pytest.mark.parametrize("process", ["web", "live", "hub", "hub-live", "region", "region-live"])
def test_every_route_declares_its_permission(process: str, applications: dict[str, Litestar]) -> None:
    undeclared = [
        path
        for path, handler in handlers(applications[process])
        if not isinstance(handler.opt.get("permission"), Permission)
    ]
    assert undeclared == []
    refuse_undeclared(applications[process], REGION if process.startswith("region") else None)


def test_a_route_without_a_permission_stops_the_start() -> None:
    @get("/forgotten")
    async def forgotten() -> str:
        return "open to all"

    with pytest.raises(UndeclaredRoute):
        refuse_undeclared(Litestar([forgotten]))


def test_only_what_is_listed_here_is_open_to_everybody(applications: dict[str, Litestar]) -> None:
    public = {
        path if path in OPEN_TO_ALL else "/" + path.split("/")[1]
        for application in applications.values()
        for path, handler in handlers(application)
        if handler.opt["permission"] is PUBLIC
    }
    assert public - OPEN_TO_ALL.keys() == set()


@pytest.mark.parametrize(
    ("processes", "roles"),
    [(("web", "live"), ROLES), (("hub", "hub-live"), HUB_ROLES), (("region", "region-live"), REGION_ROLES)],
)
def test_every_permission_that_a_route_asks_for_is_held_by_some_role_of_its_service(
    processes: tuple[str, ...], roles: dict[str, frozenset[Permission]], applications: dict[str, Litestar]
) -> None:
    held = frozenset().union(*roles.values()) | {PUBLIC, SIGNED_IN}
    asked = {handler.opt["permission"] for name in processes for _, handler in handlers(applications[name])}
    assert asked <= held


def test_what_belongs_to_a_tenant_names_it_in_its_path(applications: dict[str, Litestar]) -> None:
    for name, application in applications.items():
        for path, handler in handlers(application):
            if handler.opt["permission"] not in {PUBLIC, SIGNED_IN}:
                # The region is the one tenant of its own service: every path of it is in one place.
                assert "/rc/" in path if name.startswith("region") else "{slug" in path, path


def test_each_service_keeps_to_its_own_addresses(applications: dict[str, Litestar]) -> None:
    for name, application in applications.items():
        own = {"hub": "/hub/", "region": "/rc/"}.get(name.partition("-")[0], "/t/")
        foreign = {"/t/", "/hub/", "/rc/"} - {own}
        assert [path for path, _ in handlers(application) if any(start in path for start in foreign)] == []


@pytest.mark.parametrize("service", ["web", "hub", "region"])
def test_the_json_api_stands_under_its_version_and_only_there(
    service: str, applications: dict[str, Litestar]
) -> None:
    schema = applications[service].openapi_schema
    assert [path for path in schema.paths or {} if not path.startswith("/api/v1/")] == []


@pytest.mark.parametrize("service", ["web", "hub", "region"])
def test_every_operation_of_the_api_has_a_tag_and_says_what_it_does(
    service: str, applications: dict[str, Litestar]
) -> None:
    schema = applications[service].openapi_schema.to_schema()
    for path, item in schema["paths"].items():
        for method, operation in item.items():
            assert operation.get("tags"), f"{method} {path} has no tag"
            assert operation.get("description"), f"{method} {path} has no description"
            assert operation["description"].endswith("."), (
                f"{method} {path}: a sentence ends with a full stop"
            )


@pytest.mark.parametrize("service", ["web", "hub", "region"])
def test_operations_of_the_api_have_names_of_their_own(
    service: str, applications: dict[str, Litestar]
) -> None:
    schema = applications[service].openapi_schema.to_schema()
    names = [operation["operationId"] for item in schema["paths"].values() for operation in item.values()]
    assert len(names) == len(set(names))
    assert schema["openapi"].startswith("3.1")


def test_a_handler_that_changes_something_is_no_get(applications: dict[str, Litestar]) -> None:
    reading = {
        Permission.TICKET_OPEN,
        Permission.TICKET_EXECUTE,
        Permission.TICKET_ASSIGN,
        Permission.PEOPLE_MANAGE,
        Permission.EMERGENCY_HAND_OFF,
        Permission.EMERGENCY_CANCEL,
        Permission.EMERGENCY_REOPEN,
        Permission.HANDOFF_RECEIPT,
        Permission.HANDOFF_DECIDE,
        Permission.HANDOFF_FORWARD,
        Permission.MANDATE_ANSWER,
        Permission.MANDATE_ISSUE,
        Permission.REFERRAL_SEND,
        Permission.REFERRAL_DECIDE,
        Permission.ALERT_ACKNOWLEDGE,
        Permission.ALERT_ISSUE,
    }
    changing = [
        path
        for application in applications.values()
        for path, handler in handlers(application)
        if path.startswith("/api/")
        and handler.opt["permission"] in reading
        and "GET" in getattr(handler, "http_methods", set())
    ]
    # Reading is asked for by a permission to read; the one exception lists the people of the tenant.
    assert changing == ["/api/v1/t/{slug:str}/people"]
