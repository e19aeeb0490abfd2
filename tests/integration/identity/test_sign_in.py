"""Signing in and out through the screens."""

from urllib.parse import parse_qs, urlsplit

import pytest
from tests.integration.identity.conftest import OURS, Browser, People

from chassis109.store.unit import lookup


async def test_a_sign_in_ends_where_it_began(browser: Browser, people: People) -> None:
    person = await people.add({"petropavl": ["operator"]})

    page = await browser.http.get("/t/petropavl/probe?tab=1")
    assert (page.status_code, page.headers["location"]) == (
        303,
        "/login?next=%2Ft%2Fpetropavl%2Fprobe%3Ftab%3D1",
    )

    back = await browser.sign_in(person, "/t/petropavl/probe?tab=1")
    assert (back.status_code, back.headers["location"]) == (303, "/t/petropavl/probe?tab=1")
    assert (await browser.http.get("/t/petropavl/probe")).json()["roles"] == ["operator"]


async def test_the_request_to_keycloak_is_code_with_pkce_state_nonce_and_language(browser: Browser) -> None:
    begun = await browser.http.get("/login", headers={"accept-language": "ru"})

    query = parse_qs(urlsplit(begun.headers["location"]).query)
    assert query["response_type"] == ["code"]
    assert query["code_challenge_method"] == ["S256"]
    assert query["redirect_uri"] == ["http://localhost:8109/callback"]
    assert query["ui_locales"] == ["ru"]
    assert len(query["state"][0]) >= 32
    assert query["state"] != query["nonce"]


async def test_cookies_are_of_this_host_only_and_unseen_by_scripts(browser: Browser, people: People) -> None:
    begun = await browser.http.get("/login")
    done = await browser.sign_in(await people.add({"petropavl": ["operator"]}))

    for answer, name in ((begun, "__Host-login"), (done, "__Host-sid")):
        cookie = next(c for c in answer.headers.get_list("set-cookie") if c.startswith(f"{name}="))
        assert {"HttpOnly", "Secure", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))
        assert "Domain" not in cookie


async def test_the_browser_holds_no_token_and_the_database_no_cookie(
    browser: Browser, people: People
) -> None:
    person = await people.add({"petropavl": ["operator"]})
    done = await browser.sign_in(person)
    refresh_token = next(iter(browser.issuer.refresh_tokens))

    assert "ey" not in str(done.headers)
    [row] = await lookup("SELECT * FROM identity.session WHERE subject = $1", person.subject)
    stored = str(dict(row))
    assert browser.sid not in stored
    assert refresh_token not in stored


@pytest.mark.parametrize(
    "change", [{"state": "another"}, {"code": ""}, {"code": "guess"}, {"iss": "http://elsewhere"}]
)
async def test_a_callback_that_is_not_the_answer_to_our_request_is_refused(
    change: dict[str, str], browser: Browser, people: People
) -> None:
    person = await people.add({"petropavl": ["operator"]})
    begun = await browser.http.get("/login")
    query = parse_qs(urlsplit(begun.headers["location"]).query)
    code = browser.issuer.sign_in(query, sub=str(person.subject))
    answer = {"state": query["state"][0], "code": code, "iss": browser.issuer.url, **change}

    refused = await browser.http.get("/callback", params=answer)

    assert refused.status_code == 400
    assert browser.sid == ""


async def test_a_callback_in_another_browser_is_refused(browser: Browser, people: People) -> None:
    begun = await browser.http.get("/login")
    query = parse_qs(urlsplit(begun.headers["location"]).query)
    code = browser.issuer.sign_in(query)
    browser.http.cookies.clear()

    answer = {"state": query["state"][0], "code": code, "iss": browser.issuer.url}
    assert (await browser.http.get("/callback", params=answer)).status_code == 400


async def test_the_access_token_of_the_sign_in_is_checked_like_any_other(
    browser: Browser, people: People
) -> None:
    person = await people.add({"petropavl": ["operator"]})

    assert (await browser.sign_in(person, aud="another-api")).status_code == 400


async def test_the_session_id_changes_with_every_sign_in_and_the_old_one_is_void(
    browser: Browser, people: People
) -> None:
    person = await people.add({"petropavl": ["operator"]})
    await browser.sign_in(person)
    first = browser.sid
    await browser.sign_in(person)

    assert browser.sid != first
    browser.http.cookies.clear()
    assert (await browser.http.get("/me", headers={"cookie": f"__Host-sid={first}"})).status_code == 303


async def test_a_session_id_chosen_by_the_client_is_never_adopted(browser: Browser, people: People) -> None:
    browser.http.cookies.set("__Host-sid", "ab" * 32, domain="localhost.local", path="/")
    await browser.sign_in(await people.add({"petropavl": ["operator"]}))

    [row] = await lookup(
        "SELECT count(*) AS n FROM identity.session WHERE sid_hash = sha256(decode(repeat('ab', 32), 'hex'))"
    )
    assert row["n"] == 0


async def test_logging_out_ends_the_session_here_and_in_keycloak(browser: Browser, people: People) -> None:
    await browser.sign_in(await people.add({"petropavl": ["operator"]}))
    sid = browser.sid

    out = await browser.post("/logout")

    assert (out.status_code, out.headers["location"]) == (303, "/signed-out")
    assert (await browser.http.get("/signed-out")).status_code == 200
    assert browser.issuer.refresh_tokens == {}
    browser.http.cookies.clear()
    assert (await browser.http.get("/me", headers={"cookie": f"__Host-sid={sid}"})).status_code == 303


async def test_logging_out_everywhere_ends_all_sessions_of_the_person(
    browser: Browser, people: People
) -> None:
    person = await people.add({"petropavl": ["operator"]})
    await browser.sign_in(person)
    browser.http.cookies.clear()
    await browser.sign_in(person)

    await browser.post("/logout-everywhere")

    assert await lookup("SELECT 1 FROM identity.session WHERE subject = $1", person.subject) == []
    assert browser.issuer.refresh_tokens == {}


async def test_who_works_in_one_tenant_goes_straight_in_and_who_works_in_two_chooses(
    browser: Browser, people: People
) -> None:
    await browser.sign_in(await people.add({"petropavl": ["executor"]}, {"petropavl": "water"}))
    assert (await browser.http.get("/tenants")).headers["location"] == "/t/petropavl/svc"

    await browser.sign_in(await people.add({"petropavl": ["operator"], "qyzylzhar": ["senior"]}))
    page = await browser.http.get("/tenants")
    assert page.status_code == 200
    assert 'href="/t/petropavl/op"' in page.text
    assert 'href="/t/qyzylzhar/op"' in page.text
    assert "esil" not in page.text


async def test_who_works_nowhere_is_told_so(browser: Browser, people: People) -> None:
    await browser.sign_in(await people.add({}), groups=["/region/region-command"])

    browser.http.cookies.set("lang", "en")
    page = await browser.http.get("/tenants")

    assert "You are not a member of any city or district." in page.text
    assert "Regional command" in page.text


async def test_who_am_i_names_the_person_the_roles_and_the_way_out(browser: Browser, people: People) -> None:
    await browser.sign_in(await people.add({"petropavl": ["operator"], "qyzylzhar": ["senior"]}))

    page = await browser.http.get("/me")

    assert "Айгүл Сәрсенова" in page.text
    for part in (
        'href="/t/petropavl/op"',
        'href="/t/qyzylzhar/op"',
        'action="/logout"',
        'action="/logout-everywhere"',
    ):
        assert part in page.text


async def test_with_keycloak_away_a_new_sign_in_is_told(browser: Browser) -> None:
    browser.issuer.answers["openid-configuration"] = 503

    page = await browser.http.get("/login")

    assert (page.status_code, page.headers["retry-after"]) == (503, "5")


async def test_only_a_page_is_sent_to_the_sign_in(browser: Browser) -> None:
    fragment = await browser.http.get("/me", headers={"hx-request": "true"})
    script = await browser.http.get("/me", headers={"sec-fetch-mode": "cors"})
    form = await browser.http.post("/logout", headers=OURS)

    assert [fragment.status_code, script.status_code, form.status_code] == [401, 401, 401]
