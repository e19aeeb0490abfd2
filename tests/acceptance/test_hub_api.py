"""The JSON API of a desk, as a service's own system uses it: by client credentials, at its own desk only."""

from typing import Any
from uuid import uuid4

import httpx
from tests.acceptance.desks import HubApi, Line

from hub112.contract import Envelope


async def received(line: Line, hub_api: HubApi, service: str = "103") -> Envelope:
    """A handoff that the desk's machine has confirmed."""
    said = await hub_api.arrived(await line.hand_over(service))
    await hub_api.verb(service, said, "receipt")
    return said


def path(said: Envelope, verb: str = "") -> str:
    return f"/{said.recipient.service}/handoffs/{said.handoff_id}{verb and f'/{verb}'}"


async def test_a_machine_works_a_handoff_from_its_receipt_to_its_end(line: Line, hub_api: HubApi) -> None:
    said = await received(line, hub_api)

    seen = await hub_api.verb("103", said, "seen")
    accepted = await hub_api.verb("103", said, "accept", external_id="CAD-7", note="едем")
    crew = {"unit_id": "A-7", "kind": "als", "status": "on_scene", "lon": 69.15, "lat": 54.87}
    there = await hub_api.verb("103", said, "units", **crew)
    await hub_api.verb("103", said, "notes", text="двое в сознании")
    closed = await hub_api.verb("103", said, "close", disposition="Госпитализированы")

    assert (seen["state"], accepted["state"], there["state"], closed["state"]) == (
        "seen",
        "accepted",
        "on_scene",
        "closed",
    )
    assert accepted["external_id"] == "CAD-7"
    card = (await hub_api.send("103", "GET", path(said))).json()
    assert [step["event"] for step in card["steps"]] == [
        "dispatch", "receipt", "seen", "accept", "arrive", "note", "close",
    ]  # fmt: skip
    assert [(unit["unit_id"], unit["lon"]) for unit in card["units"]] == [("A-7", 69.15)]
    assert card["handoff"]["incident"]["caller"]["phone"] == "+77051234567"


async def test_a_machine_is_nobody_at_another_desk(line: Line, hub_api: HubApi) -> None:
    said = await received(line, hub_api)

    for method, where in (("GET", path(said)), ("GET", "/103/handoffs"), ("POST", path(said, "receipt"))):
        answer = await hub_api.send("101", method, where)
        assert answer.status_code == 404, where
    own = await hub_api.send("101", "GET", f"/101/handoffs/{said.handoff_id}")
    assert own.status_code == 404


async def test_a_person_of_the_desk_may_use_the_api_but_only_a_lead_forwards(
    line: Line, hub_api: HubApi
) -> None:
    said = await received(line, hub_api)
    to = {"to": "101", "reason": "нужна лестница"}

    refused = await hub_api.send("operator.103", "POST", path(said, "forward"), to)
    asked = await hub_api.send("lead.112", "POST", path(said, "forward"), to)

    assert (refused.status_code, asked.status_code) == (403, 200)
    assert asked.json()["state"] == "received"


async def test_the_second_answer_is_told_who_was_first(line: Line, hub_api: HubApi) -> None:
    said = await received(line, hub_api)
    first = await hub_api.send("operator.103", "POST", path(said, "accept"), {})

    second = await hub_api.send(
        "operator2.103",
        "POST",
        path(said, "decline"),
        {"reason_code": "duplicate"},
        **{"Accept-Language": "ru"},
    )

    assert first.is_success
    problem = second.json()
    assert (second.status_code, problem["type"]) == (409, "/problems/wrong-state")
    assert problem["present"]["decided_by"] == first.json()["decided_by"]
    assert "Принято" in problem["title"]


async def test_a_repeated_request_with_its_key_gives_the_first_answer_and_does_nothing_more(
    line: Line, hub_api: HubApi
) -> None:
    said = await received(line, hub_api)
    key = {"Idempotency-Key": str(uuid4())}

    first = await hub_api.send("103", "POST", path(said, "notes"), {"text": "один раз"}, **key)
    again = await hub_api.send("103", "POST", path(said, "notes"), {"text": "один раз"}, **key)
    other = await hub_api.send("103", "POST", path(said, "notes"), {"text": "другое"}, **key)

    assert first.json()["version"] == again.json()["version"]
    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-key-reused")


async def test_open_handoffs_are_listed_by_state_and_mode(line: Line, hub_api: HubApi) -> None:
    live = await received(line, hub_api)
    drill = await hub_api.arrived(await line.hand_over(mode="exercise"))

    def ids(answer: httpx.Response) -> set[str]:
        return {item["id"] for item in answer.json()["items"]}

    assert str(live.handoff_id) in ids(await hub_api.send("103", "GET", "/103/handoffs?state=received"))
    assert str(live.handoff_id) not in ids(await hub_api.send("103", "GET", "/103/handoffs?state=accepted"))
    drills = ids(await hub_api.send("103", "GET", "/103/handoffs?mode=exercise"))
    assert (str(drill.handoff_id) in drills, str(live.handoff_id) in drills) == (True, False)


async def test_what_has_ended_is_found_by_its_number_and_page_by_page(line: Line, hub_api: HubApi) -> None:
    numbers = []
    for _ in range(3):
        said = await received(line, hub_api, "112")
        declined = await hub_api.verb("112", said, "decline", reason_code="false_alarm")
        numbers.append(declined["number"])

    first = (await hub_api.send("112", "GET", "/112/handoffs/ended?limit=2")).json()
    rest = (await hub_api.send("112", "GET", f"/112/handoffs/ended?limit=2&cursor={first['next']}")).json()
    found = (await hub_api.send("112", "GET", f"/112/handoffs/ended?q={numbers[0]}")).json()

    assert [item["number"] for item in (*first["items"], *rest["items"])][:3] == numbers[::-1]
    assert [item["number"] for item in found["items"]] == [numbers[0]]


async def test_fields_that_break_a_rule_are_named(line: Line, hub_api: HubApi) -> None:
    said = await received(line, hub_api)
    cases: list[tuple[str, dict[str, Any], str]] = [
        ("decline", {"reason_code": "bored"}, "reason_code"),
        ("decline", {"reason_code": "other"}, "reason"),
        ("defer", {"minutes": 0}, "minutes"),
        ("close", {"disposition": " "}, "disposition"),
        ("notes", {"text": "бип\u0007"}, "text"),
        ("accept", {"who": "me"}, "who"),
    ]

    for verb, body, field in cases:
        answer = await hub_api.send("103", "POST", path(said, verb), body)
        assert answer.status_code == 422, verb
        assert field in {error["field"] for error in answer.json()["errors"]}, (verb, answer.text)


async def test_nobody_comes_in_without_a_token(environment: dict[str, str]) -> None:
    async with httpx.AsyncClient(base_url=environment["HUB_URL"]) as anybody:
        answer = await anybody.get("/api/v1/hub/103/handoffs")

    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")


async def test_the_api_is_described_with_its_structs(environment: dict[str, str]) -> None:
    async with httpx.AsyncClient(base_url=environment["HUB_URL"]) as anybody:
        described = (await anybody.get("/api/openapi.json")).json()

    verbs = {where.rpartition("/")[2] for where in described["paths"] if "{handoff_id}/" in where}
    assert verbs == {
        "receipt", "seen", "accept", "decline", "defer", "forward", "units", "close", "confirm-cancel", "notes",
    }  # fmt: skip
    assert {"HandoffOut", "Incident", "Problem", "UnitIn"} <= described["components"]["schemas"].keys()
