"""Sessions over time: idle, absolute, confirmed by Keycloak, Keycloak away, closed, never back."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest
from tests.integration.identity.conftest import Browser, People, Person, tenant_id

from chassis109.kernel import clock
from chassis109.store.unit import fetch, lookup, transaction
from identity109 import repository
from identity109.sessions import sid_hash_of

PROBE = "/t/petropavl/probe"


@contextmanager
def later(browser: Browser, **after: float) -> Iterator[None]:
    """Both clocks, ours and the sign-in service's, are so much later."""
    ahead = timedelta(**after)
    browser.issuer.ahead_seconds = int(ahead.total_seconds())
    with clock.frozen(clock.now() + ahead):
        yield
    browser.issuer.ahead_seconds = 0


async def signed_in(browser: Browser, people: People, roles: tuple[str, ...] = ("operator",)) -> Person:
    person = await people.add({"petropavl": list(roles)})
    await browser.sign_in(person)
    return person


async def row_of(browser: Browser) -> asyncpg.Record:
    [row] = await lookup("SELECT * FROM identity.session WHERE sid_hash = $1", sid_hash_of(browser.sid))
    return row


async def is_in(browser: Browser) -> bool:
    return (await browser.http.get(PROBE)).status_code == 200


async def test_an_abandoned_session_ends_after_an_hour(browser: Browser, people: People) -> None:
    await signed_in(browser, people)

    with later(browser, minutes=61):
        assert not await is_in(browser)


async def test_use_keeps_a_session_alive_but_not_beyond_thirteen_hours(
    browser: Browser, people: People
) -> None:
    await signed_in(browser, people)

    for minutes in range(40, 13 * 60, 40):
        with later(browser, minutes=minutes):
            assert await is_in(browser), minutes
    with later(browser, hours=13, minutes=1):
        assert not await is_in(browser)


async def test_being_seen_is_written_at_most_once_a_minute(browser: Browser, people: People) -> None:
    await signed_in(browser, people)
    begun = await row_of(browser)

    with later(browser, seconds=50):
        await is_in(browser)
        assert (await row_of(browser))["last_seen_at"] == begun["last_seen_at"]
    with later(browser, seconds=70):
        await is_in(browser)
        seen = await row_of(browser)
        assert seen["last_seen_at"] == clock.now()
        assert seen["idle_until"] == clock.now() + timedelta(hours=1)


async def test_being_seen_never_waits_for_another_transaction(
    browser: Browser, people: People, owner: asyncpg.Connection
) -> None:
    await signed_in(browser, people)

    async with owner.transaction():
        with later(browser, seconds=70):
            await owner.execute(
                "SELECT 1 FROM identity.session WHERE sid_hash = $1 FOR UPDATE", sid_hash_of(browser.sid)
            )
            async with asyncio.timeout(2):
                assert await is_in(browser)


async def test_a_session_is_confirmed_with_keycloak_when_its_token_ends(
    browser: Browser, people: People
) -> None:
    person = await signed_in(browser, people)
    await people.grant(person, "petropavl", ["senior"])
    [grant] = browser.issuer.refresh_tokens.values()
    grant.claims["groups"] = [*person.groups, "/tenants/petropavl/senior"]

    assert (await browser.http.get(PROBE)).json()["roles"] == ["operator"]
    with later(browser, seconds=281):
        assert (await browser.http.get(PROBE)).json()["roles"] == ["operator", "senior"]
    assert browser.issuer.asked.count("token") == 2


async def test_many_requests_at_once_refresh_once(browser: Browser, people: People) -> None:
    await signed_in(browser, people)
    browser.issuer.slow_seconds = 0.1

    with later(browser, seconds=281):
        answers = await asyncio.gather(*(browser.http.get(PROBE) for _ in range(20)))

    assert [answer.status_code for answer in answers] == [200] * 20
    assert browser.issuer.asked.count("token") == 2


async def test_a_browser_that_goes_away_in_the_middle_loses_no_refresh_token(
    browser: Browser, people: People
) -> None:
    await signed_in(browser, people)
    browser.issuer.slow_seconds = 0.2

    with later(browser, seconds=281):
        request = asyncio.create_task(browser.http.get(PROBE))
        await asyncio.sleep(0.1)
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request
        await asyncio.sleep(0.8)
        browser.issuer.slow_seconds = 0
    with later(browser, seconds=600):
        assert await is_in(browser)
        assert (await row_of(browser))["away_since"] is None


async def test_when_keycloak_says_no_the_session_ends(browser: Browser, people: People) -> None:
    await signed_in(browser, people)
    browser.issuer.refresh_tokens.clear()

    with later(browser, seconds=281):
        assert not await is_in(browser)
    assert not await is_in(browser)


@pytest.mark.parametrize("outage", ["stopped", "overloaded", "our own secret refused"])
async def test_when_keycloak_is_away_the_shift_goes_on_without_administration(
    outage: str, browser: Browser, people: People
) -> None:
    person = await signed_in(browser, people, ("operator", "tenant-admin"))
    if outage == "stopped":
        browser.issuer.stop()
    else:
        browser.issuer.answers["token"] = 503 if outage == "overloaded" else 401

    with later(browser, minutes=30):
        assert (await browser.http.get(PROBE)).json() == {
            "tenant": "petropavl",
            "roles": ["operator", "tenant-admin"],
            "service": None,
            "away": True,
        }
        assert (await browser.http.get("/t/petropavl/administer")).status_code == 503
    [entry] = await _audit(person, "session.continued_without_keycloak")
    assert entry["object_kind"] == "session"


async def _audit(person: Person, action: str) -> list[asyncpg.Record]:
    async with transaction(await tenant_id("petropavl")):
        return await fetch(
            "SELECT * FROM chassis.audit WHERE tenant_id = app.tenant() AND actor_id = $1 AND action = $2",
            person.subject,
            action,
        )


async def test_the_outage_is_over_with_the_next_confirmation(browser: Browser, people: People) -> None:
    await signed_in(browser, people)
    browser.issuer.answers["token"] = 503
    with later(browser, minutes=10):
        assert (await browser.http.get(PROBE)).json()["away"] is True

    browser.issuer.answers.clear()
    browser.gate.oidc._away_until = time.monotonic()
    with later(browser, minutes=11):
        assert (await browser.http.get(PROBE)).json()["away"] is False
    assert (await row_of(browser))["away_since"] is None


async def test_a_slow_outage_slows_one_request_in_ten_seconds(browser: Browser, people: People) -> None:
    await signed_in(browser, people)
    browser.issuer.answers["token"] = 503

    with later(browser, minutes=10):
        await is_in(browser)
    asked = browser.issuer.asked.count("token")
    with later(browser, minutes=12):
        assert await is_in(browser)
    assert browser.issuer.asked.count("token") == asked


async def test_a_refresh_that_ends_after_the_logout_brings_nothing_back(
    browser: Browser, people: People
) -> None:
    person = await signed_in(browser, people)
    browser.issuer.slow_seconds = 0.3

    with later(browser, seconds=281):
        request = asyncio.create_task(browser.http.get(PROBE))
        await asyncio.sleep(0.1)
        await repository.close_session(sid_hash_of(browser.sid) or b"")
        await request
    assert await lookup("SELECT 1 FROM identity.session WHERE subject = $1", person.subject) == []


async def test_a_token_of_another_person_ends_the_session(browser: Browser, people: People) -> None:
    await signed_in(browser, people)
    [grant] = browser.issuer.refresh_tokens.values()
    grant.claims["sub"] = str(uuid4())

    with later(browser, seconds=281):
        assert not await is_in(browser)


async def test_sessions_that_are_over_are_swept_at_the_next_sign_in(browser: Browser, people: People) -> None:
    old = await signed_in(browser, people)
    browser.http.cookies.clear()

    with later(browser, hours=14):
        person = await people.add({"petropavl": ["operator"]})
        await browser.sign_in(person)
    assert await lookup("SELECT 1 FROM identity.session WHERE subject = $1", old.subject) == []


async def test_a_live_stream_can_ask_whether_it_may_go_on(browser: Browser, people: People) -> None:
    await signed_in(browser, people)
    sid_hash = sid_hash_of(browser.sid) or b""
    petropavl, esil = await tenant_id("petropavl"), await tenant_id("esil")

    assert await browser.gate.still_valid(sid_hash, petropavl)
    assert not await browser.gate.still_valid(sid_hash, esil)
    assert not await browser.gate.still_valid(bytes(32), petropavl)


async def test_keycloak_ends_sessions_from_its_side_and_once(browser: Browser, people: People) -> None:
    person = await signed_in(browser, people)
    token = browser.issuer.logout_token(sub=str(person.subject))

    browser.http.cookies, cookies = type(browser.http.cookies)(), browser.http.cookies
    answer = await browser.http.post("/backchannel-logout", data={"logout_token": token})
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    browser.http.cookies = cookies
    assert not await is_in(browser)

    await browser.sign_in(person)
    assert (await browser.http.post("/backchannel-logout", data={"logout_token": token})).status_code == 200
    assert await is_in(browser)


async def test_a_logout_order_ends_the_named_session_only(browser: Browser, people: People) -> None:
    person = await people.add({"petropavl": ["operator"]})
    await browser.sign_in(person, sid="one")
    first = browser.sid
    browser.http.cookies.clear()
    await browser.sign_in(person, sid="two")

    order = browser.issuer.logout_token(sub=str(person.subject), sid="one")
    await browser.http.post("/backchannel-logout", data={"logout_token": order})

    assert await is_in(browser)
    assert await lookup("SELECT 1 FROM identity.session WHERE sid_hash = $1", sid_hash_of(first)) == []


async def test_a_logout_order_without_a_session_ends_all_of_the_person(
    browser: Browser, people: People
) -> None:
    person = await signed_in(browser, people)

    order = browser.issuer.logout_token(sub=str(person.subject), sid=None)
    await browser.http.post("/backchannel-logout", data={"logout_token": order})

    assert not await is_in(browser)


@pytest.mark.parametrize("form", [{}, {"logout_token": ""}, {"logout_token": "a.b.c"}])
async def test_a_logout_order_that_is_not_keycloaks_is_400(form: dict[str, str], browser: Browser) -> None:
    assert (await browser.http.post("/backchannel-logout", data=form)).status_code in {400, 422}


async def test_an_access_token_is_no_logout_order(browser: Browser, people: People) -> None:
    person = await signed_in(browser, people)
    token = browser.issuer.token(sub=str(person.subject), aud=["dispatch-web", "dispatch-api"])

    assert (await browser.http.post("/backchannel-logout", data={"logout_token": token})).status_code == 400
    assert await is_in(browser)
