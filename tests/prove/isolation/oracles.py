"""How it is seen that one tenant has reached another: by what an answer shows, by what it tells, by what it changed."""

import asyncio
import io
import re
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from html import escape
from urllib.parse import quote, quote_plus, unquote

import httpx
from tests.prove.ground.people import Caller
from tests.prove.ground.routes import Route
from tests.prove.ground.world import Side, World
from tests.prove.isolation.attacks import Attack, Call

STREAM_SECONDS = 1.5
MOVING = re.compile(r'nonce="[^"]*"|(?:now|datetime)="[^"]*"(?:>[^<]*<)?')
"""What differs between any two pages: the nonce, and the time on the clock."""
HUNG_UP = (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError)
"""What no route answers may be refused before its body was read, which ends the connection now and then."""
NOT_COMPARED = {"x-request-id", "date", "content-length", "server", "set-cookie", "connection"}


@dataclass
class Finding:
    """One way in which a tenant was reached."""

    oracle: str
    attack: str
    route: str
    by: str
    detail: str

    def __str__(self) -> str:
        return f"{self.oracle}: {self.attack} by {self.by} at {self.route}: {self.detail}"


@dataclass(frozen=True)
class Answer:
    """What came back, unpacked."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def everything(self) -> str:
        """All of it in one text."""
        return f"{self.status} {self.headers} {self.text}"


@dataclass
class Tally:
    """What was tried."""

    hostile: int = 0
    twins: int = 0
    statuses: dict[int, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    operations: set[str] = field(default_factory=set)


async def send(world: World, route: Route, by: Caller, call: Call, base: str = "") -> Answer:
    """One request as this person sends it; a limit that stops scripts is waited for."""
    base = base or (world.served.live if route.process == "live" else world.served.web)
    headers = {**by.headers(call.path, route.method), **call.headers}
    for _ in range(30):
        try:
            async with world.http.stream(
                route.method, base + call.path, params=call.query or None, headers=headers, **call.body
            ) as answer:
                if answer.status_code != 429:
                    return Answer(answer.status_code, dict(answer.headers), await _text(answer))
                await answer.aread()
                pause = float(answer.headers.get("retry-after", "1"))
        except HUNG_UP:
            pause = 0.2
        await asyncio.sleep(pause)
    raise AssertionError("the limit never ends")


async def _text(answer: httpx.Response) -> str:
    if answer.headers.get("content-type", "").startswith("text/event-stream"):
        return await _beginning(answer.aiter_bytes())
    content = await answer.aread()
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            content = b"\n".join(book.read(name) for name in book.namelist())
    return content.decode("utf-8", "replace")


async def _beginning(chunks: AsyncIterator[bytes]) -> str:
    said = b""
    try:
        async with asyncio.timeout(STREAM_SECONDS):
            async for chunk in chunks:
                said += chunk
    except TimeoutError:
        pass
    return said.decode("utf-8", "replace")


async def tried(world: World, attack: Attack, theirs: Side, tally: Tally, base: str = "") -> None:
    """Send an attack and its twin, and judge what both were told. The twin first: it changes nothing."""
    twin = await send(world, attack.route, attack.by, attack.twin, base)
    answer = await send(world, attack.route, attack.by, attack.foreign, base)
    tally.hostile += 1
    tally.twins += 1
    tally.statuses[answer.status] = tally.statuses.get(answer.status, 0) + 1
    tally.operations.add(f"{attack.route.process} {attack.route.method} {attack.route.path}")

    def found(oracle: str, detail: str) -> None:
        where = f"{attack.route.service.name} {attack.route.method} {attack.route.path}"
        tally.findings.append(Finding(oracle, attack.name, where, attack.by.name, detail))

    if answer.status >= 500:
        found("broken", f"{answer.status} {answer.text[:200]}")
    seen = {canary for canary in theirs.canaries if canary in answer.everything} - attack.foreign.sent
    if seen := {one for one in seen if not any(one in word for word in attack.foreign.sent)}:
        found("shown", f"{answer.status} {sorted(seen)[:3]}")
    if attack.refused and answer.status < 400:
        found("taken", f"{answer.status}")
    if attack.known:
        return
    if answer.status != twin.status:
        found(
            "told",
            f"{answer.status}, what does not exist {twin.status} {answer.text[:160]!r} {twin.text[:160]!r}",
        )
    elif answer.status >= 400 and (
        told := difference(plain(answer, attack.foreign), plain(twin, attack.twin))
    ):
        found("told", f"{answer.status} in other words: {told}")


def difference(one: str, other: str) -> str:
    """Where two texts part, with what stands around it; empty when they are the same."""
    if one == other:
        return ""
    at = next(
        (n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
    return f"{one[max(0, at - 60) : at + 60]!r}, what does not exist {other[max(0, at - 60) : at + 60]!r}"


def plain(answer: Answer, call: Call) -> str:
    """An answer without what the request itself named, however it is written."""
    text = f"{sorted(name for name in answer.headers if name not in NOT_COMPARED)} {answer.text}"
    words = {*call.sent, call.path, *call.query.values()}
    words |= {unquote(word) for word in words}
    words |= {
        form for word in words for form in (quote(word), quote(word, safe=""), quote_plus(word), escape(word))
    }
    text = MOVING.sub("", text)
    for word in sorted(words, key=len, reverse=True):
        text = text.replace(word, "…") if len(word) > 2 else text
    return text
