"""Security headers: on every answer, also where no route is; the nonce is the template's."""

from typing import Any

import httpx
import pytest
from litestar import Litestar, Request, Response, get

from chassis109.web.headers import SecurityHeaders, csp_nonce
from chassis109.web.requestlog import RequestLog


@get("/page")
async def show_page(request: Request[Any, Any, Any]) -> str:
    return csp_nonce(request.scope)


@get("/file")
async def show_file() -> Response[str]:
    return Response("x", headers={"Cache-Control": "public, max-age=31536000"})


@get("/broken")
async def break_down() -> str:
    raise RuntimeError


def _client(own_url: str = "http://localhost:8109") -> httpx.AsyncClient:
    headers = SecurityHeaders(
        own_url=own_url, live_url="http://localhost:8110", keycloak_url="http://localhost:8119"
    )
    log = RequestLog(lambda _: {})
    app = Litestar(
        [show_page, show_file, break_down],
        logging_config=None,
        before_send=[headers, log.unrouted],
        middleware=[log],
        openapi_config=None,
    )
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")  # type: ignore[arg-type]


async def test_the_policy_names_exactly_the_origins_and_the_nonce_of_the_page() -> None:
    async with _client() as client:
        answer = await client.get("/page")
    assert answer.headers["content-security-policy"] == (
        f"default-src 'self'; script-src 'self' 'nonce-{answer.text}'; style-src 'self'; "
        "img-src 'self' data: blob:; connect-src 'self' http://localhost:8110; worker-src 'self'; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'self' http://localhost:8119; object-src 'none'"
    )


async def test_no_two_answers_share_a_nonce() -> None:
    async with _client() as client:
        assert (await client.get("/page")).text != (await client.get("/page")).text


@pytest.mark.parametrize("path", ["/page", "/file", "/broken", "/nothing-here"])
async def test_every_answer_carries_the_headers_and_a_request_id(path: str) -> None:
    async with _client() as client:
        answer = await client.get(path)
    for name in ("content-security-policy", "x-content-type-options", "referrer-policy", "x-request-id"):
        assert answer.headers.get_list(name), name
        assert len(answer.headers.get_list(name)) == 1, name


async def test_pages_are_not_stored_and_files_may_say_otherwise() -> None:
    async with _client() as client:
        assert (await client.get("/page")).headers["cache-control"] == "no-store"
        assert (await client.get("/file")).headers["cache-control"] == "public, max-age=31536000"


async def test_strict_transport_is_demanded_only_over_https() -> None:
    async with _client() as plain, _client("https://109.sko.kz") as secure:
        assert "strict-transport-security" not in (await plain.get("/page")).headers
        assert "max-age=" in (await secure.get("/page")).headers["strict-transport-security"]
