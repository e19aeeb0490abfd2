"""Rate limits: a token bucket a person (or address), in this process; n processes are n times as wide.

They stop a runaway script, not a person at work: a console that reloads everything it shows stays far below.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.types import Scope

from chassis109.kernel.errors import TooMany

AnyConnection = ASGIConnection[Any, Any, Any, Any]
KEPT = 20_000  # buckets; the least recently used fall out


class TooManyRequests(TooMany):
    """Too many requests: try again in {seconds} s."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds=seconds)
        self.headers = {"Retry-After": str(seconds)}


def client_address(scope: Scope) -> str:
    """Where the request comes from. A proxy on this machine is believed about the address it saw."""
    client = scope.get("client")
    host = client[0] if client else ""
    if is_loopback(host):
        forwarded = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
        if forwarded:
            return forwarded[-1].decode("latin-1").rsplit(",", 1)[-1].strip()[:45]
    return host


def is_loopback(host: str) -> bool:
    """Whether `host` is an address of this machine's loopback."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class RateLimit:
    """A guard: `rate` requests a second on average, `burst` at once, for each key.

    `key` gives '' to let a request pass (health checks). Guards run in order: behind the identity guard the
    key can be tenant and person; in front of it, or on the login, the address.
    """

    def __init__(self, rate: float, burst: int, key: Callable[[AnyConnection], str]) -> None:
        self._rate, self._burst, self._key = rate, burst, key
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    async def __call__(self, connection: AnyConnection, _: BaseRouteHandler) -> None:
        """Take one token. Raises TooManyRequests with the seconds until the next."""
        key = self._key(connection)
        if key and (wait := self.take(key, time.monotonic())) > 0:
            raise TooManyRequests(math.ceil(wait))

    def take(self, key: str, now: float) -> float:
        """Take a token at `now` (monotonic seconds): 0 when there was one, else the seconds to wait."""
        tokens, since = self._buckets.pop(key, (float(self._burst), now))
        tokens = min(self._burst, tokens + (now - since) * self._rate)
        wait = 0.0 if tokens >= 1 else (1 - tokens) / self._rate
        self._buckets[key] = (tokens if wait else tokens - 1, now)
        if len(self._buckets) > KEPT:
            self._buckets.popitem(last=False)
        return wait


def by_address(connection: AnyConnection) -> str:
    """The key of a limit in front of the identity guard."""
    return client_address(connection.scope)
