"""The hub's identity over HTTP: desks, machines, and two consoles side by side in one browser."""

from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio
from litestar import get, post
from litestar.response import Template
from tests.databases import Database, storing
from tests.integration.identity.conftest import BROWSER, Acting, Browser, Person, application
from tests.unit.identity109.local_issuer import ORIGIN, LocalIssuer

from chassis109.kernel import clock
from chassis109.store.unit import transaction
from identity109 import repository
from identity109.gate import Gate
from identity109.permissions import SIGNED_IN, Permission, requires
from ui109 import templating
from ui109.product import HUB
from ui109.templating import AnyRequest, page


@get("/hub/{slug:str}", opt=requires(Permission.HANDOFF_READ))
async def board(actor: Acting) -> dict[str, Any]:
    return {"desk": actor.here.slug, "roles": sorted(actor.roles)}


@get("/hub/{slug:str}/any", opt=requires(SIGNED_IN))
async def any_member(request: AnyRequest) -> Template:
    return page(request, "identity/signed_out.html")


@post("/api/v1/hub/{slug:str}/forward", opt=requires(Permission.HANDOFF_FORWARD), status_code=200)
async def forward(actor: Acting) -> str:
    return actor.here.slug


@post("/api/v1/hub/{slug:str}/decide", opt=requires(Permission.HANDOFF_DECIDE), status_code=200)
async def decide(actor: Acting) -> dict[str, str]:
    return {"desk": actor.here.slug, "kind": actor.kind}


@get("/api/v1/hub/{slug:str}/machine", opt=requires(Permission.HANDOFF_MACHINE))
async def machine(actor: Acting) -> str:
    return actor.here.slug


PROBES = (board, any_member, forward, decide, machine)
CLIENTS = frozenset({"service-101", "service-103"})


@pytest.fixture
def realm() -> Iterator[LocalIssuer]:
    local = LocalIssuer(realm="/realms/sko-112", client="hub-web")
    yield local
    local.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def hub_gate(realm: LocalIssuer, own_hub_database: Database) -> AsyncIterator[Gate]:
    settings = realm.settings(
        audience="hub-api",
        machine_clients=CLIENTS,
        session_cookie="__Host-sid-112",
        login_cookie="__Host-login-112",
    )
    async with storing(own_hub_database.app):
        built = Gate.build(settings, language_of=templating.language_of, render=templating.page)
        yield built
        await built.close()


@pytest_asyncio.fixture(loop_scope="session")
async def site(hub_gate: Gate, realm: LocalIssuer) -> AsyncIterator[Browser]:
    transport = httpx.ASGITransport(application(hub_gate, *PROBES, product=HUB))
    async with httpx.AsyncClient(
        transport=transport, base_url=BROWSER, headers={"accept": "text/html"}
    ) as client:
        yield Browser(client, realm, hub_gate)


async def person(*seats: tuple[int, str]) -> UUID:
    """Somebody whom the database knows in these roles at these desks."""
    subject = uuid4()
    async with transaction(None):
        await repository.remember_person(subject, "test", "Айгүл Сәрсенова", "en", False)
    for desk, role in seats:
        async with transaction(desk):
            await repository.grant([subject], [role], [None], None, clock.now())
    return subject


def bearer(realm: LocalIssuer, subject: UUID, *groups: str, **claims: Any) -> dict[str, str]:
    whole = {"sub": str(subject), "groups": list(groups), "aud": "hub-api", **claims}
    return {"authorization": f"Bearer {realm.token(**whole)}"}


async def sign_in(site: Browser, subject: UUID, *groups: str) -> httpx.Response:
    return await site.sign_in(Person(subject, list(groups)), aud="hub-api")


async def test_who_works_at_a_desk_goes_straight_to_its_board(site: Browser) -> None:
    await sign_in(site, await person((103, "hub-operator")), "/services/103/hub-operator")

    assert (await site.http.get("/tenants")).headers["location"] == "/hub/103"
    assert (await site.http.get("/hub/103")).json() == {"desk": "103", "roles": ["hub-operator"]}


async def test_a_desk_that_is_not_the_persons_and_none_at_all_answer_the_same(site: Browser) -> None:
    await sign_in(site, await person((103, "hub-operator")), "/services/103/hub-operator")
    headers = {"accept": "application/json"}

    foreign = await site.http.get("/hub/101/any", headers=headers)
    unknown = await site.http.get("/hub/105/any", headers=headers)

    assert (foreign.status_code, foreign.content) == (unknown.status_code, unknown.content)
    assert foreign.status_code == 404


async def test_a_lead_chooses_among_the_desks(site: Browser) -> None:
    desks = (101, 102, 103, 104, 112)
    subject = await person(*((desk, "hub-lead") for desk in desks))
    await sign_in(site, subject, *(f"/services/{desk}/hub-lead" for desk in desks))
    site.http.cookies.set("lang", "en")

    shown = (await site.http.get("/tenants")).text

    assert [desk for desk in desks if f'href="/hub/{desk}"' not in shown] == []
    assert "Choose a desk" in shown
    assert "Shift lead of the hub" in shown
    assert "· 112</title>" in shown


async def test_the_page_of_a_desk_knows_its_stream_and_its_way_home(site: Browser) -> None:
    await sign_in(site, await person((103, "hub-operator")), "/services/103/hub-operator")

    shown = (await site.http.get("/hub/103/any")).text

    assert '<live-badge url="/hub/103/live"' in shown
    assert '<a class="product" href="/hub/103/">112</a>' in shown
    assert 'href="/hub/103"' in (await site.http.get("/me")).text


async def test_a_dispatch_role_and_a_dispatch_group_are_nothing_at_a_desk(site: Browser) -> None:
    subject = await person((103, "operator"), (103, "hub-operator"))
    await sign_in(site, subject, "/tenants/103/hub-operator", "/services/103/operator")

    assert (await site.http.get("/hub/103/any")).status_code == 404


async def test_only_a_lead_forwards(site: Browser, realm: LocalIssuer) -> None:
    operator, lead = await person((103, "hub-operator")), await person((103, "hub-lead"))

    answers = [
        await site.http.post(
            "/api/v1/hub/103/forward", headers=bearer(realm, subject, f"/services/103/{role}")
        )
        for subject, role in ((operator, "hub-operator"), (lead, "hub-lead"))
    ]

    assert [answer.status_code for answer in answers] == [403, 200]


async def test_a_machine_decides_for_its_own_desk_and_sees_no_other(
    site: Browser, realm: LocalIssuer
) -> None:
    subject = await person((103, "machine"))
    own = bearer(realm, subject, "/services/103/machine", azp="service-103", name=None)

    assert (await site.http.get("/api/v1/hub/103/machine", headers=own)).status_code == 200
    assert (await site.http.post("/api/v1/hub/103/decide", headers=own)).json() == {
        "desk": "103",
        "kind": "machine",
    }
    assert (await site.http.post("/api/v1/hub/103/forward", headers=own)).status_code == 403
    for path in ("/api/v1/hub/101/machine", "/api/v1/hub/105/machine"):
        assert (await site.http.get(path, headers=own)).status_code == 404


async def test_a_machine_in_the_group_of_another_desk_is_not_a_member_there(
    site: Browser, realm: LocalIssuer
) -> None:
    subject = await person((103, "machine"))
    groups = ("/services/103/machine", "/services/101/machine")
    headers = bearer(realm, subject, *groups, azp="service-103")

    assert (await site.http.get("/api/v1/hub/101/machine", headers=headers)).status_code == 404


async def test_a_person_is_no_machine_and_a_machine_no_operator(site: Browser, realm: LocalIssuer) -> None:
    subject = await person((103, "machine"), (103, "hub-operator"))
    groups = ("/services/103/machine", "/services/103/hub-operator")

    as_person = bearer(realm, subject, *groups)
    as_machine = bearer(realm, subject, *groups, azp="service-103")

    assert (await site.http.get("/api/v1/hub/103/machine", headers=as_person)).status_code == 403
    assert (await site.http.get("/api/v1/hub/103/machine", headers=as_machine)).status_code == 200
    assert (await site.http.get("/hub/103", headers=as_machine)).status_code == 303


async def test_a_machine_of_no_client_that_is_known_is_401(site: Browser, realm: LocalIssuer) -> None:
    headers = bearer(realm, await person((103, "machine")), "/services/103/machine", azp="service-102")

    assert (await site.http.get("/api/v1/hub/103/machine", headers=headers)).status_code == 401


async def test_a_token_of_the_dispatch_is_401_at_the_hub(site: Browser) -> None:
    dispatch = LocalIssuer()
    subject = await person((103, "hub-lead"))
    for claims in ({}, {"aud": "hub-api"}, {"aud": "hub-api", "azp": "hub-web"}):
        token = dispatch.token(sub=str(subject), groups=["/services/103/hub-lead"], **claims)
        answer = await site.http.post("/api/v1/hub/103/forward", headers={"authorization": f"Bearer {token}"})
        assert answer.status_code == 401
    dispatch.stop()


async def test_a_token_of_the_hub_is_401_at_the_dispatch(hub_gate: Gate, realm: LocalIssuer) -> None:
    dispatch = LocalIssuer()
    gate = Gate.build(dispatch.settings(), language_of=templating.language_of, render=templating.page)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(application(gate)), base_url=ORIGIN) as client:
        for claims in ({}, {"aud": "dispatch-api"}, {"aud": "dispatch-api", "azp": "dispatch-web"}):
            headers = bearer(realm, uuid4(), "/tenants/petropavl/senior", **claims)
            assert (await client.get("/api/v1/t/petropavl/probe", headers=headers)).status_code == 401
    await gate.close()
    dispatch.stop()


async def test_two_consoles_in_one_browser_both_stay_signed_in(
    site: Browser,
) -> None:
    """One host name, two ports: the browser sends the cookies of both services to both."""
    dispatch = LocalIssuer()
    gate = Gate.build(dispatch.settings(), language_of=templating.language_of, render=templating.page)
    subject = await person((103, "hub-operator"))
    await sign_in(site, subject, "/services/103/hub-operator")
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(application(gate)), base_url=BROWSER, cookies=site.http.cookies
    ) as client:
        other = Browser(client, dispatch, gate)
        await other.sign_in(Person(uuid4(), []))
        assert client.cookies["__Host-sid-112"] == site.sid
        assert client.cookies["__Host-sid"] not in ("", site.sid)

        site.http.cookies.update(client.cookies)
        assert (await site.http.get("/hub/103")).status_code == 200
        assert (await client.get("/me")).status_code == 200

        await other.post("/logout")
        assert (await site.http.get("/hub/103")).status_code == 200
    await gate.close()
    dispatch.stop()
