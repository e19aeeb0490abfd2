"""People of the proofs: signed in at a service with a session of its own kind, and with an access token."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx
from tests.prove.ground.services import Served

from chassis109.kernel import clock
from chassis109.kernel.ids import uuid7
from chassis109.store.unit import transaction
from identity109 import repository as identity
from tenancy109.model import Tenant

FORM_TOKEN = re.compile(r'name="form_token" value="([0-9a-f]{64})"')
HOURS = 8 * 3600


@dataclass(frozen=True)
class Person:
    """Somebody with a role in a tenant, as database and tokens agree."""

    name: str
    subject: UUID
    groups: tuple[str, ...]
    client: str = ""

    def claims(self, served: Served) -> dict[str, Any]:
        """What the tokens say."""
        return {
            "sub": str(self.subject), "groups": list(self.groups), "aud": [served.service.audience],
            "azp": self.client or served.service.client, "preferred_username": self.name, "name": self.name,
            "sid": f"kc-{self.subject}",
        }  # fmt: skip


@dataclass(frozen=True)
class Caller:
    """How a person's requests look: a bearer token for the API, cookie and form token for the pages."""

    name: str
    bearer: str = ""
    cookie: str = ""
    form_token: str = ""
    person: Person | None = field(default=None, compare=False)

    def headers(self, path: str, method: str) -> dict[str, str]:
        """What a well-behaved client of this person sends along."""
        if path.startswith("/api/"):
            return {"Authorization": f"Bearer {self.bearer}"} if self.bearer else {}
        headers = {"Cookie": self.cookie} if self.cookie else {}
        if method in {"GET", "HEAD"}:
            return headers
        return {**headers, "Sec-Fetch-Site": "same-origin", "X-Form-Token": self.form_token}


NOBODY = Caller("nobody")


async def member(
    tenant: Tenant, role: str, service: str | None = None, name: str = "", client: str = ""
) -> Person:
    """Somebody new with a role, written into the database that the store stands on."""
    person = Person(name or f"{role}.{tenant.slug}", uuid7(), (f"{tenant.group_path}/{role}",), client)
    async with transaction(None):
        await identity.remember_person(person.subject, person.name, person.name, "ru", False)
    await join(person, tenant, role, service)
    return person


def stranger(name: str, *groups: str) -> Person:
    """Somebody whose token names these groups and of whom the database says nothing."""
    return Person(name, uuid7(), groups)


async def join(person: Person, tenant: Tenant, role: str, service: str | None = None) -> None:
    """Make a person a member."""
    async with transaction(tenant.id):
        await identity.grant([person.subject], [role], [service], None, clock.now())


async def caller(served: Served, person: Person, http: httpx.AsyncClient) -> Caller:
    """Sign in through /login and /callback; machines have a token only."""
    bearer = token(served, person)
    if person.client:
        return Caller(person.name, bearer, person=person)
    cookie = await session(served, person, http)
    page = await http.get(f"{served.web}/me", headers={"Cookie": cookie})
    found = FORM_TOKEN.search(page.text)
    assert found, f"{page.status_code}: no form token at /me"
    return Caller(person.name, bearer, cookie, found[1], person)


def token(served: Served, person: Person, **changes: Any) -> str:
    """An access token that holds for the whole run."""
    return served.issuer.token(**{**person.claims(served), "exp": served.issuer.now() + HOURS, **changes})


async def session(
    served: Served, person: Person, http: httpx.AsyncClient, cookies: Sequence[str] = ()
) -> str:
    """The session cookie after a sign-in, as `name=value`; `cookies` stood in the browser before."""
    begun = await http.get(f"{served.web}/login?next=/me", headers={"Cookie": "; ".join(cookies)})
    assert begun.status_code == 303, begun.text
    query = parse_qs(urlsplit(begun.headers["location"]).query)
    code = served.issuer.sign_in(query, **person.claims(served))
    back = {"state": query["state"][0], "code": code, "iss": served.issuer.url}
    kept = "; ".join([*cookies, *(pair for pair, _ in set_cookies(begun))])
    ended = await http.get(f"{served.web}/callback", params=back, headers={"Cookie": kept})
    assert ended.status_code == 303, ended.text
    name = f"__Host-sid{served.service.cookie}="
    return next(pair for pair, _ in set_cookies(ended) if pair.startswith(name))


def set_cookies(answer: httpx.Response) -> list[tuple[str, str]]:
    """(`name=value`, attributes) of every cookie that an answer sets."""
    lines = answer.headers.get_list("set-cookie")
    return [(pair.strip(), rest) for line in lines for pair, _, rest in [line.partition(";")]]
