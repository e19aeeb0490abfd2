"""An application with the real guard and screens, a real database, and a sign-in service on the loopback.

Needs a database with the migrations and the tenants in it, as `make test` prepares it.
"""

import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
import pytest_asyncio
from litestar import Litestar, get, post
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from tests.unit.identity109.local_issuer import ORIGIN, LocalIssuer

from chassis109.kernel import clock
from chassis109.store import unit
from chassis109.store.unit import transaction
from chassis109.web.app import assemble
from chassis109.web.problems import handlers
from identity109 import pages, repository, routes
from identity109.actor import Actor
from identity109.gate import Gate
from identity109.guard import Guard, refuse_undeclared
from identity109.permissions import SIGNED_IN, Permission, requires
from identity109.sessions import sid_hash_of
from tenancy109 import directory
from ui109 import i18n, problems, templating
from ui109.product import DISPATCH, Product

Acting = NamedDependency[SkipValidation[Actor]]
BROWSER = (
    "https://localhost:8109"  # cookies of __Host- are Secure; browsers trust localhost, this client does not
)
OURS = {"sec-fetch-site": "same-origin"}


def _seen(actor: Actor) -> dict[str, Any]:
    return {
        "tenant": actor.tenant.slug if actor.tenant else None,
        "roles": sorted(actor.roles),
        "service": actor.service,
        "away": actor.keycloak_away,
    }


@get("/t/{slug:str}/probe", opt=requires(Permission.TICKET_READ))
async def read(actor: Acting) -> dict[str, Any]:
    return _seen(actor)


@post("/t/{slug:str}/probe", opt=requires(Permission.TICKET_OPEN), status_code=200)
async def write(actor: Acting) -> dict[str, Any]:
    return _seen(actor)


@get("/t/{slug:str}/override", opt=requires(Permission.TICKET_OVERRIDE))
async def override(actor: Acting) -> dict[str, Any]:
    return _seen(actor)


@get("/t/{slug:str}/any", opt=requires(SIGNED_IN))
async def any_member(actor: Acting) -> dict[str, Any]:
    return _seen(actor)


@get("/t/{slug:str}/administer", opt=requires(Permission.PEOPLE_MANAGE))
async def administer(actor: Acting) -> dict[str, Any]:
    return _seen(actor)


@get("/api/v1/t/{slug:str}/probe", opt=requires(Permission.TICKET_READ))
async def api_read(actor: Acting) -> dict[str, Any]:
    return _seen(actor)


@get("/undeclared")
async def undeclared() -> str:
    return "never"


PROBES = (read, write, override, any_member, administer, api_read)


@dataclass
class Person:
    """Somebody with roles per tenant in the database, and the same groups in the tokens unless said otherwise."""

    subject: UUID
    groups: list[str]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def store() -> AsyncIterator[None]:
    """The process-wide store, opened unless another fixture keeps it open."""
    directory.forget()
    try:
        unit.engine()
        yield
    except unit.NoUnitOfWork:
        await unit.open_store(os.environ["DISPATCH_APP_DSN"])
        yield
        await unit.close_store()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def owner() -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(os.environ["DISPATCH_OWNER_DSN"])
    yield connection
    await connection.close()


class People:
    """Makes people and removes them again."""

    def __init__(self) -> None:
        self.made: list[Person] = []

    async def add(self, roles: dict[str, list[str]], services: dict[str, str] | None = None) -> Person:
        """`roles` by slug; `services` by slug for executors."""
        person = Person(uuid4(), [f"/tenants/{slug}/{role}" for slug, held in roles.items() for role in held])
        async with transaction(None):
            await repository.remember_person(person.subject, "test", "Айгүл Сәрсенова", "ru", False)
        for slug, held in roles.items():
            await self.grant(person, slug, held, (services or {}).get(slug))
        self.made.append(person)
        return person

    async def actor(self, person: Person, slug: str) -> Actor:
        """The person acting in a tenant, as the guard would say it."""
        held = frozenset(group.rsplit("/", 1)[1] for group in person.groups if f"/{slug}/" in group)
        return Actor(
            subject=person.subject, name="test", kind="person", tenant=await directory.find(slug), roles=held,
            service=None, language="ru", session_id=None,
        )  # fmt: skip

    async def grant(self, person: Person, slug: str, roles: list[str], service: str | None = None) -> None:
        async with transaction(await tenant_id(slug)):
            codes = [service if role == "executor" else None for role in roles]
            await repository.grant([person.subject] * len(roles), roles, codes, None, clock.now())


async def tenant_id(slug: str) -> int:
    tenant = await directory.find(slug)
    assert tenant is not None, f"the tenant {slug} is not in the database"
    return tenant.id


@pytest_asyncio.fixture(loop_scope="session")
async def people(store: None, owner: asyncpg.Connection) -> AsyncIterator[People]:
    made = People()
    yield made
    subjects = [person.subject for person in made.made]
    for tenant in await directory.all():
        await owner.execute("SELECT set_config('app.tenant', $1, false)", str(tenant.id))
        await owner.execute("DELETE FROM identity.membership WHERE subject = ANY($1)", subjects)
    await owner.execute("DELETE FROM identity.session WHERE subject = ANY($1)", subjects)
    await owner.execute("DELETE FROM identity.person WHERE subject = ANY($1)", subjects)


@pytest.fixture
def issuer() -> Iterator[LocalIssuer]:
    local = LocalIssuer()
    yield local
    local.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def gate(issuer: LocalIssuer, store: None) -> AsyncIterator[Gate]:
    built = Gate.build(issuer.settings(), language_of=templating.language_of, render=templating.page)
    yield built
    await built.close()


def application(gate: Gate, *more: Any, product: Product = DISPATCH) -> Litestar:
    return assemble(
        routes=[*pages.PAGES, *routes.ROUTES, *PROBES, *more],
        guards=[Guard(gate)],
        middleware=[],
        exception_handlers={
            **handlers(i18n.translate, templating.language_of, problems.error_page),
            **pages.EXCEPTION_HANDLERS,
        },
        dependencies=gate.dependencies(),
        lifespan=[],
        template_config=templating.template_config([pages.TEMPLATES], product=product),
    )


@dataclass
class Browser:
    """A browser at our site; every request it makes itself is same-origin."""

    http: httpx.AsyncClient
    issuer: LocalIssuer
    gate: Gate

    async def sign_in(self, person: Person, next_path: str = "/me", **claims: Any) -> httpx.Response:
        begun = await self.http.get("/login", params={"next": next_path})
        query = parse_qs(urlsplit(begun.headers["location"]).query)
        claims = {"sub": str(person.subject), "groups": person.groups, **claims}
        code = self.issuer.sign_in(query, **claims)
        answer = {"state": query["state"][0], "code": code, "iss": self.issuer.url}
        return await self.http.get("/callback", params=answer)

    @property
    def sid(self) -> str:
        return self.http.cookies.get(self.gate.settings.session_cookie, "")

    async def post(self, path: str, data: dict[str, str] | None = None) -> httpx.Response:
        token = self.gate.forms.of(sid_hash_of(self.sid) or b"")
        return await self.http.post(path, data={"form_token": token, **(data or {})}, headers=OURS)


@pytest_asyncio.fixture(loop_scope="session")
async def browser(gate: Gate, issuer: LocalIssuer) -> AsyncIterator[Browser]:
    app = application(gate)
    refuse_undeclared(app)
    headers = {"accept": "text/html"}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url=BROWSER, headers=headers
    ) as client:
        yield Browser(client, issuer, gate)


@pytest_asyncio.fixture(loop_scope="session")
async def api(gate: Gate) -> AsyncIterator[httpx.AsyncClient]:
    app = application(gate)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN) as client:
        yield client


def bearer(issuer: LocalIssuer, person: Person, **claims: Any) -> dict[str, str]:
    token = issuer.token(**{"sub": str(person.subject), "groups": person.groups, **claims})
    return {"authorization": f"Bearer {token}"}
