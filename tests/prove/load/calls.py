"""Tickets at a steady rate, each remembered with the moment it was asked for, and what the consoles saw of them."""

import asyncio
import os
import time
from dataclasses import dataclass, field
from statistics import quantiles

import httpx
from tests.acceptance.api import WATER, Api
from tests.prove.load.consoles import Consoles

LAST_WAIT_SECONDS = 5.0


@dataclass
class Seen:
    """One stretch of load: what was asked, what failed, and how long until a screen was told."""

    rate: float
    asked: int = 0
    errors: list[str] = field(default_factory=list)
    answers: list[float] = field(default_factory=list)
    screens: list[float] = field(default_factory=list)
    unseen: int = 0

    @property
    def answer_p99(self) -> float:
        """Seconds until the answer."""
        return _p99(self.answers)

    @property
    def screen_p99(self) -> float:
        """Seconds from sending the request until a console was told, over all consoles."""
        return _p99(self.screens)

    @property
    def holds(self) -> bool:
        """Whether this rate is carried: no error, every console told, within a second."""
        return not self.errors and not self.unseen and self.screen_p99 < 1.0


class Calls:
    """Operators of all tenants who take calls."""

    def __init__(self, slugs: list[str], consoles: Consoles) -> None:
        self._slugs, self._consoles = slugs, consoles
        self._api = Api(os.environ)
        self._granting = {slug: asyncio.Lock() for slug in slugs}
        limits = httpx.Limits(max_connections=200, max_keepalive_connections=200)
        self._http = httpx.AsyncClient(timeout=30, trust_env=False, limits=limits)

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.aclose()
        await self._api.close()

    async def at(self, rate: float, seconds: float) -> Seen:
        """This many a second, evenly, whether they are answered or not."""
        for slug in self._slugs:
            await self._bearer(slug)
        seen, begun, tasks = (
            Seen(rate),
            time.perf_counter(),
            list[asyncio.Task[tuple[str, str, float] | None]](),
        )
        for number in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, begun + number / rate - time.perf_counter()))
            tasks.append(asyncio.create_task(self._call(seen, number)))
        made = [one for one in await asyncio.gather(*tasks) if one]
        limit = time.perf_counter() + LAST_WAIT_SECONDS
        while not self._all_told(made) and time.perf_counter() < limit:  # noqa: ASYNC110 - sockets, not a condition
            await asyncio.sleep(0.1)
        for slug, ticket, sent in made:
            heard = self._consoles.heard.pop(ticket, [])
            seen.screens += [at - sent for at in heard]
            seen.unseen += self._consoles.count[slug] - len(heard)
        return seen

    def _all_told(self, made: list[tuple[str, str, float]]) -> bool:
        heard, count = self._consoles.heard, self._consoles.count
        return all(len(heard.get(ticket, [])) >= count[slug] for slug, ticket, _ in made)

    async def _bearer(self, slug: str) -> dict[str, str]:
        """One sign-in at a time: who signs in often at the same moment is taken for somebody who guesses."""
        async with self._granting[slug]:
            return {"Authorization": f"Bearer {await self._api.token(f'operator.{slug}')}"}

    async def _call(self, seen: Seen, number: int) -> tuple[str, str, float] | None:
        slug = self._slugs[number % len(self._slugs)]
        bearer = await self._bearer(slug)
        url, said = (
            f"{os.environ['DISPATCH_URL']}/api/v1/t/{slug}/tickets",
            {**WATER, "text": f"Су жоқ {number}"},
        )
        sent = time.perf_counter()
        seen.asked += 1
        try:
            answer = await self._http.post(url, json=said, headers=bearer)
        except httpx.HTTPError as error:
            seen.errors.append(type(error).__name__)
            return None
        if answer.status_code != 201:
            seen.errors.append(f"{answer.status_code} {answer.text[:100]}")
            return None
        seen.answers.append(time.perf_counter() - sent)
        return slug, str(answer.json()["id"]), sent


def _p99(values: list[float]) -> float:
    return quantiles(values, n=100)[98] if len(values) > 1 else float("inf")
