"""Log lines: JSON, traced, and nothing personal in them."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import structlog
from litestar import Litestar, get
from litestar.params import FromPath

from chassis109.observe import logs, tracing
from chassis109.web.requestlog import RequestLog


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    root.handlers[:], root.level = handlers, level


def _lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize(
    "text",
    [
        "+7 701 123 45 67",
        "87011234567",
        "8 (7152) 46-10-10",
        "8(701)123-45-67",
        "+77011234567",
        "870112345678",
    ],
)
def test_phones_and_iins_are_masked_in_any_text(text: str) -> None:
    assert not any(part in logs.masked(f"call {text} now") for part in ("123", "46-10"))


@pytest.mark.parametrize(
    "text",
    ["01a204ce-859e-76d3-83d5-0e6ac3170740", "109-26-000123", "8109", "2026-11-22T19:00:00.123456Z", "12.5"],
)
def test_ids_numbers_and_times_stay_readable(text: str) -> None:
    assert logs.masked(text) == text


def test_a_line_has_the_agreed_fields_and_no_personal_data(capsys: pytest.CaptureFixture[str]) -> None:
    logs.open_logs("dispatch109-web", "1.2")
    logs.bind(tenant="esil", actor_kind="person")
    structlog.get_logger().info("call.registered", ticket="t-1", phone="x", nested={"Name": "Иванов", "n": 1})
    (line,) = _lines(capsys)
    assert {"ts", "level", "event", "service", "version", "tenant", "actor_kind", "ticket"} <= line.keys()
    assert (line["service"], line["version"], line["event"]) == ("dispatch109-web", "1.2", "call.registered")
    assert line["phone"] == "***"
    assert line["nested"] == {"Name": "***", "n": 1}


def test_a_line_cannot_be_broken_by_what_is_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    logs.open_logs("s", "1")
    structlog.get_logger().info('a\n{"event": "forged"}', detail="\x1b[31m\r\n\x00 \ud800")
    (line,) = _lines(capsys)
    assert line["event"].startswith("a\n")


def test_of_an_exception_remain_class_frames_and_a_message_without_values(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.open_logs("s", "1")
    try:
        try:
            raise ValueError("bad value 'Иванов Иван' for phone 87011234567\nDETAIL: Key (name)=(Иванов)")
        except ValueError as error:
            raise RuntimeError from error
    except RuntimeError:
        structlog.get_logger().exception("request.failed")
    (line,) = _lines(capsys)
    told = "\n".join(line["exception"])
    assert "RuntimeError" in told
    assert "ValueError: bad value *** for phone ***" in told
    assert "test_logs.py" in told
    assert "Иван" not in told


def test_libraries_that_warn_speak_json_too(capsys: pytest.CaptureFixture[str]) -> None:
    logs.open_logs("s", "1")
    logging.getLogger("asyncio").warning("slow callback for %s", "+77011234567")
    (line,) = _lines(capsys)
    assert (line["level"], line["event"]) == ("warning", "slow callback for ***")


async def test_a_request_leaves_one_line_with_its_template_and_joins_the_trace(
    capsys: pytest.CaptureFixture[str],
) -> None:
    @get("/t/{slug:str}/tickets/{number:str}")
    async def show_ticket(slug: FromPath[str], number: FromPath[str]) -> str:
        return "x"

    tracing.open_tracing("test", "1", export=False)
    logs.open_logs("s", "1")
    app = Litestar(
        [show_ticket],
        logging_config=None,
        middleware=[RequestLog(lambda _: {"tenant": "esil", "actor_id": "u-1"})],
    )
    trace = "0af7651916cd43dd8448eb211c80319c"
    headers = {"traceparent": f"00-{trace}-b7ad6b7169203331-01", "X-Request-Id": "given-by-proxy"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:  # type: ignore[arg-type]
        answer = await client.get("/t/esil/tickets/109?q=87011234567", headers=headers)
    (line,) = _lines(capsys)
    assert answer.headers["x-request-id"] == line["request_id"] == "given-by-proxy"
    assert (line["route"], line["method"], line["status"]) == (
        "/t/{slug}/tickets/{number}",
        "GET",
        200,
    )
    assert (line["tenant"], line["actor_id"], line["trace_id"]) == ("esil", "u-1", trace)
    assert "8701" not in json.dumps(line)


async def test_a_request_id_that_is_none_is_replaced(capsys: pytest.CaptureFixture[str]) -> None:
    logs.open_logs("s", "1")
    app = Litestar(
        [],
        logging_config=None,
        middleware=[RequestLog(lambda _: {})],
        before_send=[RequestLog(lambda _: {}).unrouted],
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:  # type: ignore[arg-type]
        answer = await client.get("/нет", headers={"X-Request-Id": "a b\tc<script>"})
    (line,) = _lines(capsys)
    assert (line["route"], line["status"]) == ("-", 404)
    assert answer.headers["x-request-id"] == line["request_id"]
    assert "script" not in line["request_id"]
