"""The guard over HTTP: tenants, roles, forms, other sites, and the separation of browser and API."""

import httpx
import pytest
from litestar import get
from tests.integration.identity.conftest import (
    OURS,
    Browser,
    People,
    application,
    bearer,
    undeclared,
)
from tests.unit.identity109.local_issuer import ORIGIN
from tests.unit.identity109.test_access_tokens import ATTACKS

from identity109.gate import Gate
from identity109.guard import UndeclaredRoute, refuse_undeclared
from identity109.permissions import Permission, requires


async def test_a_role_in_one_tenant_is_not_a_role_in_another(browser: Browser, people: People) -> None:
    await browser.sign_in(await people.add({"petropavl": ["operator"], "qyzylzhar": ["senior"]}))

    assert (await browser.http.get("/t/petropavl/probe")).json()["roles"] == ["operator"]
    assert (await browser.http.get("/t/petropavl/override")).status_code == 403
    assert (await browser.http.get("/t/qyzylzhar/override")).json()["roles"] == ["senior"]


async def test_a_foreign_tenant_and_none_answer_the_same_bytes(browser: Browser, people: People) -> None:
    await browser.sign_in(await people.add({"petropavl": ["operator"]}))

    foreign = await browser.http.get("/t/qyzylzhar/probe", headers={"accept": "application/json"})
    unknown = await browser.http.get("/t/qyzylzhaq/probe", headers={"accept": "application/json"})

    assert (foreign.status_code, foreign.content) == (unknown.status_code, unknown.content)
    assert foreign.status_code == 404
    assert dict(foreign.headers) == dict(unknown.headers)


@pytest.mark.parametrize(
    "slug",
    [
        "Petropavl",
        "PETROPAVL",
        "рetropavl",
        "petropavl.",
        "petropavl%20",
        "__proto__",
        "petropavl%00",
        "1",
        "%2e%2e",
    ],
)
async def test_a_look_alike_of_a_slug_is_nothing(slug: str, browser: Browser, people: People) -> None:
    await browser.sign_in(await people.add({"petropavl": ["operator"]}))

    assert (
        await browser.http.get(f"/t/{slug}/probe", headers={"accept": "application/json"})
    ).status_code == 404


async def test_the_token_alone_is_not_enough(browser: Browser, people: People) -> None:
    person = await people.add({"petropavl": ["operator"]})
    await browser.sign_in(
        person, groups=[*person.groups, "/tenants/petropavl/senior", "/tenants/esil/operator"]
    )

    assert (await browser.http.get("/t/petropavl/override")).status_code == 403
    assert (await browser.http.get("/t/esil/probe")).status_code == 404


async def test_the_database_alone_is_not_enough(browser: Browser, people: People) -> None:
    person = await people.add({"petropavl": ["operator", "senior"]})
    await browser.sign_in(person, groups=["/tenants/petropavl/operator"])

    assert (await browser.http.get("/t/petropavl/probe")).json()["roles"] == ["operator"]
    assert (await browser.http.get("/t/petropavl/override")).status_code == 403


async def test_the_service_of_an_executor_is_the_databases(browser: Browser, people: People) -> None:
    await browser.sign_in(await people.add({"petropavl": ["executor"]}, {"petropavl": "water"}))

    assert (await browser.http.get("/t/petropavl/probe")).json()["service"] == "water"


async def test_any_member_passes_where_only_membership_is_asked(browser: Browser, people: People) -> None:
    await browser.sign_in(await people.add({"petropavl": ["auditor"]}))

    assert (await browser.http.get("/t/petropavl/any")).status_code == 200
    assert (await browser.http.get("/t/qyzylzhar/any")).status_code == 404


async def test_a_form_of_this_session_passes(browser: Browser, people: People) -> None:
    await browser.sign_in(await people.add({"petropavl": ["operator"]}))

    assert (await browser.post("/t/petropavl/probe")).status_code == 200


async def test_a_form_without_the_token_of_this_session_is_refused(browser: Browser, people: People) -> None:
    person = await people.add({"petropavl": ["operator"]})
    await browser.sign_in(person)
    earlier = browser.gate.forms.of(bytes(32))

    for data in ({}, {"form_token": ""}, {"form_token": earlier}, {"form_token": "ё"}):
        answer = await browser.http.post("/t/petropavl/probe", data=data, headers=OURS)
        assert answer.status_code == 403
    for header in ("", earlier):
        answer = await browser.http.post("/t/petropavl/probe", headers={**OURS, "x-form-token": header})
        assert answer.status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "http://evil.example"},
    ],
)
async def test_another_site_can_submit_nothing_even_with_the_token(
    headers: dict[str, str], browser: Browser, people: People
) -> None:
    await browser.sign_in(await people.add({"petropavl": ["operator"]}))
    token = await _form_token(browser)

    answer = await browser.http.post("/t/petropavl/probe", data={"form_token": token}, headers=headers)

    assert answer.status_code == 403


async def test_a_browser_without_fetch_metadata_is_known_by_its_origin(
    browser: Browser, people: People
) -> None:
    await browser.sign_in(await people.add({"petropavl": ["operator"]}))
    headers = {"origin": ORIGIN, "x-form-token": await _form_token(browser)}

    assert (await browser.http.post("/t/petropavl/probe", headers=headers)).status_code == 200


async def _form_token(browser: Browser) -> str:
    """The token as a page shows it to scripts."""
    page = (await browser.http.get("/me")).text
    return page.split('name="form-token" content="', 1)[1].split('"', 1)[0]


async def test_the_api_knows_bearer_tokens_and_ignores_cookies(browser: Browser, people: People) -> None:
    person = await people.add({"petropavl": ["operator"]})
    await browser.sign_in(person)

    assert (await browser.http.get("/api/v1/t/petropavl/probe")).status_code == 401
    answer = await browser.http.get("/api/v1/t/petropavl/probe", headers=bearer(browser.issuer, person))
    assert answer.json() == {"tenant": "petropavl", "roles": ["operator"], "service": None, "away": False}


async def test_pages_ignore_bearer_tokens(browser: Browser, people: People) -> None:
    person = await people.add({"petropavl": ["operator"]})

    answer = await browser.http.get("/t/petropavl/probe", headers=bearer(browser.issuer, person))

    assert answer.status_code == 303


@pytest.mark.parametrize("attack", ATTACKS)
async def test_an_attack_on_the_api_is_refused(attack: str, browser: Browser) -> None:
    headers = {"authorization": b"Bearer " + ATTACKS[attack](browser.issuer).encode()}

    answer = await browser.http.get("/api/v1/me", headers=headers)

    assert answer.status_code == 401
    assert answer.headers["content-type"].startswith("application/problem+json")


@pytest.mark.parametrize("header", ["", "Basic dXNlcjpwYXNz", "Bearer", "Bearer ", "bearer\tx"])
async def test_the_api_without_a_bearer_token_is_401(header: str, browser: Browser) -> None:
    assert (await browser.http.get("/api/v1/me", headers={"authorization": header})).status_code == 401


async def test_with_the_keys_away_the_api_says_503_and_not_401(browser: Browser, people: People) -> None:
    browser.issuer.answers["certs"] = 500

    answer = await browser.http.get("/api/v1/me", headers=bearer(browser.issuer, await people.add({})))

    assert answer.status_code == 503


async def test_who_am_i_of_the_api_lists_the_tenants_and_roles(browser: Browser, people: People) -> None:
    person = await people.add({"petropavl": ["operator"], "qyzylzhar": ["senior"]})
    headers = bearer(browser.issuer, person, groups=[*person.groups, "/region/region-command"])

    me = (await browser.http.get("/api/v1/me", headers=headers)).json()

    assert me["subject"] == str(person.subject)
    assert {place["slug"]: place["roles"] for place in me["workplaces"]} == {
        "petropavl": ["operator"],
        "qyzylzhar": ["senior"],
    }
    assert me["region_roles"] == ["region-command"]


async def test_a_route_without_a_permission_stops_the_start(browser: Browser) -> None:
    with pytest.raises(UndeclaredRoute, match="/undeclared"):
        refuse_undeclared(application(browser.gate, undeclared))


async def test_a_right_in_a_tenant_needs_the_tenant_in_the_path(browser: Browser) -> None:
    @get("/everywhere", opt=requires(Permission.TICKET_READ))
    async def everywhere() -> None:
        return None

    with pytest.raises(UndeclaredRoute, match="needs a tenant"):
        refuse_undeclared(application(browser.gate, everywhere))


async def test_a_route_without_a_permission_is_refused_when_called(browser: Browser) -> None:
    transport = httpx.ASGITransport(application(browser.gate, undeclared))
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
        assert (await client.get("/undeclared")).status_code == 404
        assert (await client.options("/me")).status_code == 404


async def test_the_keys_are_at_hand_before_the_first_token(browser: Browser) -> None:
    browser.issuer.answers["certs"] = 503
    await browser.gate.fetch_keys()
    assert not browser.gate.keys_cached()

    browser.issuer.answers.clear()
    later = Gate.build(
        browser.issuer.settings(), language_of=browser.gate.language_of, render=browser.gate.render
    )
    await later.fetch_keys()
    assert later.keys_cached()
    await later.close()
