"""Sessions under attack: chosen, stolen, forged from outside, withdrawn, refreshed from fifty windows at once."""

import asyncio
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from joserfc.jwk import ECKey
from tests.databases import storing
from tests.prove import figures
from tests.prove.ground import people
from tests.prove.ground.people import Caller, Person
from tests.prove.ground.routes import routes
from tests.prove.ground.world import Side, World
from tests.prove.isolation.streams import Listener
from tests.prove.size import dice, sized

from chassis109.store.migrate import SERVICES
from identity109.local_path import local_path
from tenancy109 import directory

CROSS: tuple[dict[str, str], ...] = (
    {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "none"},
    {"Origin": "http://evil.example"}, {"Origin": "null"}, {"Origin": "http://localhost:8109.evil.example"}, {},
)  # fmt: skip
ELSEWHERE = (
    "//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil.example", "/%2f%2fevil.example/..",
    "javascript:alert(1)", "/\t/evil.example", "///evil.example", "http:evil.example", "/\n//evil.example",
    "evil.example", "/login?next=//evil.example", "%2f%2fevil.example", "//evil%E3%80%82example", "data:text/html,x",
)  # fmt: skip


def inside(world: World) -> Caller:
    return next(iter(world.sides.values())).inside


async def signed_in(world: World) -> Caller:
    """The same person once more, in a browser of its own."""
    person = inside(world).person
    assert person is not None
    return await people.caller(world.served, person, world.http)


async def hired(world: World, side: Side, role: str) -> Caller:
    """Somebody new, whom no other test misses."""
    async with storing(world.served.database.app, size=2):
        tenant = await directory.find(side.slug)
        assert tenant is not None
        person = await people.member(tenant, role, name=f"hired.{side.slug}")
    return await people.caller(world.served, person, world.http)


async def at_home(world: World, cookie: str) -> int:
    """What the page of the own account answers to a script with this cookie."""
    headers = {"Cookie": cookie, "Sec-Fetch-Mode": "cors"}
    return (await world.http.get(f"{world.served.web}/me", headers=headers)).status_code


@pytest.mark.parametrize("attacked", SERVICES, indirect=True)
async def test_a_session_that_somebody_else_chose_is_not_taken_over(attacked: World) -> None:
    person = inside(attacked).person
    assert person is not None
    chosen = f"__Host-sid{attacked.service.cookie}={'ab' * 32}"

    first = await people.session(attacked.served, person, attacked.http, [chosen])
    second = await people.session(attacked.served, person, attacked.http, [first])

    assert len({chosen, first, second}) == 3
    assert [await at_home(attacked, cookie) for cookie in (chosen, first, second)] == [401, 401, 200]


@pytest.mark.parametrize("attacked", SERVICES, indirect=True)
async def test_a_stolen_cookie_is_worth_nothing_after_the_end(attacked: World) -> None:
    for way in ("/logout", "/logout-everywhere"):
        caller = await signed_in(attacked)
        other = await signed_in(attacked)
        assert await at_home(attacked, caller.cookie) == 200
        ended = await attacked.http.post(attacked.served.web + way, headers=caller.headers(way, "POST"))
        assert ended.status_code == 303
        assert await at_home(attacked, caller.cookie) == 401
        assert await at_home(attacked, other.cookie) == (200 if way == "/logout" else 401)
    for side in attacked.sides.values():  # everybody's sessions are over now, also those of the other tests
        side.inside = (
            await signed_in(attacked) if side.inside.person == inside(attacked).person else side.inside
        )


@pytest.mark.parametrize("attacked", SERVICES, indirect=True)
async def test_no_other_site_makes_a_browser_change_anything(attacked: World) -> None:
    """Every page that changes something, in every way in which a foreign site can send a form or a script."""
    side, tried = next(iter(attacked.sides.values())), 0
    caller = await signed_in(attacked)
    stolen = (await signed_in(attacked)).form_token
    before = await attacked.fingerprint(side)
    for route in routes(attacked.service):
        if route.method == "GET" or route.is_api:
            continue
        path, body = route.address(await attacked.values(route, side)), route.request()
        ways: list[dict[str, str]] = [{**way, "X-Form-Token": caller.form_token} for way in CROSS]
        ways += [{"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "same-origin", "X-Form-Token": stolen}]
        for headers in dice(path).sample(ways, sized(3, len(ways))):
            answer = await attacked.http.request(
                route.method, attacked.served.web + path, headers={"Cookie": caller.cookie, **headers}, **body
            )
            assert answer.status_code == 403 or not _allowed(answer.status_code), (
                path,
                headers,
                answer.status_code,
            )
            tried += 1
    figures.say(f"identity.cross_site.{attacked.service.name}", tried, "calls")
    assert await attacked.fingerprint(side) == before
    assert await at_home(attacked, caller.cookie) == 200


def _allowed(status: int) -> bool:
    return status not in {403, 404}


@pytest.mark.parametrize("attacked", SERVICES, indirect=True)
async def test_nobody_is_sent_to_another_site_after_signing_in(attacked: World) -> None:
    person = inside(attacked).person
    assert person is not None
    for wanted in ELSEWHERE:
        begun = await attacked.http.get(f"{attacked.served.web}/login", params={"next": wanted})
        query = parse_qs(urlsplit(begun.headers["location"]).query)
        code = attacked.served.issuer.sign_in(query, **person.claims(attacked.served))
        kept = "; ".join(pair for pair, _ in people.set_cookies(begun))
        back = {"state": query["state"][0], "code": code, "iss": attacked.served.issuer.url}
        ended = await attacked.http.get(
            f"{attacked.served.web}/callback", params=back, headers={"Cookie": kept}
        )
        target = ended.headers["location"]
        assert ended.status_code == 303
        assert target == local_path(wanted)
        assert target.startswith("/")
        assert target[1:2] not in {"/", "\\"}, wanted
        assert not {"\t", "\n", "\r", "\\"} & set(target), wanted
    figures.say(f"identity.redirects.{attacked.service.name}", len(ELSEWHERE), "targets")


@pytest.mark.parametrize("attacked", SERVICES, indirect=True)
async def test_a_sign_in_that_another_browser_began_is_not_finished_here(attacked: World) -> None:
    person = inside(attacked).person
    assert person is not None
    web, issuer = attacked.served.web, attacked.served.issuer
    mine, theirs = [await attacked.http.get(f"{web}/login") for _ in range(2)]
    query = parse_qs(urlsplit(theirs.headers["location"]).query)
    code = issuer.sign_in(query, **person.claims(attacked.served))
    good = {"state": query["state"][0], "code": code, "iss": issuer.url}
    own = "; ".join(pair for pair, _ in people.set_cookies(mine))
    for cookie, said in (
        (own, good),
        ("", good),
        (own, {**good, "state": ""}),
        (own, {**good, "iss": "http://x"}),
    ):
        answer = await attacked.http.get(f"{web}/callback", params=said, headers={"Cookie": cookie})
        assert answer.status_code == 400, answer.text
        assert not [pair for pair, _ in people.set_cookies(answer) if pair.startswith("__Host-sid")]


def forged_orders(world: World, person: Person) -> dict[str, str]:
    """Orders to end a session that Keycloak never gave."""
    issuer, now = world.served.issuer, int(time.time())
    about: dict[str, Any] = {"sub": str(person.subject), "sid": f"kc-{person.subject}"}
    signed = issuer.logout_token(**about)
    own = ECKey.generate_key("P-256", {"kid": issuer.key.kid})
    return {
        "a foreign key": issuer.signed({"iss": issuer.url, "aud": issuer.client, "iat": now, "jti": "1", **about,
                                        "events": {"http://schemas.openid.net/event/backchannel-logout": {}}}, key=own),
        "another client": issuer.logout_token(**about, aud="provisioner"),
        "another issuer": issuer.logout_token(**about, iss="http://elsewhere"),
        "a nonce": issuer.logout_token(**about, nonce="x"), "no event": issuer.logout_token(**about, events={}),
        "too old": issuer.logout_token(**about, iat=now - 600), "expired": issuer.logout_token(**about, exp=now - 60),
        "no jti": issuer.logout_token(**about, jti=None), "an access token": issuer.token(**about),
        "nobody named": issuer.logout_token(sub=None, sid=None), "cut": signed[:-6], "nothing": "x",
    }  # fmt: skip


@pytest.mark.parametrize("attacked", SERVICES, indirect=True)
async def test_an_order_to_end_a_session_counts_once_and_from_keycloak_only(attacked: World) -> None:
    caller = await signed_in(attacked)
    assert caller.person is not None
    address = f"{attacked.served.web}/backchannel-logout"
    for name, forged in forged_orders(attacked, caller.person).items():
        answer = await attacked.http.post(address, data={"logout_token": forged})
        assert answer.status_code == 400, name
        assert await at_home(attacked, caller.cookie) == 200, name

    order = attacked.served.issuer.logout_token(
        sub=str(caller.person.subject), sid=f"kc-{caller.person.subject}", jti=str(uuid4())
    )
    assert (await attacked.http.post(address, data={"logout_token": order})).status_code == 200
    assert await at_home(attacked, caller.cookie) == 401
    again = await signed_in(attacked)
    assert (await attacked.http.post(address, data={"logout_token": order})).status_code == 200
    assert await at_home(attacked, again.cookie) == 200, "a replayed order ended a new session"
    for side in attacked.sides.values():
        side.inside = again if side.inside.person == caller.person else side.inside


@pytest.mark.parametrize("attacked", SERVICES, indirect=True)
async def test_fifty_windows_refresh_a_session_once(attacked: World) -> None:
    caller, issuer = await signed_in(attacked), attacked.served.issuer
    assert caller.person is not None
    await attacked.superuser.execute(
        "UPDATE identity.session SET refresh_at = now() - interval '1 second' WHERE subject = $1",
        caller.person.subject,
    )
    asked = issuer.asked.count("token")

    answers = await asyncio.gather(*(at_home(attacked, caller.cookie) for _ in range(50)))

    # Each of the person's sessions once: the others were made due as well, but nobody used them.
    assert issuer.asked.count("token") - asked == 1
    assert set(answers) == {200}
    figures.say(f"identity.storm.{attacked.service.name}", 50, "windows, 1 refresh")


async def test_a_role_that_is_withdrawn_ends_the_work_and_the_open_stream(dispatch: World) -> None:
    ours = next(iter(dispatch.sides.values()))
    victim, admin = await hired(dispatch, ours, "analyst"), ours.callers["tenant-admin"]
    assert victim.person is not None
    listener = Listener(dispatch, ours, victim, dispatch.served.live)
    await listener.opened()
    path = f"/api/v1/t/{ours.slug}/people/{victim.person.subject}/withdraw"
    begun = time.monotonic()

    answer = await dispatch.http.post(
        dispatch.served.web + path,
        json={"role": "analyst", "reason": "уволен"},
        headers=admin.headers(path, "POST"),
    )
    assert answer.is_success, answer.text
    await listener.wait_for(lambda heard: "event: end" in heard)
    seconds = time.monotonic() - begun
    await listener.close()

    for path, headers in (
        (f"/t/{ours.slug}/op/queue", {"Cookie": victim.cookie}),
        (f"/api/v1/t/{ours.slug}/tickets", {"Authorization": f"Bearer {victim.bearer}"}),
    ):
        assert (await dispatch.http.get(dispatch.served.web + path, headers=headers)).status_code == 404
    reopened = await dispatch.http.get(
        f"{dispatch.served.live}/t/{ours.slug}/live", headers={"Cookie": victim.cookie}
    )
    assert reopened.status_code == 404
    figures.say("identity.stream_ends_after", seconds, "s after the role was withdrawn", "value <= 30")
