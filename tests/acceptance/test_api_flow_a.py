"""Flow A by the JSON API, as an outside system speaks it: real tokens, real HTTP, the running processes."""

import asyncio
import re
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
from tests import makers
from tests.acceptance.api import CENTRE, WATER, Api
from tests.acceptance.waiting import until

OPERATOR, WATERMAN, ROADMAN, SENIOR = (
    "operator.petropavl", "executor.petropavl", "executor-roads.petropavl", "senior.petropavl",
)  # fmt: skip
HOME = "/t/petropavl"


async def callback_of(api: Api, ticket: dict[str, Any]) -> dict[str, Any]:
    """The open callback of a ticket, found page by page as a program does."""
    cursor = ""
    while True:
        page = await api.get(OPERATOR, f"{HOME}/callbacks?limit=100{cursor}")
        for callback in page["items"]:
            if callback["ticket"] == ticket["id"]:
                return dict(callback)
        assert page["next"], "no callback is owed for this ticket"
        cursor = f"&cursor={page['next']}"


async def upload(
    http: httpx.AsyncClient, api: Api, person: str, ticket: dict[str, Any], content: bytes
) -> httpx.Response:
    """A photo as multipart, under a name that says nothing true."""
    bearer = {"Authorization": f"Bearer {await api.token(person)}"}
    return await http.post(
        f"/api/v1{HOME}/tickets/{ticket['id']}/photos", headers=bearer, files={"photo": ("evil.svg", content)}
    )


async def test_a_phone_call_becomes_a_ticket_is_worked_called_back_and_closed(
    api: Api, http: httpx.AsyncClient, superuser: asyncpg.Connection
) -> None:
    made = await api.post(
        OPERATOR, f"{HOME}/tickets", {**WATER, "phone": "8 (705) 123-45-67", "point": CENTRE}
    )
    assert re.fullmatch(r"109-26-\d{6}", made["reference"])
    assert (made["state"], made["service"], made["version"]) == ("assigned", "water", 2)
    assert made["react_by"] < made["due_at"] < made["statutory_due"]

    earlier = await api.get(OPERATOR, f"{HOME}/callers?phone=7051234567")
    near = await api.get(OPERATOR, f"{HOME}/near?lon={CENTRE['lon']}&lat={CENTRE['lat']}")
    found = await api.get(OPERATOR, f"{HOME}/tickets?q={made['reference']}")
    assert made["id"] == earlier["tickets"][0]["id"]
    assert made["id"] in {item["ticket"]["id"] for item in near} or len(near) == 8
    assert [row["id"] for row in found["items"]] == [made["id"]]

    accepted = await api.move(WATERMAN, "petropavl", made, "accept")
    started = await api.move(WATERMAN, "petropavl", accepted, "start")
    sent = await upload(http, api, WATERMAN, made, makers.photo())
    photo = await api.send(WATERMAN, "GET", f"{HOME}/photos/{sent.json()['id']}")
    done = await api.move(
        WATERMAN, "petropavl", {**started, "version": started["version"] + 1}, "done", note="Вентиль"
    )
    assert (accepted["react_by"], started["state"], done["state"]) == (None, "in_progress", "callback_due")
    assert (sent.status_code, photo.headers["content-type"]) == (201, "image/jpeg")

    callback = await callback_of(api, made)
    ended = await api.post(
        OPERATOR, f"{HOME}/callbacks/{callback['id']}/attempts", {"outcome": "confirmed", "note": "Рахмет"}
    )
    closed = await api.get(OPERATOR, f"{HOME}/tickets/{made['reference']}")
    story = await api.get(OPERATOR, f"{HOME}/tickets/{made['id']}/history")
    assert (ended["state"], closed["state"]) == ("confirmed", "closed")
    assert [step["verb"] for step in story["steps"]] == [
        "open", "assign", "accept", "start", "add_photo", "finish", "plan_callback", "close",
    ]  # fmt: skip
    assert all(step["actor"] and step["at"] for step in story["steps"])

    waiting = "SELECT count(*) FROM chassis.outbox WHERE key = $1 AND published_at IS NULL"
    await until(lambda: superuser.fetchval(waiting, made["id"]), 0)


async def test_what_is_not_done_comes_back_and_what_is_not_ours_goes_on(api: Api) -> None:
    done = await api.done()
    callback = await callback_of(api, done)
    where = f"{HOME}/callbacks/{callback['id']}"

    tried = await api.post(OPERATOR, f"{where}/attempts", {"outcome": "unreachable"})
    again = await api.send(OPERATOR, "POST", f"{where}/attempts", {"outcome": "unreachable"})
    early = await api.send(OPERATOR, "POST", f"{where}/close", {"note": "не берёт"})
    await api.post(OPERATOR, f"{where}/attempts", {"outcome": "not_done", "note": "Снова нет воды"})
    reopened = await api.get(OPERATOR, f"{HOME}/tickets/{done['id']}")
    returned = await api.move(WATERMAN, "petropavl", reopened, "return", reason="Не наша труба")
    assigned = await api.move(SENIOR, "petropavl", returned, "assign", service="roads", note="Разрыли дорогу")

    assert (tried["state"], tried["closable"]) == ("due", False)
    assert (again.status_code, again.json()["type"]) == (409, "/problems/same-hour")
    assert (early.status_code, early.json()["type"]) == (409, "/problems/too-few-attempts")
    assert (reopened["state"], reopened["service"], reopened["reopened"]) == ("assigned", "water", 1)
    assert (returned["state"], returned["service"]) == ("returned", None)
    assert (assigned["state"], assigned["service"]) == ("assigned", "roads")
    assert (await api.send(WATERMAN, "GET", f"{HOME}/tickets/{done['id']}")).status_code == 404
    assert (await api.send(ROADMAN, "GET", f"{HOME}/tickets/{done['id']}")).status_code == 200


async def test_two_at_once_one_wins_and_the_other_is_told_what_stands(api: Api) -> None:
    made = await api.ticket()
    path = f"{HOME}/tickets/{made['id']}"

    both = await asyncio.gather(
        *(api.send(WATERMAN, "POST", f"{path}/accept", {"version": made["version"]}) for _ in range(2))
    )
    stale = {
        **{key: made[key] for key in ("category", "address")},
        "text": "Другое",
        "version": made["version"],
    }
    amended = await api.send(OPERATOR, "PATCH", path, stale)

    assert sorted(answer.status_code for answer in both) == [200, 409]
    lost = next(answer for answer in both if answer.status_code == 409).json()
    assert lost["present"] == {"state": "accepted", "version": made["version"] + 1}
    assert (amended.status_code, amended.json()["present"]["text"]) == (409, WATER["text"])


async def test_a_request_that_is_sent_again_gives_the_first_answer(api: Api) -> None:
    key, body = {"Idempotency-Key": str(uuid4())}, {**WATER, "text": f"Однажды {uuid4()}"}

    answers = await asyncio.gather(
        *(api.send(OPERATOR, "POST", f"{HOME}/tickets", body, **key) for _ in range(10))
    )
    other = await api.send(OPERATOR, "POST", f"{HOME}/tickets", {**body, "text": "другое"}, **key)
    malformed = await api.send(OPERATOR, "POST", f"{HOME}/tickets", body, **{"Idempotency-Key": "short"})

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-key-reused")
    assert malformed.status_code == 400


async def test_a_service_that_returns_a_ticket_twice_is_answered_twice(api: Api) -> None:
    made, key = await api.ticket(), {"Idempotency-Key": str(uuid4())}
    said = {"version": made["version"], "reason": "Не наше"}

    answers = [
        await api.send(WATERMAN, "POST", f"{HOME}/tickets/{made['id']}/return", said, **key) for _ in range(2)
    ]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()


async def test_html_and_formulas_are_kept_as_they_were_typed_and_shown_inert(api: Api) -> None:
    typed = "<script>alert(1)</script> =1+2 {{7*7}}"

    made = await api.ticket(text=typed)

    answer = await api.send(OPERATOR, "GET", f"{HOME}/tickets/{made['id']}")
    assert answer.json()["text"] == typed
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_phone_is_masked_for_whoever_need_not_phone(api: Api) -> None:
    made = await api.ticket()
    path = f"{HOME}/tickets/{made['id']}"

    own = await api.get(OPERATOR, f"{path}/applicant")
    service = await api.get(WATERMAN, f"{path}/applicant")
    opened = await api.post(SENIOR, f"{path}/unmask", {"reason": "Уточнить подъезд"})

    assert (own["phone"], own["masked"]) == (WATER["phone"], False)
    assert (service["phone"], service["name"], service["masked"]) == ("+7 705 ***-**-67", "***", True)
    assert opened["phone"] == WATER["phone"]


async def test_a_file_that_is_no_photo_is_refused_by_its_content(api: Api, http: httpx.AsyncClient) -> None:
    made = await api.ticket()
    for verb in ("accept", "start"):
        made = await api.move(WATERMAN, "petropavl", made, verb)

    svg = await upload(http, api, WATERMAN, made, b"<svg xmlns='http://www.w3.org/2000/svg'/>")
    huge = await upload(http, api, WATERMAN, made, b"\xff\xd8\xff" + b"\0" * (10 * 1024 * 1024))

    assert (svg.status_code, svg.json()["errors"][0]["rule"]) == (422, "content")
    assert huge.status_code == 413


async def test_a_question_that_is_answered_at_once_is_recorded_without_a_ticket(
    api: Api, superuser: asyncpg.Connection
) -> None:
    answer = await api.post(OPERATOR, f"{HOME}/consultations", {"text": "Когда придёт автобус № 5?"})

    row = await superuser.fetchrow(
        "SELECT outcome, ticket_id FROM dispatch.call WHERE id = $1::uuid", answer["call"]
    )
    assert tuple(row) == ("consultation", None)


async def test_the_api_describes_itself(api: Api, http: httpx.AsyncClient) -> None:
    answer = await http.get("/api/openapi.json")

    document = answer.json()
    assert document["openapi"].startswith("3.1")
    assert "/api/v1/t/{slug}/tickets" in document["paths"]
    created = document["paths"]["/api/v1/t/{slug}/tickets"]["post"]
    assert created["tags"]
    assert "number at once" in created["description"]
    assert "application/problem+json" in created["responses"]["409"]["content"]
