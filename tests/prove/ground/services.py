"""The three services on processes and databases of the proofs' own, signed in by a sign-in service on the loopback.

Nothing else works on these databases: what changes in them was changed by the attack. Broker and cluster are those of
the running stack.
"""

import asyncio
import os
import socket
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from tests.databases import Database
from tests.unit.identity109.local_issuer import ORIGIN, SECRET, LocalIssuer

ROOT = Path(__file__).parents[3]
START_SECONDS = 180
MACHINES = "service-101,service-102,service-103,service-104,service-112"


@dataclass(frozen=True)
class Service:
    """What differs between dispatch, hub and region."""

    name: str
    prefix: str
    web: str
    live: str
    template: str
    realm: str
    client: str
    audience: str
    home: str
    """How the path of a tenant begins."""
    cookie: str = ""


DISPATCH = Service(
    "dispatch", "DISPATCH", "dispatch109.app:create_app", "dispatch109.live:create_app", "tenants", "sko",
    "dispatch-web", "dispatch-api", "/t/",
)  # fmt: skip
HUB = Service(
    "hub", "HUB", "hub112.app:create_app", "hub112.live:create_app", "hub", "sko-112", "hub-web", "hub-api", "/hub/",
    "-112",
)  # fmt: skip
REGION = Service(
    "region", "REGION", "region109.app:create_app", "region109.live:create_app", "region", "sko", "region-web",
    "dispatch-api", "/rc/", "-rc",
)  # fmt: skip
SERVICES = (DISPATCH, HUB, REGION)


@dataclass
class Realm(LocalIssuer):
    """A sign-in service that plays the realm of a service; `usual` is what its tokens say unless told otherwise."""

    usual: dict[str, Any] = field(default_factory=dict)

    def claims(self, **changes: Any) -> dict[str, Any]:
        """No two tokens are alike."""
        return super().claims(**{"jti": str(uuid4()), **self.usual, **changes})


@dataclass
class Served:
    """A service that runs: its database, its issuer of tokens, and where its processes listen."""

    service: Service
    database: Database
    issuer: Realm
    folder: Path
    running: list[asyncio.subprocess.Process] = field(default_factory=list)
    web: str = ""
    live: str = ""

    def environment(self) -> dict[str, str]:
        """What its processes read."""
        prefix = self.service.prefix
        live = "LIVE_URL" if prefix == "DISPATCH" else f"{prefix}_LIVE_URL"
        return {
            **os.environ, f"{prefix}_APP_DSN": self.database.app, f"{prefix}_URL": ORIGIN, live: ORIGIN,
            "KEYCLOAK_URL": self.issuer.origin, f"{prefix}_OIDC_CLIENT": self.service.client,
            f"{prefix}_OIDC_SECRET": SECRET, f"{prefix}_API_CLIENTS": self.service.client,
            "HUB_MACHINE_CLIENTS": MACHINES if prefix == "HUB" else "", "DISPATCH_FILES": str(self.folder),
            "PYTHONDONTWRITEBYTECODE": "",
        }  # fmt: skip

    async def start(self, factory: str, **more: str) -> str:
        """One more process of this service; its address, once it is alive."""
        port = _free_port()
        log = self.folder / f"{self.service.name}-{port}.log"
        argv = [
            sys.executable, "-m", "granian", "--interface", "asgi", "--factory", "--host", "127.0.0.1", "--port",
            str(port), "--workers-kill-timeout", "3", "--no-ws", "--backlog", "1024", factory,
        ]  # fmt: skip
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *argv, cwd=ROOT, env={**self.environment(), **more}, stdout=output, stderr=output
            )
        self.running.append(process)
        address = f"http://127.0.0.1:{port}"
        await _alive(address, process, log)
        return address

    async def serve(self) -> None:
        """Web and live, as the stack runs them."""
        self.web, self.live = await asyncio.gather(
            self.start(self.service.web), self.start(self.service.live)
        )

    async def stop(self) -> None:
        """End every process and the issuer."""
        for process in self.running:
            if process.returncode is None:
                process.terminate()
        await asyncio.gather(*(process.wait() for process in self.running))
        self.issuer.stop()


def issuer_of(service: Service) -> Realm:
    """The realm of a service, on the loopback."""
    usual = {"aud": [service.audience], "azp": service.client}
    return Realm(realm=f"/realms/{service.realm}", client=service.client, usual=usual)


def said(log: Path) -> str:
    """The end of what a process wrote."""
    return log.read_text("utf-8", "replace")[-3000:]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _alive(address: str, process: asyncio.subprocess.Process, log: Path) -> None:
    async with (
        httpx.AsyncClient(base_url=address, timeout=5, trust_env=False) as http,
        asyncio.timeout(START_SECONDS),
    ):
        while True:
            try:
                if (await http.get("/readyz")).is_success:
                    return
            except httpx.TransportError:
                pass
            if process.returncode is not None:
                raise RuntimeError(f"did not start:\n{said(log)}")
            await asyncio.sleep(0.1)
