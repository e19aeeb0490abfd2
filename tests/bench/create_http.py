"""`create_http`: tickets opened through HTTP, a second, against pgbench writing the same rows.

Rounds alternate (HTTP, pgbench, HTTP, …), so that a slow minute of the machine hits both. The worker stands still
meanwhile: it would relay what one round left behind during the next one.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
from tests.bench import anchor, desks, processes, wire
from tests.bench.figure import Figure, note, spread

ROUNDS, SECONDS, CONNECTIONS = 3, 7, 16
ROOT = Path(__file__).parents[2]
USUAL_INSTANCE = "run"


class NotHere(Exception):
    """create_http writes tens of thousands of tickets: `make bench` gives it a stack of its own."""


async def measure() -> list[Figure]:
    """Requests a second, commands a request, and where the time goes."""
    if os.environ.get("DISPATCH109_INSTANCE") == USUAL_INSTANCE and not os.environ.get("BENCH_HERE"):
        raise NotHere
    people = await desks.desks()
    tokens = await desks.tokens(people)
    await _require_durable()
    async with _without_worker():
        with tempfile.TemporaryDirectory() as folder:
            scripts = anchor.write_scripts(Path(folder), people)
            rates = await _rounds(desks.requests(people, tokens), scripts)
    return [*rates, *await _commands(people[0], tokens)]


async def _rounds(requests: list[str], scripts: list[Path]) -> list[Figure]:
    local = Path(os.environ["DISPATCH109_LOCAL"])
    pids = {name: processes.parts(local)[name] for name in ("web", "postgres")}
    await _load(requests, 3)
    await anchor.run(scripts, 2, CONNECTIONS)
    told, floors, cpu = list[dict[str, Any]](), list[float](), {"web": 0.0, "postgres": 0.0}
    for _ in range(ROUNDS):
        before, rows = {name: processes.cpu_seconds(pid) for name, pid in pids.items()}, await _tickets()
        told.append(await _load(requests, SECONDS))
        for name, pid in pids.items():
            cpu[name] += processes.cpu_seconds(pid) - before[name]
        if (written := await _tickets() - rows) != told[-1]["last"]:
            raise RuntimeError(f"{told[-1]['last']} answers, but {written} tickets")
        floors.append(await anchor.run(scripts, SECONDS, CONNECTIONS))
    rates, answers = [t["answers"] / t["seconds"] for t in told], sum(t["last"] for t in told)
    floor = median(floors)
    each = {**cpu, "generator": sum(t["cpu_seconds"] for t in told)}
    note(f"pgbench: {spread(floors)} tx/s")
    return [
        Figure("create_http", median(rates), "req/s", floor, "ratio >= 0.3", spread(rates)),
        *(Figure(f"create_http.{p}_ms", median([t[f"{p}_ms"] for t in told]), "ms") for p in ("p50", "p99")),
        *(Figure(f"create_http.cpu_{name}", used / answers * 1e6, "µs/req") for name, used in each.items()),
    ]


async def _load(requests: list[str], seconds: int) -> dict[str, Any]:
    wanted = {
        "port": urlsplit(os.environ["DISPATCH_URL"]).port, "seconds": seconds, "connections": CONNECTIONS,
        "requests": requests,
    }  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.load", cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    out, _ = await process.communicate(json.dumps(wanted).encode())
    told: dict[str, Any] = json.loads(out)
    if set(told["statuses"]) != {"201"}:
        raise RuntimeError(f"not every ticket was taken: {told['statuses']}")
    return told


async def _tickets() -> int:
    """How many tickets there are, counted as the superuser, whom row-level security does not stop."""
    connection = await asyncpg.connect(os.environ["POSTGRES_DSN"])
    try:
        return int(await connection.fetchval("SELECT coalesce(sum(last), 0) FROM dispatch.ticket_number"))
    finally:
        await connection.close()


async def _require_durable() -> None:
    connection = await asyncpg.connect(os.environ["DISPATCH_APP_DSN"])
    try:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            if await connection.fetchval(f"SHOW {name}") != "on":
                raise RuntimeError(f"{name} is off: this figure is about tickets that survive a power cut")
    finally:
        await connection.close()


@asynccontextmanager
async def _without_worker() -> AsyncIterator[None]:
    instance = os.environ["DISPATCH109_INSTANCE"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "infra" / "local")}

    def part(verb: str) -> None:
        argv = [sys.executable, "-m", "stack109", "--instance", instance, "part", verb, "worker"]
        subprocess.run(argv, env=environment, check=True)

    await asyncio.to_thread(part, "stop")
    try:
        yield
    finally:
        await asyncio.to_thread(part, "start")


async def _commands(desk: desks.Desk, tokens: dict[str, str]) -> list[Figure]:
    """What one request sends to PostgreSQL, read on the wire of the same application run in this process."""
    from dispatch109.app import create_app  # noqa: PLC0415 - reads the environment that is set below

    async with wire.watched(os.environ["DISPATCH_APP_DSN"]) as (dsn, seen):
        os.environ["DISPATCH_APP_DSN"], before = dsn, os.environ["DISPATCH_APP_DSN"]
        try:
            app = create_app()
        finally:
            os.environ["DISPATCH_APP_DSN"] = before
        with redirect_stdout(StringIO()):  # the application writes its log there
            async with _serving(app) as http:
                for number in range(5):
                    seen.commands.clear()
                    answer = await http.post(
                        f"/api/v1/t/{desk.slug}/tickets",
                        json=desks.body(desk, number),
                        headers={"authorization": f"Bearer {tokens[desk.username]}"},
                    )
                    answer.raise_for_status()
    for text in seen.commands:
        note(f"sent: {' '.join(text.split())[:100]}")
    resets = len(seen.commands) - len(seen.own)
    return [
        Figure("create_http.statements", seen.statements, "", None, "value <= 6"),
        Figure(
            "create_http.round_trips", len(seen.commands), "", spread=f"{resets} of them resets of the pool"
        ),
    ]


@asynccontextmanager
async def _serving(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    """The application in this event loop; its lifespan is left in the task that entered it."""
    started, stop = asyncio.Event(), asyncio.Event()

    async def serve() -> None:
        async with app.lifespan():
            started.set()
            await stop.wait()

    task = asyncio.create_task(serve())
    await asyncio.wait({task, asyncio.create_task(started.wait())}, return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        await task
    try:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url=os.environ["DISPATCH_URL"]
        ) as http:
            yield http
    finally:
        stop.set()
        await task
