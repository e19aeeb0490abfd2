"""The attack list of the design at the doors of the three services: no forged token is let in, and none learns why."""

from collections import Counter

import pytest
from tests.prove import figures
from tests.prove.ground import people
from tests.prove.ground.people import Caller
from tests.prove.ground.world import World
from tests.unit.identity109.test_access_tokens import ATTACKS

from chassis109.store.migrate import SERVICES

TRIED: Counter[str] = Counter()
DOORS = {
    "dispatch": "/api/v1/t/petropavl/tickets", "hub": "/api/v1/hub/101/handoffs", "region": "/api/v1/rc/wall",
}  # fmt: skip
GROUPS = {
    "dispatch": ("/tenants/Petropavl/senior", "/tenants/рetropavl/senior", "/tenants/petropavl./senior",
                 "/tenants/petropavl/senior\n", "/tenants/__proto__/senior", "/tenants/petropavl/../aiyrtau/senior"),
    "hub": ("/services/١٠١/hub-lead", "/services/101./hub-lead", "/services/101/Hub-lead", "/tenants/101/hub-lead"),
    "region": ("/region/region-command/", "/tenants/sko/region-command",
               "/Region/region-command", "/regiоn/region-command"),
}  # fmt: skip


def inside(world: World) -> Caller:
    return next(iter(world.sides.values())).inside


async def knock(world: World, token: str) -> tuple[int, str]:
    """What a program with this token is told."""
    door = world.served.web + DOORS[world.service.name]
    answer = await world.http.get(door, headers={"Authorization": f"Bearer {token}".strip().encode()})
    return answer.status_code, answer.text


@pytest.mark.parametrize("attacked", SERVICES, indirect=True)
@pytest.mark.parametrize("attack", ATTACKS)
async def test_a_forged_token_opens_no_door(attack: str, attacked: World) -> None:
    person, issuer = inside(attacked).person, attacked.served.issuer
    assert person is not None
    before = issuer.usual
    issuer.usual = {**before, **person.claims(attacked.served)}
    try:
        forged = ATTACKS[attack](issuer)
        good = issuer.token()
    finally:
        issuer.usual = before

    assert (await knock(attacked, good))[0] == 200
    status, said = await knock(attacked, forged)
    TRIED["tokens"] += 1

    assert status == 401, said
    assert "items" not in said
    # No token at all is another sentence: "sign in".
    assert not forged or said == (await knock(attacked, "x"))[1], "the caller learns which check failed"


@pytest.mark.parametrize("attacked", SERVICES, indirect=True)
async def test_a_group_that_looks_like_a_tenants_gives_nothing(attacked: World) -> None:
    person = inside(attacked).person
    assert person is not None
    for group in GROUPS[attacked.service.name]:
        status, said = await knock(attacked, people.token(attacked.served, person, groups=[group]))
        assert status == 404, (group, said)
        TRIED["groups"] += 1


async def test_a_token_of_one_service_is_nothing_at_another(
    dispatch: World, hub: World, region: World
) -> None:
    worlds = (dispatch, hub, region)
    for issuing in worlds:
        for door in worlds:
            if issuing is not door:
                status, _ = await knock(door, inside(issuing).bearer)
                assert status in {401, 404}, (issuing.service.name, door.service.name)
                TRIED["foreign"] += 1


async def test_a_role_in_one_tenant_is_no_role_in_another(dispatch: World) -> None:
    ours, theirs = dispatch.sides.values()
    operator, senior = ours.callers["operator"], theirs.callers["senior"]
    assert operator.person is not None
    assert senior.person is not None
    groups = [*operator.person.groups, *senior.person.groups]
    both = people.token(dispatch.served, operator.person, groups=groups)
    ticket = await dispatch.id_of("ticket_id", ours)
    assign = f"{dispatch.served.web}/api/v1/t/{ours.slug}/tickets/{ticket}/assign"
    headers = {"Authorization": f"Bearer {both}"}

    answer = await dispatch.http.post(assign, json={"version": 1, "service": "akimat"}, headers=headers)
    there = await dispatch.http.get(f"{dispatch.served.web}/api/v1/t/{theirs.slug}/tickets", headers=headers)

    assert (answer.status_code, there.status_code) == (403, 404)


@pytest.mark.parametrize("attacked", SERVICES, indirect=True)
async def test_a_cookie_is_nothing_at_the_api_and_a_token_nothing_at_a_page(attacked: World) -> None:
    caller = inside(attacked)
    door = attacked.served.web + DOORS[attacked.service.name]

    api = await attacked.http.get(door, headers={"Cookie": caller.cookie})
    page = await attacked.http.get(
        f"{attacked.served.web}/me",
        headers={"Authorization": f"Bearer {caller.bearer}", "Sec-Fetch-Mode": "cors"},
    )

    assert (api.status_code, page.status_code) == (401, 401)


def test_how_much_was_tried() -> None:
    figures.say("identity.forged_tokens", TRIED.total(), "calls at 3 services")
    assert TRIED["tokens"] == len(ATTACKS) * len(SERVICES)
