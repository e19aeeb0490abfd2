"""The command centre beside the tenants: one realm, two sites, and neither opens the other's doors."""

import re
from uuid import UUID

import pytest
from playwright.async_api import expect
from tests.acceptance.api import Api
from tests.acceptance.browsing import Browsing

COMMAND, OPERATOR = "region.command", "operator.petropavl"
NOBODY_HERE = 404
NAMES = {
    "slug": "petropavl",
    "territory": "petropavl",
    "name": "x",
    "number": "1",
    "reference": "109-26-000001",
}
OPEN_TO_ALL = ("/me",)


async def calls_of(api: Api) -> list[tuple[str, str]]:
    """Every call that the site describes and that is not for everybody who is signed in, with plausible names in it."""
    described = (await api.get(COMMAND, "/../openapi.json"))["paths"]
    return [
        (method.upper(), path)
        for template, verbs in described.items()
        for path in [re.sub(r"{(\w+)}", _named, template.removeprefix("/api/v1"))]
        if path not in OPEN_TO_ALL
        for method in verbs
    ]


def _named(parameter: re.Match[str]) -> str:
    return NAMES.get(parameter[1], str(UUID(int=1)))


async def test_the_command_centre_signs_in_and_stands_before_the_wall(at_region: Browsing) -> None:
    window = await at_region.of(COMMAND)

    await window.page.goto("/")

    await expect(window.page).to_have_url(re.compile("/rc/wall$"))
    await expect(window.page.locator("h1")).to_be_visible()


async def test_one_browser_holds_a_session_at_each_site(at_region: Browsing, browsing: Browsing) -> None:
    """Both stand on one host name, whose cookies a browser sends to every port."""
    window = await at_region.open()
    await at_region.sign_in(window, COMMAND)

    await window.page.goto(f"{browsing.home}/login?next=/me")

    await expect(window.page).to_have_url(f"{browsing.home}/me")
    for home in (at_region.home, browsing.home):
        assert (await window.context.request.get(f"{home}/me", max_redirects=0)).status == 200
    names = {str(cookie.get("name")) for cookie in await window.context.cookies()}
    assert {"__Host-sid", "__Host-sid-rc"} <= names


async def test_a_person_of_a_tenant_finds_nothing_at_the_region(at_region: Browsing) -> None:
    window = await at_region.of(OPERATOR)
    window.watch.allow(NOBODY_HERE)

    for path in (
        "/rc/wall",
        "/rc/mandates",
        "/rc/alerts",
        "/rc/figures",
        "/rc/refused",
        "/rc/territories/petropavl",
    ):
        answer = await window.page.goto(path)
        assert answer is not None
        assert answer.status == NOBODY_HERE, path


async def test_the_command_centre_finds_nothing_at_a_tenant(browsing: Browsing) -> None:
    window = await browsing.of(COMMAND)
    window.watch.allow(NOBODY_HERE)

    for path in ("/t/petropavl/op", "/t/petropavl/op/queue", "/t/petropavl/op/mandates", "/t/sko/op"):
        answer = await window.page.goto(path)
        assert answer is not None
        assert answer.status == NOBODY_HERE, path


@pytest.mark.parametrize(
    "person", [OPERATOR, "head.petropavl", "executor.petropavl", "tenant-admin.petropavl", "auditor.aiyrtau"]
)
async def test_a_tenants_token_opens_nothing_at_the_region(region_api: Api, person: str) -> None:
    calls = await calls_of(region_api)

    assert ("GET", "/rc/wall") in calls
    for method, path in calls:
        answer = await region_api.send(person, method, path, {})
        assert answer.status_code == NOBODY_HERE, (method, path)


async def test_the_regions_token_opens_nothing_at_a_tenant(api: Api) -> None:
    calls = await calls_of(api)

    assert ("POST", "/t/petropavl/tickets") in calls
    for method, path in calls:
        answer = await api.send(COMMAND, method, path, {})
        assert answer.status_code == NOBODY_HERE, (method, path)


async def test_both_sides_know_who_speaks(api: Api, region_api: Api) -> None:
    here = await region_api.get(COMMAND, "/me")
    there = await api.get(COMMAND, "/me")

    assert len(await region_api.get(COMMAND, "/rc/territories")) > 0
    assert [place["slug"] for place in here["workplaces"]] == ["sko"]
    assert (there["workplaces"], there["subject"]) == ([], here["subject"])
