"""Against the real Keycloak of the test stack: its tokens, its sign-in page, its refresh and its people."""

import os
import re
from collections.abc import AsyncIterator
from html import unescape
from typing import Any

import httpx
import pytest
import pytest_asyncio
from tests.integration.identity.conftest import BROWSER, application

from chassis109.kernel import clock
from chassis109.store.unit import lookup, transaction
from identity109 import demo_people, provisioner, repository
from identity109.demo_people import PASSWORD
from identity109.errors import TokenRefused
from identity109.gate import Gate
from identity109.keycloak_staff import KeycloakRefused, connected
from identity109.oidc import GrantRefused
from identity109.settings import IdentitySettings, ProvisionerSettings
from tenancy109 import directory
from ui109 import templating

pytestmark = pytest.mark.skipif("KEYCLOAK_URL" not in os.environ, reason="needs the Keycloak of `make test`")


@pytest_asyncio.fixture(loop_scope="session")
async def real_gate(store: None) -> AsyncIterator[Gate]:
    settings = IdentitySettings.from_environment(os.environ)
    built = Gate.build(settings, language_of=templating.language_of, render=templating.page)
    yield built
    await built.close()


@pytest_asyncio.fixture(loop_scope="session")
async def site(real_gate: Gate) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(application(real_gate))
    async with httpx.AsyncClient(
        transport=transport, base_url=BROWSER, headers={"accept": "text/html"}
    ) as client:
        yield client


async def demo_tokens(username: str) -> dict[str, Any]:
    settings = IdentitySettings.from_environment(os.environ)
    form = {
        "grant_type": "password",
        "client_id": "dispatch-demo",
        "username": username,
        "password": PASSWORD,
    }
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.post(
            f"{settings.issuer}/protocol/openid-connect/token", data={**form, "scope": "openid"}
        )
    tokens: dict[str, Any] = answer.json()
    assert answer.status_code == 200, tokens
    return tokens


async def sign_in_at_keycloak(address: str, username: str) -> httpx.URL:
    """Fill in Keycloak's own page; the address to which it sends the browser back."""
    async with httpx.AsyncClient(trust_env=False) as keycloak:
        page = await keycloak.get(address)
        [action] = re.findall(r'action="([^"]+)"', page.text)[:1]
        form = {"username": username, "password": PASSWORD}
        cookies = {cookie.name: cookie.value or "" for cookie in keycloak.cookies.jar}
        answer = await keycloak.post(unescape(action), data=form, headers={"cookie": _header(cookies)})
    assert answer.status_code == 302, answer.text[-2000:]
    return httpx.URL(answer.headers["location"])


def _header(cookies: dict[str, str]) -> str:
    """Keycloak's cookies are Secure; browsers send them to localhost all the same, this client does not."""
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


async def sign_in(site: httpx.AsyncClient, username: str) -> httpx.Response:
    begun = await site.get("/login", params={"next": "/me"})
    back = await sign_in_at_keycloak(begun.headers["location"], username)
    return await site.get(back.path, params=back.params)


async def test_an_access_token_of_keycloak_says_who_and_where(real_gate: Gate) -> None:
    tokens = await demo_tokens("operator.petropavl")

    claims = await real_gate.verifier.verify(tokens["access_token"])

    assert claims.username == "operator.petropavl"
    assert claims.groups == ("/tenants/petropavl/operator",)
    for other in ("id_token", "refresh_token"):
        with pytest.raises(TokenRefused):
            await real_gate.verifier.verify(tokens[other])


async def test_a_token_of_the_provisioner_is_none_of_ours(real_gate: Gate) -> None:
    settings = ProvisionerSettings.from_environment(os.environ)
    credentials = {"client_id": settings.client_id, "client_secret": settings.client_secret}
    address = f"{real_gate.settings.issuer}/protocol/openid-connect/token"
    answer = await real_gate.http.post(address, data={"grant_type": "client_credentials", **credentials})

    with pytest.raises(TokenRefused):
        await real_gate.verifier.verify(answer.json()["access_token"])


async def test_a_person_signs_in_on_keycloaks_page_and_works_in_the_tenant(site: httpx.AsyncClient) -> None:
    done = await sign_in(site, "senior.petropavl")

    assert (done.status_code, done.headers["location"]) == (303, "/me")
    assert (await site.get("/t/petropavl/override")).json()["roles"] == ["senior"]
    assert (await site.get("/t/qyzylzhar/override")).status_code == 404


async def test_the_page_speaks_the_persons_language(site: httpx.AsyncClient) -> None:
    for language, button in (("ru", "Вход"), ("en", "Sign In")):
        site.cookies.set("lang", language)
        begun = await site.get("/login")
        async with httpx.AsyncClient(trust_env=False) as keycloak:
            page = await keycloak.get(begun.headers["location"])
        assert f'lang="{language}"' in page.text
        assert button in page.text


async def test_a_refresh_token_is_good_once_and_the_session_goes_on(
    site: httpx.AsyncClient, real_gate: Gate
) -> None:
    await sign_in(site, "operator.qyzylzhar")
    [row] = await lookup("SELECT * FROM identity.session ORDER BY created_at DESC LIMIT 1")
    used = real_gate.sessions._unsealed(row["sid_hash"], row)
    await lookup(
        "UPDATE identity.session SET refresh_at = $2 WHERE sid_hash = $1", row["sid_hash"], clock.now()
    )

    assert (await site.get("/t/qyzylzhar/probe")).json()["away"] is False

    [after] = await lookup("SELECT * FROM identity.session WHERE sid_hash = $1", row["sid_hash"])
    assert after["refresh_token"] != row["refresh_token"]
    with pytest.raises(GrantRefused):
        await real_gate.oidc.refresh(used)


async def test_logging_out_ends_keycloaks_session_too(site: httpx.AsyncClient, real_gate: Gate) -> None:
    await sign_in(site, "operator2.petropavl")
    [row] = await lookup("SELECT * FROM identity.session ORDER BY created_at DESC LIMIT 1")
    refresh_token = real_gate.sessions._unsealed(row["sid_hash"], row)

    await real_gate.sessions.close(site.cookies["__Host-sid"])

    with pytest.raises(GrantRefused):
        await real_gate.oidc.refresh(refresh_token)


async def test_provisioning_again_changes_nothing(store: None) -> None:
    services = {
        tenant.slug: [service.code for service in (await directory.catalogue(tenant.id)).services]
        for tenant in await directory.all()
    }

    async with connected(ProvisionerSettings.from_environment(os.environ)) as staff:
        assert not await provisioner.provision_demo(staff, services)


async def test_what_somebody_changed_by_hand_is_put_right(store: None) -> None:
    services = {"petropavl": ["water"]}
    wanted = demo_people.groups(["petropavl"]), demo_people.people(services)
    async with connected(ProvisionerSettings.from_environment(os.environ)) as staff:
        state = await provisioner.read(staff, wanted[0])
        person = state.accounts["lawyer.petropavl"]
        auditors = state.groups["/tenants/petropavl/auditor"]
        await staff.join([(person.subject, auditors)])
        await staff.leave([(person.subject, state.groups["/tenants/petropavl/lawyer"])])
        await staff.rename([(person.subject, {"firstName": "Кто-то"})])

        difference = provisioner.compare(await provisioner.read(staff, wanted[0]), *wanted)
        assert difference.joining == ((person.subject, "/tenants/petropavl/lawyer"),)
        assert difference.leaving == ((person.subject, "/tenants/petropavl/auditor"),)
        assert [found.username for _, found in difference.renamed] == ["lawyer.petropavl"]

        await provisioner.apply(staff, await provisioner.read(staff, wanted[0]), difference)
        assert not provisioner.compare(await provisioner.read(staff, wanted[0]), *wanted)


async def test_a_wrong_secret_of_the_provisioner_is_said_clearly() -> None:
    settings = ProvisionerSettings.from_environment({**os.environ, "PROVISIONER_SECRET": "wrong"})

    with pytest.raises(KeycloakRefused, match="Keycloak at"):
        async with connected(settings) as staff:
            await staff.groups()


async def test_the_demo_has_two_operators_and_an_executor_for_every_service(store: None) -> None:
    for tenant in await directory.all():
        codes = [service.code for service in (await directory.catalogue(tenant.id)).services]
        async with transaction(tenant.id):
            rows = await repository.people(tenant.id)
        usernames = {row["username"] for row in rows if row["active"]}
        held = {row["service_code"] for row in rows if row["active"] and row["role"] == "executor"}
        assert {f"operator.{tenant.slug}", f"operator2.{tenant.slug}", f"senior.{tenant.slug}"} <= usernames
        assert set(codes) <= held
