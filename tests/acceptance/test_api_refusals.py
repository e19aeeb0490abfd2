"""What the JSON API refuses, and how: nothing half stored, nothing told, nothing broken."""

import asyncio
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import httpx
import pytest
from tests.acceptance.api import WATER, Api

OPERATOR, WATERMAN, SENIOR = "operator.petropavl", "executor.petropavl", "senior.petropavl"
HOME = "/t/petropavl"


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("phone", "12", "phone_length"),
        ("phone", "112", "short_number"),
        ("phone", "", "required"),
        ("category", "nothing-such", "choice"),
        ("text", "", "required"),
        ("text", "x" * 4001, "length"),
        ("text", "a\u0000b", "characters"),
        ("applicant", "a\u202eb", "characters"),
        ("language", "fr", "choice"),
        ("priority", 9, "range"),
        ("priority", 10**30, "range"),
        ("point", {"lon": 77.0, "lat": 43.2}, "outside"),
        ("point", {"lon": 500, "lat": 54.8}, "type"),
        ("point", {"lon": "north", "lat": 54.8}, "type"),
        ("surprise", 1, "unknown"),
        ("text", 5, "type"),
    ],
)
async def test_a_field_that_breaks_a_rule_is_named_in_the_persons_language(
    field: str, value: object, rule: str, api: Api, superuser: asyncpg.Connection
) -> None:
    count = "SELECT count(*) FROM dispatch.ticket WHERE tenant_id = 1 AND text = $1"
    mark = f"Отказ {uuid4()}"
    sent = {**WATER, "text": mark, field: value}

    answers = [
        await api.send(OPERATOR, "POST", f"{HOME}/tickets", sent, **{"Accept-Language": language})
        for language in ("kk", "ru", "en")
    ]

    assert {answer.status_code for answer in answers} == {422}, answers[0].text
    problems = [answer.json() for answer in answers]
    assert all(answer.headers["content-type"] == "application/problem+json" for answer in answers)
    assert all((field, rule) == (e["field"].split(".")[0], e["rule"]) for p in problems for e in p["errors"])
    assert len({problem["title"] for problem in problems}) == 3
    assert len({problem["errors"][0]["message"] for problem in problems}) == 3
    assert await superuser.fetchval(count, mark) == 0


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"", "application/json", 422),
        (b"[]", "application/json", 422),
        (b'{"text": "\\ud800"}', "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"phone": 1e999}', "application/json", 400),
        (b"phone=1", "application/x-www-form-urlencoded", 400),
    ],
    ids=["half", "nothing", "a list", "a lone surrogate", "no utf-8", "deep", "infinite", "a form"],
)
async def test_a_body_that_cannot_be_read_is_refused_and_nothing_breaks(
    content: bytes, kind: str, status: int, api: Api, http: httpx.AsyncClient
) -> None:
    headers = {"Authorization": f"Bearer {await api.token(OPERATOR)}", "Content-Type": kind}

    answer = await http.post(f"/api/v1{HOME}/tickets", content=content, headers=headers)

    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), (
        answer.text
    )


async def test_a_body_that_is_too_large_is_refused_before_it_is_sent(
    api: Api, environment: dict[str, str]
) -> None:
    url = urlsplit(environment["DISPATCH_URL"])
    head = (
        f"POST /api/v1{HOME}/tickets HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {await api.token(OPERATOR)}\r\nContent-Length: {300 * 1024}\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    writer.write(head.encode())

    answer = await asyncio.wait_for(reader.readline(), timeout=5)

    writer.close()
    await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.1 413 ")


async def test_foreign_and_missing_look_the_same_to_the_byte(api: Api) -> None:
    theirs = await api.done("aiyrtau")
    callbacks = await api.get("operator.aiyrtau", "/t/aiyrtau/callbacks?limit=1")
    people = {
        "": OPERATOR, "/history": OPERATOR, "/applicant": OPERATOR, "/accept": WATERMAN, "/start": WATERMAN,
        "/return": WATERMAN, "/done": WATERMAN, "/assign": SENIOR, "/unmask": SENIOR,
    }  # fmt: skip
    said = {
        "/accept": {"version": 2}, "/start": {"version": 2}, "/done": {"version": 2},
        "/return": {"version": 2, "reason": "x"}, "/assign": {"version": 2, "service": "akimat"},
        "/unmask": {"reason": "x"},
    }  # fmt: skip
    for verb, person in people.items():
        method = "POST" if verb in said else "GET"
        answers = [
            await api.send(person, method, f"{HOME}/tickets/{wanted}{verb}", said.get(verb))
            for wanted in (theirs["id"], uuid4())
        ]
        assert {answer.status_code for answer in answers} == {404}, verb
        assert answers[0].content == answers[1].content, verb
        assert {*answers[0].headers} == {*answers[1].headers}, verb
    attempts = [
        await api.send(OPERATOR, "POST", f"{HOME}/callbacks/{wanted}/attempts", {"outcome": "confirmed"})
        for wanted in (callbacks["items"][0]["id"], uuid4())
    ]
    assert {answer.status_code for answer in attempts} == {404}
    assert attempts[0].content == attempts[1].content


async def test_a_tenant_where_one_does_not_work_looks_like_one_that_does_not_exist(api: Api) -> None:
    for path in ("/tickets", "/categories", "/callbacks", "/me"):
        foreign, missing = [
            await api.send(OPERATOR, "GET", f"/t/{slug}{path}") for slug in ("aiyrtau", "atlantis")
        ]
        assert (foreign.status_code, missing.status_code) == (404, 404), path
        assert foreign.content == missing.content


@pytest.mark.parametrize(
    ("person", "method", "path", "body"),
    [
        (WATERMAN, "POST", "/tickets", WATER),
        (WATERMAN, "GET", "/callbacks", None),
        (OPERATOR, "POST", "/tickets/{id}/accept", {"version": 2}),
        (OPERATOR, "POST", "/tickets/{id}/assign", {"version": 2, "service": "roads"}),
        (OPERATOR, "POST", "/tickets/{id}/unmask", {"reason": "любопытно"}),
        ("analyst.petropavl", "POST", "/tickets", WATER),
        ("auditor.petropavl", "GET", "/tickets", None),
        ("tenant-admin.petropavl", "GET", "/tickets/{id}", None),
    ],
)
async def test_a_role_may_what_its_role_says_and_no_more(
    person: str, method: str, path: str, body: object, api: Api
) -> None:
    made = await api.ticket()

    answer = await api.send(person, method, HOME + path.replace("{id}", made["id"]), body)

    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/forbidden")


async def test_nobody_is_let_in_without_a_token_or_with_a_wrong_one(
    api: Api, http: httpx.AsyncClient
) -> None:
    good = await api.token(OPERATOR)
    head, body, signature = good.split(".")
    turned = signature[:-4] + ("AAAA" if signature[-4:] != "AAAA" else "BBBB")
    for value in (
        "",
        "Bearer",
        "Bearer x",
        f"Basic {good}",
        f"Bearer {head}.{body}.",
        f"Bearer {head}.{body}.{turned}",
    ):
        headers = {"Authorization": value} if value else {}
        answer = await http.get(f"/api/v1{HOME}/tickets", headers=headers)
        assert answer.status_code == 401, value
        assert "items" not in answer.text


async def test_a_photo_without_any_content_is_refused_also_under_an_idempotency_key(
    api: Api, http: httpx.AsyncClient
) -> None:
    ticket = await api.ticket()
    token = await api.token("executor.petropavl")
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "a-photo-of-nothing"}

    answer = await http.post(f"/api/v1{HOME}/tickets/{ticket['id']}/photos", headers=headers)

    assert answer.status_code in {400, 422}
