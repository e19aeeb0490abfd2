"""The parts of the running stack as the suites meet them: where they are, whether they serve, what they hold."""

import asyncio
import json
import os
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import httpx
from tests.bench import processes

SERVICES = (
    "web", "live", "worker", "hub", "hub-live", "hub-worker", "region", "region-live", "region-worker",
)  # fmt: skip
BASE = ("postgres", "nats", "keycloak")
PARTS = (*BASE, *SERVICES)
_ADDRESSES = {
    "web": ("DISPATCH_URL", "/readyz"), "live": ("LIVE_URL", "/readyz"), "worker": ("WORKER_URL", "/livez"),
    "hub": ("HUB_URL", "/readyz"), "hub-live": ("HUB_LIVE_URL", "/readyz"), "hub-worker": ("HUB_WORKER_URL", "/livez"),
    "region": ("REGION_URL", "/readyz"), "region-live": ("REGION_LIVE_URL", "/readyz"),
    "region-worker": ("REGION_WORKER_URL", "/livez"), "nats": ("NATS_MONITOR_URL", "/healthz"),
    "keycloak": ("KEYCLOAK_HEALTH_URL", "/health/ready"),
}  # fmt: skip
_PORTS = {"nats": "NATS_URL", "keycloak": "KEYCLOAK_URL"}


class Ground:
    """One instance, never the one that people use."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        assert environment["DISPATCH109_INSTANCE"] != "run", "These suites break the stack they run on."
        self.environment = environment
        self.folder = Path(environment["DISPATCH109_LOCAL"])

    def port(self, part: str) -> int:
        """Where a part listens."""
        if part == "postgres":
            return int(self.environment["PGPORT"])
        name = _PORTS.get(part) or _ADDRESSES[part][0]
        port = urlsplit(self.environment[name]).port
        assert port
        return port

    def pid(self, part: str) -> int | None:
        """The process that the supervisor started; None while there is none."""
        state = json.loads((self.folder / "state.json").read_text())
        return state["parts"][part]["pid"] or None

    def family(self, part: str) -> list[int]:
        """All processes of a part, the first one first."""
        pid = self.pid(part)
        return processes.family(pid) if pid else []

    def send(self, sign: signal.Signals, *pids: int) -> None:
        """A signal to processes that may have gone already."""
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, sign)

    async def serves(self, part: str, patience: float = 3.0) -> bool:
        """Whether a part answers, and the supervisor knows that it does."""
        state = json.loads((self.folder / "state.json").read_text())
        if state["parts"][part]["state"] != "healthy":
            return False
        return await (self._queried(patience) if part == "postgres" else self._whole(part, patience))

    async def answers(self, part: str, seconds: float) -> bool:
        """Whether a part that the supervisor does not keep answers before time runs out."""
        limit = time.monotonic() + seconds
        while not await self._whole(part, 1.0):
            if time.monotonic() > limit:
                return False
            await asyncio.sleep(0.1)
        return True

    async def _whole(self, part: str, patience: float) -> bool:
        name, path = _ADDRESSES[part]
        with suppress(httpx.HTTPError):
            async with httpx.AsyncClient(timeout=patience, trust_env=False) as http:
                answer = await http.get(f"{self.environment[name]}{path}")
                # A part without its broker calls itself degraded and goes on: here that is not whole.
                return answer.status_code == 200 and '"degraded"' not in answer.text
        return False

    async def all_serve(self, seconds: float) -> dict[str, float]:
        """After how many seconds each part served; those that did not are left out."""
        begun, found = time.monotonic(), dict[str, float]()

        async def until(part: str) -> None:
            while time.monotonic() - begun < seconds:
                if await self.serves(part):
                    found[part] = time.monotonic() - begun
                    return
                await asyncio.sleep(0.1)

        await asyncio.gather(*map(until, PARTS))
        return found

    def memory(self) -> dict[str, float]:
        """MB that each part holds for itself alone, all its processes together."""
        return {part: sum(map(_private_mb, self.family(part))) for part in PARTS}

    async def _queried(self, patience: float) -> bool:
        with suppress(OSError, asyncpg.PostgresError, TimeoutError):
            connection = await asyncpg.connect(self.environment["POSTGRES_DSN"], timeout=patience)
            try:
                return await connection.fetchval("SELECT 1", timeout=patience) == 1
            finally:
                connection.terminate()
        return False


def _private_mb(pid: int) -> float:
    total = 0
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Private_"):
                total += int(line.split()[1])
    return total / 1024
