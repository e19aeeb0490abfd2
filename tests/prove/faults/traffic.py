"""A working day of the region: calls, emergencies and orders at a steady rate, whether they are answered or not."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from tests.acceptance.api import GAS, WATER
from tests.prove.faults.client import Client, Refused, Unanswered
from tests.prove.faults.ledger import Ledger

MOST_UNDERWAY = 600
DESKS = ("101", "102", "103", "104")
MODE = "exercise"
"""A drill takes the very same way, and no live board of another test shows it."""
TOLD_SECONDS = 10.0
ORDER_TRIES = 30
"""The region knows a ticket only when its fact has arrived."""


@dataclass(frozen=True)
class Rates:
    """How much comes, a second."""

    tickets: float
    handoffs: float
    mandates: float


class Traffic:
    """Flow A by operators and services, flow B by operators, flow C by the regional command."""

    def __init__(
        self, environment: Mapping[str, str], slugs: list[str], ledger: Ledger, client: Client, dice: Random
    ) -> None:
        self._web, self._region = (
            f"{environment['DISPATCH_URL']}/api/v1/t",
            f"{environment['REGION_URL']}/api/v1/rc",
        )
        self._slugs, self._ledger, self._client, self._dice = slugs, ledger, client, dice
        self._underway: set[asyncio.Task[None]] = set()
        self._young: deque[tuple[float, str, str]] = deque(maxlen=200)
        self.held_back = 0

    async def begin(self) -> None:
        """Everybody signs in."""
        people = [f"{role}.{slug}" for slug in self._slugs for role in ("operator", "executor")]
        await self._client.sign_in([*people, "region.command"])

    async def run(self, rates: Rates, over: asyncio.Event) -> None:
        """Until it is over; then until everything that was asked has its answer."""
        await asyncio.gather(
            self._steadily(rates.tickets, over, self._call),
            self._steadily(rates.handoffs, over, self._emergency),
            self._steadily(rates.mandates, over, self._order),
        )
        while self._underway:
            await asyncio.wait(self._underway)

    def give_up(self) -> None:
        """The run has failed: nobody waits any longer."""
        for task in self._underway:
            task.cancel()

    async def _steadily(
        self, rate: float, over: asyncio.Event, work: Callable[[int], Awaitable[None]]
    ) -> None:
        begun, number = time.monotonic(), 0
        while not over.is_set():
            number += 1
            await asyncio.sleep(max(0.0, begun + number / rate - time.monotonic()))
            if len(self._underway) >= MOST_UNDERWAY:
                self.held_back += 1
                continue
            task = asyncio.create_task(self._settled(work, number))
            self._underway.add(task)
            task.add_done_callback(self._underway.discard)

    async def _settled(self, work: Callable[[int], Awaitable[None]], number: int) -> None:
        try:
            await work(number)
        except Unanswered:
            return
        except Refused as refused:
            self._ledger.refused.append(str(refused))

    async def _call(self, number: int) -> None:
        """A call becomes a ticket; half of them are worked, half of those to the applicant's word."""
        slug, text = self._dice.choice(self._slugs), f"{self._ledger.run} тикет {number}"
        how_far = self._dice.random()
        ticket = await self._client.post(
            f"operator.{slug}", f"{self._web}/{slug}/tickets", {**WATER, "text": text}
        )
        self._ledger.ticket(ticket, text)
        if how_far > 0.5:
            self._young.append((time.monotonic(), slug, ticket["id"]))
            return
        for verb in ("accept", "start", "done"):
            url = f"{self._web}/{slug}/tickets/{ticket['id']}/{verb}"
            ticket = await self._client.post(f"executor.{slug}", url, {"version": ticket["version"]})
            self._ledger.move(ticket)
        if how_far < 0.1:
            await self._call_back(slug, ticket)

    async def _call_back(self, slug: str, ticket: dict[str, Any]) -> None:
        cursor, owed, all_ = "", None, f"{self._web}/{slug}/callbacks"
        while owed is None:
            page = await self._client.get(f"operator.{slug}", f"{all_}?limit=100{cursor}")
            owed = next((one["id"] for one in page["items"] if one["ticket"] == ticket["id"]), None)
            if owed is None and not page["next"]:
                self._ledger.refused.append(f"no callback is owed for {ticket['id']}")
                return
            cursor = f"&cursor={page['next']}"
        said = {"outcome": "confirmed", "note": "Рахмет"}
        self._ledger.callback(await self._client.post(f"operator.{slug}", f"{all_}/{owed}/attempts", said))

    async def _emergency(self, number: int) -> None:
        """An emergency goes to one desk or two; half of them are told more, so that order matters."""
        slug, text = self._dice.choice(self._slugs), f"{self._ledger.run} шұғыл {number}"
        said = {
            **GAS,
            "text": text,
            "mode": MODE,
            "services": self._dice.sample(DESKS, self._dice.choice((1, 1, 2))),
        }
        more = [f"{text}: {part}" for part in ("бірінші", "екінші")] if self._dice.random() < 0.5 else []
        all_ = f"{self._web}/{slug}/emergencies"
        made = await self._client.post(f"operator.{slug}", all_, said)
        self._ledger.emergency(made, text)
        for words in more:
            one = f"{all_}/{made['incident']['id']}/notes"
            await self._client.post(f"operator.{slug}", one, {"text": words})
            self._ledger.note(made["incident"]["id"], words)

    async def _order(self, number: int) -> None:
        """The region raises the priority of a ticket it has heard of."""
        if not self._young or time.monotonic() - self._young[0][0] < TOLD_SECONDS:
            return
        _, slug, ticket = self._young.popleft()
        deadline = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
        said = {
            "territory": slug, "kind": "escalate", "ticket": ticket, "deadline": deadline,
            "reason": f"{self._ledger.run} {number}",
        }  # fmt: skip
        for left in reversed(range(ORDER_TRIES)):
            try:
                issued = await self._client.post("region.command", f"{self._region}/mandates", said)
            except Refused as refused:
                if refused.status != 422 or not left:
                    raise
                await asyncio.sleep(2)
            else:
                self._ledger.mandate(issued)
                return
