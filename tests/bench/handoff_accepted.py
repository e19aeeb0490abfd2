"""`handoff_accepted`: from the operator's word to the service's acceptance on his own screen, milliseconds.

On the way: web → outbox → relay → HANDOFF → hub's worker → DESK → the desk's machine → REPLY → hub's worker → RETURN →
worker → event stream → the screen reads the emergency and shows `accepted`; every message on the disk of the broker
(fsync each) and every step in a database. The floor is one bare hop in the same run: a message published to the
same stream, fetched by a service through its account and acknowledged with `ack_sync`.
"""

import asyncio
import os
import time
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from uuid import uuid4

import httpx
from tests.bench import desks, processes
from tests.bench.figure import Figure, note
from tests.bench.handoff_desk import MODE, SERVICE, connected, manned
from tests.bench.handoff_screen import Screen, screen

COUNT, HOPS, EVERY = int(os.environ.get("HANDOFFS", "200")), 200, 4
PATIENCE_SECONDS = 20
ON_THE_WAY = ("web", "live", "worker", "hub-worker", "postgres", "nats")
SAID = {
    "type": "medical.cardiac",
    "services": [SERVICE],
    "priority": "P0",
    "text": "Жүрегі ауырады",
    "mode": MODE,
}


@dataclass(frozen=True)
class Life:
    """One handoff: milliseconds until its acceptance was on the screen, of them in answers of the web process, and
    the stamps of both sides."""

    shown: float
    given: float
    read: float
    at: float
    handoff: dict[str, Any]


async def measure() -> list[Figure]:
    """p50 and p99 of handoffs one after the other, hops in between."""
    operator = next(desk for desk in await desks.desks() if desk.slug == "petropavl")
    token = (await desks.tokens([operator]))[operator.username]
    lives, hops = list[Life](), list[float]()
    pids = processes.parts(Path(os.environ["DISPATCH109_LOCAL"]))
    before = {name: processes.cpu_seconds(pids[name]) for name in ON_THE_WAY}
    async with manned(), screen(operator.username, operator.slug) as shown, connected("bench") as line:
        for number in range(COUNT):
            lives.append(await _life(shown, operator, token, number))
            if number % (COUNT // HOPS or 1) == 0 and len(hops) < HOPS:
                hops += [await hop(line) for _ in range(HOPS // COUNT or 1)]
    _stages(lives)
    used = {name: processes.cpu_seconds(pids[name]) - seconds for name, seconds in before.items()}
    took = [life.shown for life in lives]
    return [
        Figure("handoff_accepted.p50", median(took), "ms", median(hops), "value <= 100", _said(took)),
        Figure("handoff_accepted.p99", _p99(took), "ms", _p99(hops), "value <= 500", f"{len(took)} handoffs"),
        *(Figure(f"handoff_accepted.cpu_{n}", s / COUNT * 1000, "ms/handoff") for n, s in used.items()),
    ]


async def _life(shown: Screen, operator: desks.Desk, token: str, number: int) -> Life:
    bearer = {"authorization": f"Bearer {token}"}
    url = f"{os.environ['DISPATCH_URL']}/api/v1/t/{operator.slug}/emergencies"
    started, said = time.perf_counter(), SAID | {"address": f"Абай көшесі {number % 97 + 1}"}
    answer = await shown.http.post(url, json=said, headers=bearer)
    answer.raise_for_status()
    emergency, given = answer.json()["incident"]["id"], time.perf_counter()
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            asked = time.perf_counter()
            handoff = (await _read(shown.http, f"{url}/{emergency}", bearer))["handoffs"][0]
            if handoff["state"] == "accepted":
                end = time.perf_counter()
                took = ((end - started) * 1000, (given - started) * 1000, (end - asked) * 1000)
                return Life(*took, time.time(), handoff)
            await shown.changed(emergency)


async def _read(http: httpx.AsyncClient, url: str, bearer: dict[str, str]) -> dict[str, Any]:
    answer = await http.get(url, headers=bearer)
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


async def hop(line: Any) -> float:
    """One message to the stream DESK and out of it, acknowledged: milliseconds."""
    hub, service = await line.get("HUB"), await line.get("S112")
    inbox = await service.jetstream(prefix="hub.API").pull_subscribe_bind(durable="112-test", stream="DESK")
    started = time.perf_counter()
    await hub.jetstream().publish(f"sko.test.desk.112.bench.{uuid4()}", b"x" * 1200)
    for message in await inbox.fetch(1, timeout=PATIENCE_SECONDS):
        await message.ack_sync()
    took = (time.perf_counter() - started) * 1000
    await inbox.unsubscribe()
    return took


def _stages(lives: list[Life]) -> None:
    """Where the time goes: by the clocks of both sides, and of this process."""
    stamps = ("sent_at", "receipt_at", "decided_at")
    for before, after in pairwise(stamps):
        _stage(f"{before} → {after}", [_moment(life, after) - _moment(life, before) for life in lives])
    _stage("decided_at → on the screen", [life.at - _moment(life, "decided_at") for life in lives])
    _stage("of it the answer to POST", [life.given / 1000 for life in lives])
    _stage("of it the last GET", [life.read / 1000 for life in lives])


def _stage(name: str, seconds: list[float]) -> None:
    note(f"{name}: p50 {median(seconds) * 1000:.1f} ms, largest {max(seconds) * 1000:.1f} ms")


def _moment(life: Life, stamp: str) -> float:
    return datetime.fromisoformat(life.handoff[stamp]).timestamp()


def _p99(took: list[float]) -> float:
    return quantiles(took, n=100, method="inclusive")[98]


def _said(took: list[float]) -> str:
    return f"{min(took):.0f} … {max(took):.0f}"
