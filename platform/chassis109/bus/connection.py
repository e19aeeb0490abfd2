"""Connections to NATS, one an account, made when first needed and kept alive."""

import asyncio
from pathlib import Path

import msgspec
import nats
import nats.errors
import structlog
from nats.aio.client import Client

from chassis109.observe.metrics import NATS_CONNECTED

log = structlog.get_logger()

CONNECT_SECONDS = 2
RECONNECT_WAIT_SECONDS = 0.25  # a tenant is caught up within two seconds of its return
PING_SECONDS = 5  # a broker that stopped answering is noticed within 15 s

BROKER_ERRORS = (nats.errors.Error, OSError, TimeoutError)


class BusAway(Exception):
    """NATS is not reachable for this account right now."""


class UserPassword(msgspec.Struct):
    """What one account logs in with."""

    user: str
    password: str


def read_credentials(path: Path) -> dict[str, UserPassword]:
    """The credentials file: {"T_PETROPAVL": {"user": …, "password": …}, "NODE": …}."""
    return msgspec.json.decode(path.read_bytes(), type=dict[str, UserPassword])


class Connections:
    """The connections of one process. The credentials are read anew for each new connection, so that a
    district added while the process runs is served without a restart."""

    def __init__(self, url: str, credentials: Path, name: str) -> None:
        self._url, self._credentials, self._name = url, credentials, name
        self._clients: dict[str, Client] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._back: dict[str, asyncio.Event] = {}

    async def get(self, account: str) -> Client:
        """A connection that is up. Raises BusAway within seconds when it is not: wait, then ask again."""
        async with self._locks.setdefault(account, asyncio.Lock()):
            client = self._clients.get(account)
            if client is None or client.is_closed:
                client = self._clients[account] = await self._connect(account)
                NATS_CONNECTED.labels(account).set_function(lambda: float(self.connected(account)))
        if not client.is_connected:
            raise BusAway(account)
        return client

    def connected(self, account: str) -> bool:
        """Whether the connection of `account` is up; False before its first use."""
        client = self._clients.get(account)
        return client is not None and client.is_connected

    async def reconnected(self, account: str) -> None:
        """Return when the connection of `account` was lost and is there again: a broker that was restarted knows
        nothing of what it had been asked for."""
        await self._back.setdefault(account, asyncio.Event()).wait()

    async def close(self) -> None:
        """Flush and close every connection."""
        for client in self._clients.values():
            if client.is_connected:
                await client.drain()
            elif not client.is_closed:
                await client.close()

    async def _connect(self, account: str) -> Client:
        try:
            login = read_credentials(self._credentials)[account]
        except (OSError, KeyError, msgspec.DecodeError) as error:
            raise BusAway(f"{account}: no credentials") from error
        client = Client()

        async def on_return() -> None:
            self._back.pop(account, asyncio.Event()).set()

        try:
            await client.connect(
                self._url,
                name=f"{self._name}:{account}",
                user=login.user,
                password=login.password,
                connect_timeout=CONNECT_SECONDS,
                max_reconnect_attempts=1,
                reconnect_time_wait=RECONNECT_WAIT_SECONDS,  # type: ignore[arg-type] # seconds, also fractions
                ping_interval=PING_SECONDS,
                max_outstanding_pings=2,
                drain_timeout=CONNECT_SECONDS,
                allow_reconnect=False,
                error_cb=self._on_error,
                reconnected_cb=on_return,
            )
        except BROKER_ERRORS as error:
            await client.close()  # a refused one keeps its socket otherwise, until it is collected
            raise BusAway(account) from error
        # Only now: with endless reconnects from the start connect() never returns while the broker is away.
        client.options |= {"allow_reconnect": True, "max_reconnect_attempts": -1}
        return client

    async def _on_error(self, error: Exception) -> None:
        log.warning("bus.error", error=type(error).__name__)
