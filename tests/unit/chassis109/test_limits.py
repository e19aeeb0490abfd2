"""Rate limits: a burst, then the rate; each key for itself."""

from typing import Any

import httpx
import pytest
from litestar import Litestar, Request, Response, get

from chassis109.kernel.errors import Refused
from chassis109.web import problems
from chassis109.web.limits import KEPT, RateLimit, by_address, client_address


def _page(_: Request[Any, Any, Any], problem: problems.Problem, __: Refused) -> Response[Any]:
    return Response(problem.title, status_code=problem.status)


HANDLERS = problems.handlers(lambda message, _, **params: message.format_map(params), lambda _: "en", _page)


def test_after_the_burst_the_rate_counts() -> None:
    limit = RateLimit(rate=2, burst=3, key=by_address)
    assert [limit.take("a", 0.0) for _ in range(3)] == [0, 0, 0]
    assert limit.take("a", 0.0) == pytest.approx(0.5)
    assert limit.take("a", 0.5) == 0
    assert limit.take("a", 0.5) > 0


def test_one_person_does_not_use_up_what_another_has() -> None:
    limit = RateLimit(rate=1, burst=1, key=by_address)
    assert limit.take("1:a", 0.0) == 0
    assert limit.take("2:a", 0.0) == 0


def test_a_rest_never_saves_more_than_the_burst() -> None:
    limit = RateLimit(rate=10, burst=2, key=by_address)
    limit.take("a", 0.0)
    assert [limit.take("a", 1000.0) for _ in range(3)] == [0, 0, pytest.approx(0.1)]


def test_forgotten_keys_do_not_fill_the_memory() -> None:
    limit = RateLimit(rate=1, burst=1, key=by_address)
    for n in range(KEPT + 10):
        limit.take(str(n), 0.0)
    assert len(limit._buckets) == KEPT


def _scope(host: str, *forwarded: bytes) -> dict[str, object]:
    return {"client": (host, 1), "headers": [(b"x-forwarded-for", value) for value in forwarded]}


@pytest.mark.parametrize(
    ("scope", "address"),
    [
        (_scope("10.0.0.1"), "10.0.0.1"),
        (_scope("10.0.0.1", b"1.2.3.4"), "10.0.0.1"),  # a stranger may write any header
        (_scope("127.0.0.1", b"1.2.3.4"), "1.2.3.4"),
        (_scope("127.0.0.1", b"6.6.6.6, 1.2.3.4"), "1.2.3.4"),  # what the proxy itself saw stands last
        (_scope("::1", b"6.6.6.6", b"2001:db8::1"), "2001:db8::1"),
        ({"client": None, "headers": []}, ""),
    ],
)
def test_the_address_is_the_one_the_own_proxy_saw(scope: dict[str, object], address: str) -> None:
    assert client_address(scope) == address  # type: ignore[arg-type]


async def test_too_many_requests_are_told_when_to_come_back() -> None:
    @get("/")
    async def index() -> str:
        return "ok"

    app = Litestar(
        [index],
        logging_config=None,
        guards=[RateLimit(rate=0.1, burst=2, key=by_address)],
        exception_handlers=HANDLERS,
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:  # type: ignore[arg-type]
        answers = [await client.get("/", headers={"Accept": "application/json"}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].headers["retry-after"] == "10"
    assert answers[2].headers["content-type"] == "application/problem+json"
