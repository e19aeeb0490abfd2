"""/livez, /readyz and /metrics against a real database, also one that takes no writes."""

import asyncio
import os

import httpx
from litestar import Litestar, Request, Response

from chassis109.kernel.errors import Refused, Unavailable
from chassis109.store import unit
from chassis109.web import health, metrics, problems


def _app(bus: bool) -> Litestar:
    def page(_: Request[object, object, object], problem: problems.Problem, __: Refused) -> Response[str]:
        return Response(problem.title, status_code=problem.status)

    routes = health.health_routes(
        {}, required={"database": health.database_is_writable}, desired={"bus": lambda: bus}
    )
    handlers = problems.handlers(lambda m, _, **p: m.format_map(p), lambda _: "en", page)
    return Litestar([*routes, metrics.metrics_route({})], logging_config=None, exception_handlers=handlers)


def _client(bus: bool = True, address: str = "127.0.0.1") -> httpx.AsyncClient:
    transport = httpx.ASGITransport(_app(bus), client=(address, 4000))  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, base_url="http://test")


async def test_a_database_that_takes_writes_is_ready(store: None) -> None:
    async with _client() as client:
        answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()) == (
        200,
        {"status": "ready", "parts": {"database": "ok", "bus": "ok"}},
    )


async def test_nats_away_is_degraded_and_still_ready(store: None) -> None:
    async with _client(bus=False) as client:
        answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert answer.json()["parts"]["bus"] == "away"


async def test_a_database_that_takes_no_writes_is_not_ready(store: None) -> None:
    async with unit.transaction(None):
        await unit.execute("SET TRANSACTION READ ONLY")
        assert not await health.database_is_writable()


async def test_a_check_that_hangs_or_fails_is_not_ready_within_its_second() -> None:
    async def hangs() -> bool:
        await asyncio.sleep(60)
        return True

    async def fails() -> bool:
        raise Unavailable

    routes = health.health_routes({}, required={"hangs": hangs, "fails": fails}, desired={})
    transport = httpx.ASGITransport(Litestar(routes, logging_config=None))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client, asyncio.timeout(3):
        answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["parts"]) == (503, {"hangs": "away", "fails": "away"})


async def test_alive_needs_nothing() -> None:
    async with _client() as client:
        assert (await client.get("/livez")).json() == {"status": "alive"}


async def test_figures_are_for_this_machine_only(store: None) -> None:
    async with _client() as client:
        shown = await client.get("/metrics")
        forwarded = await client.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"})
    async with _client(address="10.0.0.7") as stranger:
        refused = await stranger.get("/metrics")
    assert shown.status_code == 200
    for name in ("outbox_depth", "outbox_lag_seconds", "audit_seal_lag_seconds", "db_pool_in_use"):
        assert f"\n{name} " in shown.text
    assert (forwarded.status_code, refused.status_code) == (404, 404)
    assert os.environ["DISPATCH_APP_DSN"] not in shown.text
