"""Signing in and out, and what a session may: through Keycloak's own pages, in a real browser."""

import re

import httpx
import pytest
from playwright.async_api import expect
from tests.acceptance.api import Api
from tests.acceptance.browsing import Browsing, Window

SESSION = "__Host-sid"
ELSEWHERE = "http://elsewhere.example"


async def test_a_person_signs_in_at_keycloaks_page_and_sees_who_he_is(browsing: Browsing) -> None:
    window = await browsing.open()

    await browsing.sign_in(window, "senior.petropavl")

    await expect(window.page.get_by_role("main")).to_contain_text("Senior")
    await expect(window.page.get_by_role("main")).to_contain_text("Petropavl")
    cookie = next(c for c in await window.context.cookies() if c.get("name") == SESSION)
    assert (cookie.get("httpOnly"), cookie.get("secure"), cookie.get("sameSite")) == (True, True, "Lax")
    assert re.fullmatch("[0-9a-f]{64}", cookie.get("value", ""))


async def test_a_wrong_password_opens_no_session(browsing: Browsing) -> None:
    window = await browsing.open()
    await window.page.goto("/login?next=/me")

    await browsing.answer_keycloak(window.page, "auditor.aiyrtau", "no-such-password")

    await expect(window.page.locator("#password")).to_be_visible()
    assert not window.page.url.startswith(browsing.home)
    assert await window.cookie(SESSION) == ""


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
async def test_keycloaks_page_speaks_the_chosen_language(browsing: Browsing, language: str) -> None:
    window = await browsing.open(language=language)

    await window.page.goto("/login")

    await expect(window.page.locator("#username")).to_be_visible()
    await expect(window.page.locator("html")).to_have_attribute("lang", language)


async def test_who_works_in_two_tenants_chooses_one(browsing: Browsing) -> None:
    window = await browsing.of("operator.both")
    await window.page.goto("/tenants")

    await expect(window.page.get_by_role("main").get_by_role("link")).to_have_count(2)
    await window.page.get_by_role("link", name="Petropavl city").press("Enter")

    await window.page.wait_for_url("**/t/petropavl/op")


async def test_who_works_in_one_tenant_goes_straight_to_work(browsing: Browsing) -> None:
    window = await browsing.of("operator.petropavl")

    await window.page.goto("/")

    await window.page.wait_for_url("**/t/petropavl/op")


async def test_a_page_opened_without_a_session_is_shown_after_the_sign_in(browsing: Browsing) -> None:
    window = await browsing.open()
    await window.page.goto("/t/mamlyut/op/queue?q=109")

    await browsing.answer_keycloak(window.page, "operator2.mamlyut")

    await window.page.wait_for_url("**/t/mamlyut/op/queue?q=109")


async def test_logout_ends_the_session_and_its_cookie_is_worth_nothing_then(browsing: Browsing) -> None:
    window = await browsing.open()
    await browsing.sign_in(window, "lawyer.petropavl")
    before = await window.context.storage_state()
    thief = await browsing.open(state=before)
    await thief.context.clear_cookies(name=re.compile("^(KEYCLOAK|AUTH_SESSION)"))

    await window.page.get_by_role("main").get_by_role("button", name="Log out", exact=True).click()

    await window.page.wait_for_url("**/signed-out")
    await thief.page.goto("/me")
    await expect(thief.page.locator("#password")).to_be_visible()
    await window.page.goto("/me")
    await expect(window.page.locator("#password")).to_be_visible()  # Keycloak's session is over as well


async def test_a_withdrawn_membership_ends_requests_and_the_open_stream_at_once(
    browsing: Browsing, api: Api
) -> None:
    window = await browsing.of("analyst.mamlyut")
    window.watch.allow(401, 404)
    await window.page.goto("/t/mamlyut/op/queue")
    await expect(window.page.locator("live-badge")).to_have_attribute("data-state", "live")
    subject = await _subject(api, "analyst.mamlyut", "mamlyut")
    grant = {"role": "analyst", "reason": "test"}

    await api.post("tenant-admin.mamlyut", f"/t/mamlyut/people/{subject}/withdraw", grant)

    try:
        await expect(window.page.locator("live-badge")).to_have_attribute(
            "data-state", "ended", timeout=3_000
        )
        answer = await window.page.goto("/t/mamlyut/op/queue")
        assert answer is not None
        assert answer.status == 404
    finally:
        await api.post("tenant-admin.mamlyut", f"/t/mamlyut/people/{subject}/grant", grant)


async def test_keycloaks_logout_ends_our_session_and_its_stream(
    browsing: Browsing, api: Api, environment: dict[str, str]
) -> None:
    window = await browsing.open()
    window.watch.allow(401)
    await browsing.sign_in(window, "head.petropavl", next_path="/t/petropavl/op/queue")
    await expect(window.page.locator("live-badge")).to_have_attribute("data-state", "live")
    subject = (await api.get("head.petropavl", "/me"))["subject"]

    await _end_in_keycloak(environment, subject)

    await expect(window.page.locator("live-badge")).to_have_attribute("data-state", "ended", timeout=15_000)
    await window.page.goto("/me")
    await expect(window.page.locator("#password")).to_be_visible()


async def test_a_foreign_tenant_and_one_that_does_not_exist_look_the_same(browsing: Browsing) -> None:
    window = await browsing.of("operator.petropavl")
    window.watch.allow(404)

    seen = [await _refusal(window, f"/t/{slug}/op") for slug in ("aiyrtau", "nowhere")]

    assert [status for status, _ in seen] == [404, 404]
    assert seen[0][1] == seen[1][1]


async def test_the_services_screens_refuse_an_operator(browsing: Browsing) -> None:
    window = await browsing.of("operator.petropavl")
    window.watch.allow(403)

    status, said = await _refusal(window, "/t/petropavl/svc")

    assert status == 403
    assert "administrator" in said


@pytest.mark.parametrize("origin", [ELSEWHERE, "http://localhost:9"])
async def test_a_form_of_another_origin_is_refused(browsing: Browsing, origin: str) -> None:
    window = await browsing.of("operator.petropavl")
    window.watch.allow(401, 403)
    form = f'<form method="post" action="{browsing.home}/logout-everywhere"><button>Win</button></form>'
    await window.page.route(f"{origin}/**", lambda route: route.fulfill(body=form, content_type="text/html"))
    await window.page.goto(f"{origin}/")

    async with window.page.expect_response(f"{browsing.home}/logout-everywhere") as answered:
        await window.page.get_by_role("button").click()

    assert (await answered.value).status in {401, 403}
    await window.page.goto("/me")
    await expect(window.page.get_by_role("heading", level=1)).to_be_visible()
    assert window.page.url == f"{browsing.home}/me"


@pytest.mark.parametrize(
    "next_path", ["//elsewhere.example/", "/%5Celsewhere.example", "https://elsewhere.example/"]
)
async def test_the_way_back_after_the_sign_in_leads_nowhere_else(browsing: Browsing, next_path: str) -> None:
    window = await browsing.open()

    await browsing.sign_in(window, "analyst.petropavl", next_path=next_path)

    await window.page.wait_for_url(f"{browsing.home}/t/petropavl/op/queue")


async def _subject(api: Api, person: str, slug: str) -> str:
    everybody = await api.get(f"tenant-admin.{slug}", f"/t/{slug}/people")
    return str(next(one["subject"] for one in everybody if one["username"] == person))


async def _refusal(window: Window, path: str) -> tuple[int, str]:
    """Status and words of a refusal, without the number of the request."""
    answer = await window.page.goto(path)
    assert answer is not None
    words = await window.page.get_by_role("main").inner_text()
    return answer.status, re.sub("[0-9a-f]{8}-[0-9a-f-]{27}", "…", words)


async def _end_in_keycloak(environment: dict[str, str], subject: str) -> None:
    """As an administrator does who ends all sessions of a person."""
    keycloak, realm = environment["KEYCLOAK_URL"], environment["KEYCLOAK_REALM"]
    form = {
        "grant_type": "client_credentials", "client_id": environment["PROVISIONER_CLIENT"],
        "client_secret": environment["PROVISIONER_SECRET"],
    }  # fmt: skip
    async with httpx.AsyncClient(base_url=keycloak, timeout=30) as http:
        answer = await http.post(f"/realms/{realm}/protocol/openid-connect/token", data=form)
        token = answer.raise_for_status().json()["access_token"]
        ended = await http.post(
            f"/admin/realms/{realm}/users/{subject}/logout", headers={"Authorization": f"Bearer {token}"}
        )
        ended.raise_for_status()
