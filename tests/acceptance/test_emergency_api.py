"""Emergencies over JSON, as an outside client sees them."""

from uuid import uuid4

from tests.acceptance.api import GAS, Api

ALL = "/t/petropavl/emergencies"
OPERATOR = "operator.petropavl"


async def test_an_emergency_is_handed_to_the_services_of_its_kind_at_once(api: Api) -> None:
    made = await api.emergency()

    assert [handoff["service"] for handoff in made["handoffs"]] == ["101", "104", "103"]
    assert made["incident"]["reference"] == f"kz.sko.petropavl.{made['incident']['number']}"
    assert made["incident"]["priority"] == "P0"
    assert made["incident"]["place"]["entrance"] == "2"
    assert made["caller"]["phone"] == "+77051234567"


async def test_the_same_key_hands_off_once(api: Api) -> None:
    key = {"Idempotency-Key": f"key-{uuid4()}"}

    first = await api.send(OPERATOR, "POST", ALL, GAS, **key)
    again = await api.send(OPERATOR, "POST", ALL, GAS, **key)

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["incident"]["id"] == again.json()["incident"]["id"]


async def test_every_field_that_is_wrong_is_named_at_once(api: Api) -> None:
    said = {**GAS, "type": "ufo", "address": "", "services": ["911"], "victims": {"count": -1}}

    answer = await api.send(OPERATOR, "POST", ALL, said)

    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert {error["field"] for error in answer.json()["errors"]} == {"type", "address", "services", "victims"}


async def test_only_who_takes_calls_hands_off_and_only_in_the_own_tenant(api: Api) -> None:
    for person, path, status in (
        ("executor.petropavl", ALL, 403), ("operator.aiyrtau", ALL, 404), (OPERATOR, "/t/aiyrtau/emergencies", 404),
    ):  # fmt: skip
        assert (await api.send(person, "POST", path, GAS)).status_code == status, person


async def test_a_number_leads_to_the_emergency_and_another_tenant_does_not_find_it(api: Api) -> None:
    made = (await api.emergency())["incident"]

    found = await api.get(OPERATOR, f"{ALL}/{made['number']}")
    foreign = await api.send("operator.aiyrtau", "GET", f"/t/aiyrtau/emergencies/{made['id']}")

    assert found["incident"]["id"] == made["id"]
    assert foreign.status_code == 404


async def test_what_is_added_is_in_the_log_of_every_service(api: Api) -> None:
    made = (await api.emergency())["incident"]

    noted = await api.post(OPERATOR, f"{ALL}/{made['id']}/notes", {"text": "Есік ашық"})

    assert len([step for step in noted["steps"] if step["note"] == "Есік ашық"]) == 3


async def test_a_correction_of_an_old_version_is_refused_with_the_present_one(api: Api) -> None:
    made = (await api.emergency())["incident"]
    facts = {"type": made["type"], "address": "Абай көшесі 12", "text": made["text"]}
    corrected = await api.send(
        OPERATOR, "PATCH", f"{ALL}/{made['id']}", {**facts, "version": made["version"]}
    )

    stale = await api.send(OPERATOR, "PATCH", f"{ALL}/{made['id']}", {**facts, "version": made["version"]})

    assert corrected.json()["incident"]["address"] == "Абай көшесі 12"
    assert stale.status_code == 409
    assert stale.json()["present"]["version"] == corrected.json()["incident"]["version"]


async def test_reopening_is_for_the_senior(api: Api) -> None:
    made = await api.emergency(services=["103"])
    handoff = f"{ALL}/{made['incident']['id']}/handoffs/{made['handoffs'][0]['id']}"
    cancelled = await api.send(OPERATOR, "POST", f"{handoff}/cancel", {"reason": "Қате қоңырау"})

    refused = await api.send(OPERATOR, "POST", f"{handoff}/reopen", {"reason": "Қайта қоңырау шалды"})
    reopened = await api.send(
        "senior.petropavl", "POST", f"{handoff}/reopen", {"reason": "Қайта қоңырау шалды"}
    )

    assert cancelled.status_code == 200
    assert refused.status_code == 403
    assert reopened.status_code in {
        200,
        409,
    }  # a desk that was quick has accepted: then it is asked, not ended
