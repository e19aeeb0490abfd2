"""What was refused before it was read is read to its end, so that the sender hears why."""

import asyncio
from typing import Any

import pytest
from litestar import Litestar, get, post
from litestar.exceptions import PermissionDeniedException
from litestar.params import JSONBody

from chassis109.web import unread

PIECE = b"x" * 1000


def _nobody(*_: object) -> None:
    raise PermissionDeniedException


@post("/refused", guards=[_nobody])
async def _refused() -> None:
    """Never reached."""


@post("/too-large")
async def _too_large(data: JSONBody[dict[str, Any]]) -> None:
    """Reads its body, which is too large."""


@get("/page")
async def _page() -> str:
    return "page"


APP = Litestar(
    [_refused, _too_large, _page],
    middleware=[unread.ReadToTheEnd()],
    request_max_body_size=500,
    openapi_config=None,
)


class Line:
    """A connection: how many pieces of a body it was asked for, and what stood after how many."""

    def __init__(self, pieces: int) -> None:
        self.pieces, self.asked, self.status, self.answered_after = pieces, 0, 0, -1

    async def receive(self) -> dict[str, Any]:
        self.asked += 1
        return {"type": "http.request", "body": PIECE, "more_body": self.asked < self.pieces}

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status, self.answered_after = message["status"], self.asked

    async def ask(self, path: str, method: str = "POST") -> "Line":
        length = str(len(PIECE) * self.pieces).encode()
        scope: Any = {
            "type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": b"",
            "scheme": "http", "root_path": "", "http_version": "1.1", "server": ("localhost", 80),
            "client": ("127.0.0.1", 1),
            "headers": [(b"content-type", b"application/json"), (b"content-length", length)] if self.pieces else [],
        }  # fmt: skip
        await APP(scope, self.receive, self.send)  # type: ignore[arg-type]
        return self


@pytest.mark.parametrize(("path", "status"), [("/refused", 403), ("/too-large", 413)])
async def test_the_answer_comes_after_the_last_piece(path: str, status: int) -> None:
    line = await Line(pieces=7).ask(path)
    assert (line.status, line.answered_after) == (status, 7)


async def test_a_body_without_end_is_not_read_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unread, "MOST_BYTES", 5 * len(PIECE))
    line = await Line(pieces=10**9).ask("/refused")
    assert (line.status, line.answered_after) == (403, 5)


async def test_who_stops_sending_is_answered_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unread, "PAUSE_SECONDS", 0.01)
    line = Line(pieces=7)

    async def never() -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(line, "receive", never)
    assert (await line.ask("/refused")).status == 403


async def test_a_request_without_a_body_waits_for_none() -> None:
    line = await Line(pieces=0).ask("/page", "GET")
    assert (line.status, line.answered_after) == (200, 0)
