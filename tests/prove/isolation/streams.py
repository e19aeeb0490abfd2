"""Open streams of one tenant while another one works: what of the other is heard."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from tests.prove.ground.people import Caller
from tests.prove.ground.world import Side, World

OPEN_SECONDS = 60
HEARD_SECONDS = 3


class Listener:
    """One open stream; `heard` is all it was sent."""

    def __init__(self, world: World, side: Side, caller: Caller, live: str) -> None:
        self.heard, self._world, self._side = "", world, side
        address = f"{live}{world.service.home}{side.slug}/live"
        self._task = asyncio.create_task(self._listen(world, address, caller))

    async def opened(self) -> None:
        """Returns when a change of its own tenant has come: only the process knows since when it hears the bus."""
        async with asyncio.timeout(OPEN_SECONDS):
            while True:
                made = await change(self._world, self._side)
                with suppress(TimeoutError):
                    return await self.wait_for(lambda heard, made=made: made in heard, HEARD_SECONDS)

    async def wait_for(self, there: Callable[[str], bool], seconds: float = OPEN_SECONDS) -> None:
        """Until what was heard fulfils a condition."""
        async with asyncio.timeout(seconds):
            while not there(self.heard):  # noqa: ASYNC110 - a stream is read, nobody tells
                await asyncio.sleep(0.05)

    async def close(self) -> None:
        """Hang up."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _listen(self, world: World, address: str, caller: Caller) -> None:
        async with world.http.stream(
            "GET", address, headers={"Cookie": caller.cookie}, timeout=OPEN_SECONDS
        ) as answer:
            assert answer.status_code == 200, answer.status_code
            async for chunk in answer.aiter_text():
                self.heard += chunk


async def change(world: World, side: Side) -> str:
    """Somebody takes a call; the id of the ticket that the screens are told of."""
    path, operator = f"/api/v1/t/{side.slug}/tickets", side.callers["operator"]
    said = {"phone": side.phone, "category": "other", "text": side.mark, "address": side.mark}
    answer = await world.http.post(world.served.web + path, json=said, headers=operator.headers(path, "POST"))
    answer.raise_for_status()
    return str(answer.json()["id"])


async def overheard(world: World, ours: Side, theirs: Side, live: str, changes: int) -> list[str]:
    """Both listen while both work: the ids of theirs that ours was told. Each hears all of its own."""
    listeners = {side.slug: Listener(world, side, side.callers["operator"], live) for side in (ours, theirs)}
    try:
        for listener in listeners.values():
            await listener.opened()
        made: dict[str, list[str]] = {ours.slug: [], theirs.slug: []}
        for _ in range(changes):
            for side in (theirs, ours):
                made[side.slug].append(await change(world, side))
        for slug, ids in made.items():
            await listeners[slug].wait_for(lambda heard, ids=ids: all(one in heard for one in ids))
        return [one for one in made[theirs.slug] if one in listeners[ours.slug].heard]
    finally:
        for listener in listeners.values():
            await listener.close()
