"""A caller who does not give up: asks again under the same Idempotency-Key until the answer is a definite one."""

import asyncio
import time
from collections.abc import Iterable, Mapping
from itertools import count
from random import Random
from typing import Any

import httpx
from tests.prove.faults.ledger import Ledger

TOKEN_SECONDS = 200
ANSWER_SECONDS = 10.0
SIGN_IN_SECONDS, SIGN_INS_AT_ONCE = 60.0, 2
"""A password costs the identity server half a second of a processor: asking again too soon only adds to its work."""
PATIENCE_SECONDS = 240.0
MOST_CONNECTIONS = 500
AGAIN = {401, 408, 425, 429, 500, 502, 503, 504}
"""Answers that promise nothing and refuse nothing for good. 500 stands here because the request may have been done:
it is asked again, and counted by itself."""


class Unanswered(Exception):
    """No definite answer came as long as the caller had patience."""


class Refused(Exception):
    """The service said no."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__(
            f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text[:300]}"
        )
        self.status = answer.status_code
        self.said: dict[str, Any] = answer.json() if "json" in answer.headers.get("content-type", "") else {}


class Client:
    """Speaks as demo people with tokens of their own, over connections that may break at any moment."""

    def __init__(self, environment: Mapping[str, str], ledger: Ledger, dice: Random) -> None:
        self._environment, self._ledger, self._dice = environment, ledger, dice
        limits = httpx.Limits(max_connections=MOST_CONNECTIONS, max_keepalive_connections=50)
        self._http = httpx.AsyncClient(timeout=ANSWER_SECONDS, trust_env=False, limits=limits)
        self._numbers = count(1)
        self._tokens: dict[str, tuple[float, str]] = {}
        self._granting: dict[str, asyncio.Lock] = {}
        self._at_once = asyncio.Semaphore(SIGN_INS_AT_ONCE)

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.aclose()

    async def sign_in(self, people: Iterable[str]) -> None:
        """Before the load: everybody has a token."""
        await asyncio.gather(*map(self._token, people))

    async def post(self, person: str, url: str, body: object) -> dict[str, Any]:
        """One request that changes something; done once, however often it was sent. Raises Refused, Unanswered."""
        key = f"{self._ledger.run}-{next(self._numbers)}"
        return await self._insist(person, "POST", url, body, {"Idempotency-Key": key})

    async def get(self, person: str, url: str) -> dict[str, Any]:
        """What stands there."""
        return await self._insist(person, "GET", url, None, {})

    async def _insist(
        self, person: str, method: str, url: str, body: object, headers: dict[str, str]
    ) -> dict[str, Any]:
        begun, pause = time.monotonic(), 0.1
        while time.monotonic() - begun < PATIENCE_SECONDS:
            if (answer := await self._try(person, method, url, body, headers)) is not None:
                return answer
            await asyncio.sleep(pause * (0.5 + self._dice.random()))
            pause = min(pause * 2, 2.0)
        self._ledger.unanswered += 1
        raise Unanswered(f"{method} {url}")

    async def _try(
        self, person: str, method: str, url: str, body: object, headers: dict[str, str]
    ) -> dict[str, Any] | None:
        """The answer; None: ask again."""
        try:
            bearer = {"Authorization": f"Bearer {await self._token(person)}"}
            begun = time.perf_counter()
            answer = await self._http.request(method, url, json=body, headers={**headers, **bearer})
        except httpx.HTTPError as error:
            self._ledger.statuses[type(error).__name__] += 1
            return None
        self._ledger.statuses[str(answer.status_code)] += 1
        if answer.is_success:
            self._ledger.seconds.append(time.perf_counter() - begun)
            return dict(answer.json())
        if answer.status_code == 401:
            self._tokens.pop(person, None)
        if answer.status_code in AGAIN:
            return None
        raise Refused(answer)

    async def _token(self, person: str) -> str:
        async with self._granting.setdefault(person, asyncio.Lock()):
            fetched, token = self._tokens.get(person, (0.0, ""))
            if not token or time.monotonic() - fetched > TOKEN_SECONDS:
                token = await self._granted(person)
                self._tokens[person] = (time.monotonic(), token)
            return token

    async def _granted(self, person: str) -> str:
        environment = self._environment
        realm = f"{environment['KEYCLOAK_URL']}/realms/{environment['KEYCLOAK_REALM']}"
        form = {
            "grant_type": "password", "client_id": environment["DEMO_CLIENT"], "username": person,
            "password": environment["DEMO_PASSWORD"],
        }  # fmt: skip
        async with self._at_once:
            url = f"{realm}/protocol/openid-connect/token"
            answer = await self._http.post(url, data=form, timeout=SIGN_IN_SECONDS)
        return str(answer.raise_for_status().json()["access_token"])
