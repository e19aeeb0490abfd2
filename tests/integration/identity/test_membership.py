"""Roles given and ended: by the API and the screen, with reason and audit, effective from the next request on."""

from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from tests.integration.identity.conftest import OURS, Browser, People, Person, bearer, tenant_id

from chassis109.store.unit import fetch, transaction
from identity109 import membership
from identity109.sessions import sid_hash_of

PEOPLE = "/api/v1/t/petropavl/people"


async def withdraw(browser: Browser, admin: Person, person: Person, **data: Any) -> httpx.Response:
    headers = bearer(browser.issuer, admin)
    body = {"role": "operator", "reason": "left the service", **data}
    return await browser.http.post(f"{PEOPLE}/{person.subject}/withdraw", json=body, headers=headers)


async def audit(actor: Person, action: str) -> list[asyncpg.Record]:
    async with transaction(await tenant_id("petropavl")):
        return await fetch(
            "SELECT object_id, detail::text FROM chassis.audit WHERE tenant_id = app.tenant() AND actor_id = $1"
            " AND action = $2",
            actor.subject,
            action,
        )


async def test_a_withdrawn_role_ends_with_the_next_request(browser: Browser, people: People) -> None:
    admin, person = (
        await people.add({"petropavl": ["tenant-admin"]}),
        await people.add({"petropavl": ["operator"]}),
    )
    await browser.sign_in(person)
    stream = (sid_hash_of(browser.sid) or b"", await tenant_id("petropavl"))
    token = bearer(browser.issuer, person)
    assert (await browser.http.get("/t/petropavl/probe")).status_code == 200

    assert (await withdraw(browser, admin, person)).status_code == 204

    assert (await browser.http.get("/t/petropavl/probe")).status_code == 404
    assert (await browser.http.get("/api/v1/t/petropavl/probe", headers=token)).status_code == 404
    assert not await browser.gate.still_valid(*stream)
    [entry] = await audit(admin, "membership.withdrawn")
    assert entry["object_id"] == str(person.subject)
    assert "left the service" in entry["detail"]


async def test_other_roles_and_tenants_of_the_person_stay(browser: Browser, people: People) -> None:
    admin = await people.add({"petropavl": ["tenant-admin"]})
    person = await people.add({"petropavl": ["operator", "auditor"], "qyzylzhar": ["operator"]})
    await browser.sign_in(person)

    await withdraw(browser, admin, person)

    assert (await browser.http.get("/t/petropavl/any")).json()["roles"] == ["auditor"]
    assert (await browser.http.get("/t/qyzylzhar/probe")).status_code == 200


async def test_live_streams_are_told_after_the_commit_and_not_before(people: People) -> None:
    admin, person = (
        await people.add({"petropavl": ["tenant-admin"]}),
        await people.add({"petropavl": ["operator"]}),
    )
    told: list[tuple[int, UUID, bool]] = []

    async def hear(tenant: int, subject: UUID) -> None:
        async with transaction(tenant):
            [row] = await fetch(
                "SELECT active FROM identity.membership WHERE tenant_id = $1 AND subject = $2",
                tenant,
                subject,
            )
        told.append((tenant, subject, row["active"]))

    await membership.withdraw(
        await people.actor(admin, "petropavl"), person.subject, "operator", "left", hear
    )

    assert told == [(await tenant_id("petropavl"), person.subject, False)]


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"reason": ""}, 422),
        ({"reason": " \n "}, 422),
        ({"reason": "x" * 501}, 422),
        ({"role": "senior"}, 404),
        ({"role": "root"}, 404),
        ({"tenant": "qyzylzhar"}, 422),
    ],
)
async def test_a_withdrawal_that_makes_no_sense_is_refused(
    data: dict[str, str], status: int, browser: Browser, people: People
) -> None:
    admin, person = (
        await people.add({"petropavl": ["tenant-admin"]}),
        await people.add({"petropavl": ["operator"]}),
    )

    assert (await withdraw(browser, admin, person, **data)).status_code == status
    assert await audit(admin, "membership.withdrawn") == []


async def test_nobody_administers_another_tenant_or_their_own_roles(browser: Browser, people: People) -> None:
    admin = await people.add({"petropavl": ["tenant-admin", "operator"]})
    elsewhere = await people.add({"qyzylzhar": ["operator"]})
    foreign = await people.add({"qyzylzhar": ["tenant-admin"]})

    assert (await withdraw(browser, admin, elsewhere)).status_code == 404
    assert (await withdraw(browser, foreign, admin)).status_code == 404
    assert (await withdraw(browser, admin, admin)).status_code == 403
    assert (await withdraw(browser, await people.add({"petropavl": ["senior"]}), admin)).status_code == 403


async def test_a_role_given_counts_when_the_token_names_it_too(browser: Browser, people: People) -> None:
    admin, person = (
        await people.add({"petropavl": ["tenant-admin"]}),
        await people.add({"petropavl": ["operator"]}),
    )
    headers = bearer(browser.issuer, admin)
    given = {"role": "executor", "service": "water", "reason": "moved to the water utility"}

    answer = await browser.http.post(f"{PEOPLE}/{person.subject}/grant", json=given, headers=headers)

    assert answer.status_code == 204
    await browser.sign_in(person)
    assert (await browser.http.get("/t/petropavl/any")).json()["roles"] == ["operator"]
    await browser.sign_in(person, groups=[*person.groups, "/tenants/petropavl/executor"])
    assert (await browser.http.get("/t/petropavl/any")).json()["service"] == "water"
    assert len(await audit(admin, "membership.granted")) == 1
    await browser.http.post(f"{PEOPLE}/{person.subject}/grant", json=given, headers=headers)
    assert len(await audit(admin, "membership.granted")) == 1


@pytest.mark.parametrize(
    "given",
    [
        {"role": "root"},
        {"role": "region-command"},
        {"role": "executor"},
        {"role": "executor", "service": "no-such-service"},
        {"role": "operator", "service": "water"},
    ],
)
async def test_a_role_that_does_not_exist_here_is_refused(
    given: dict[str, str], browser: Browser, people: People
) -> None:
    admin, person = (
        await people.add({"petropavl": ["tenant-admin"]}),
        await people.add({"petropavl": ["auditor"]}),
    )
    body = {"reason": "trial", **given}

    answer = await browser.http.post(
        f"{PEOPLE}/{person.subject}/grant", json=body, headers=bearer(browser.issuer, admin)
    )

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] in {"role", "service"}


async def test_nobody_unknown_gets_a_role(browser: Browser, people: People) -> None:
    admin = await people.add({"petropavl": ["tenant-admin"]})
    body = {"role": "operator", "reason": "trial"}

    answer = await browser.http.post(
        f"{PEOPLE}/{uuid4()}/grant", json=body, headers=bearer(browser.issuer, admin)
    )

    assert answer.status_code == 404


async def test_the_list_of_people_is_the_tenants_own(browser: Browser, people: People) -> None:
    admin, person = (
        await people.add({"petropavl": ["tenant-admin"]}),
        await people.add({"petropavl": ["operator"]}),
    )
    elsewhere = await people.add({"qyzylzhar": ["operator"]})

    listed = (await browser.http.get(PEOPLE, headers=bearer(browser.issuer, admin))).json()

    subjects = {row["subject"] for row in listed}
    assert {str(admin.subject), str(person.subject)} <= subjects
    assert str(elsewhere.subject) not in subjects


async def test_the_screen_ends_a_role_and_gives_it_back(browser: Browser, people: People) -> None:
    person = await people.add({"petropavl": ["operator"]})
    await browser.sign_in(await people.add({"petropavl": ["tenant-admin"]}))
    there = "/t/petropavl/admin/people"
    before = (await browser.http.get(there)).text
    assert f'id="m-{person.subject}-operator"' in before

    missing = await browser.post(f"{there}/{person.subject}/withdraw", {"role": "operator", "reason": ""})
    ended = await browser.post(
        f"{there}/{person.subject}/withdraw", {"role": "operator", "reason": "left & gone"}
    )

    assert missing.status_code == 422
    assert (ended.status_code, ended.headers["location"]) == (303, there)
    after = (await browser.http.get(there)).text
    assert f'id="e-{person.subject}-operator"' in after
    assert "left &amp; gone" in after
    await browser.post(f"{there}/{person.subject}/grant", {"role": "operator", "reason": "came back"})
    assert f'id="m-{person.subject}-operator"' in (await browser.http.get(there)).text


async def test_a_script_on_the_screen_is_told_where_to_go(browser: Browser, people: People) -> None:
    person = await people.add({"petropavl": ["operator"]})
    await browser.sign_in(await people.add({"petropavl": ["tenant-admin"]}))
    token = browser.gate.forms.of(sid_hash_of(browser.sid) or b"")

    answer = await browser.http.post(
        f"/t/petropavl/admin/people/{person.subject}/withdraw",
        data={"role": "operator", "reason": "left"},
        headers={**OURS, "hx-request": "true", "x-form-token": token},
    )

    assert (answer.status_code, answer.headers["location"]) == (200, "/t/petropavl/admin/people")
