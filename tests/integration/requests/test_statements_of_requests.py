"""What the main requests cost the database, counted on the wire from whole requests over HTTP: guard, BEGIN, tenant and
COMMIT are among them, and the templates of a page too.

Each is asked when there is one row and when there are fifty: a list that asks again for each of its rows costs more
then. Lists come first, because what follows makes rows.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from tests import emergencies, hub_makers, makers
from tests.acceptance.api import GAS, WATER
from tests.integration.region import facts
from tests.integration.requests.conftest import Asked, Wire

pytestmark = pytest.mark.asyncio(loop_scope="session")
FEW, MANY = 1, 50
TIMES = 6
"""Of each request: the driver asks for types the first time, and a process reads its directory every two seconds. The
least of them counts."""
LON, LAT = makers.PETROPAVL
API, HOME, HUB_API = "/api/v1/t/petropavl", "/t/petropavl", "/api/v1/hub/103"
NEAR = {"lon": LON, "lat": LAT}


@dataclass(frozen=True)
class Request:
    """One request; `path` may hold a {name} that `needs` makes anew for each time."""

    name: str
    role: str
    path: str
    most: int
    method: str = "GET"
    body: dict[str, Any] | None = None
    needs: Callable[[Wire], Awaitable[dict[str, object]]] | None = None

    async def asked(self, wire: Wire) -> list[Asked]:
        """As it is sent, each time about something else when it changes that."""
        made = [await self.needs(wire) if self.needs else {} for _ in range(TIMES)]
        return [(self.path.format(**one), self.body) for one in made]


async def a_ticket(wire: Wire) -> dict[str, object]:
    return {"ticket": (await makers.opened(makers.operator(wire.tenant), lon=LON, lat=LAT)).id}


async def an_emergency(wire: Wire) -> dict[str, object]:
    return {"emergency": (await emergencies.handed(makers.operator(wire.tenant)))[0].id}


async def a_handoff(_: Wire) -> dict[str, object]:
    first, _by = await hub_makers.accepted()
    return {"handoff": first.handoff_id}


async def a_fresh_handoff(_: Wire) -> dict[str, object]:
    first = await hub_makers.handed_over()
    return {"handoff": first.handoff_id}


# One each for the guard (membership, or session with membership), BEGIN, tenant and COMMIT: a list that is read by one
# question takes five. A page that shows more opens more units of work; each costs three.
DISPATCH = (
    Request("queue page", "operator", f"{API}/tickets?limit={MANY}", 5),
    Request("queue on screen", "operator", f"{HOME}/op/queue", 5),
    Request("search", "operator", f"{API}/tickets?view=all&q=су&limit={MANY}", 5),
    Request("near", "operator", f"{API}/near?lon={LON}&lat={LAT}", 5),
    Request("phone look-up", "operator", f"{API}/callers?phone=87051234567", 5),
    Request("log of calls", "operator", f"{API}/calls?limit={MANY}", 5),
    Request("callbacks", "operator", f"{API}/callbacks?limit={MANY}", 5),
    Request("callbacks on screen", "operator", f"{HOME}/op/callbacks", 6),
    Request("inbox of a service on screen", "executor", f"{HOME}/svc", 6),
    Request("map", "operator", f"{HOME}/map/tickets", 5),
    Request("tile of the map", "operator", f"{HOME}/map/tiles/0/0/0", 5),
    Request("emergencies", "operator", f"{API}/emergencies?limit={MANY}", 6),
    Request("ticket", "operator", f"{API}/tickets/{{ticket}}", 5, needs=a_ticket),
    Request("card on screen", "operator", f"{HOME}/r/{{ticket}}", 13, needs=a_ticket),
    Request("emergency on screen", "operator", f"{HOME}/op/emergencies/e/{{emergency}}", 9, needs=an_emergency),
    Request("create", "operator", f"{API}/tickets", 6, "POST", WATER),
    Request("move", "executor", f"{API}/tickets/{{ticket}}/accept", 12, "POST", {"version": 2}, a_ticket),
    Request("hand off", "operator", f"{API}/emergencies", 16, "POST", {**GAS, "point": NEAR}),
)  # fmt: skip
HUB = (
    Request("board", "hub-operator", f"{HUB_API}/handoffs", 7),
    Request("board on screen", "hub-operator", "/hub/103/part", 14),
    Request("archive on screen", "hub-operator", "/hub/103/archive", 18),
    Request("card on screen", "hub-operator", "/hub/103/h/{handoff}", 21, needs=a_handoff),
    Request("decision", "hub-operator", f"{HUB_API}/handoffs/{{handoff}}/receipt", 7, "POST", None, a_fresh_handoff),
)  # fmt: skip
REGION = (
    Request("wall on screen", "region-command", "/rc/wall/part", 8),
    Request("wall", "region-command", "/api/v1/rc/wall", 8),
    Request("territory on screen", "region-command", "/rc/territories/petropavl/part", 17),
    Request("tickets of a territory", "region-command", "/api/v1/rc/territories/petropavl/tickets?limit=50", 5),
    Request("figures on screen", "region-command", "/rc/figures", 14),
)  # fmt: skip


async def told(wire: Wire, requests: tuple[Request, ...]) -> dict[str, tuple[int, list[str]]]:
    return {
        request.name: await wire.statements(request.role, request.method, await request.asked(wire))
        for request in requests
    }


async def judged(wire: Wire, requests: tuple[Request, ...], fill: Callable[[int], Awaitable[None]]) -> None:
    """Few and many rows cost the same, and no more than the table says."""
    await fill(FEW)
    few = await told(wire, requests)
    await fill(MANY - FEW)
    many = await told(wire, requests)
    counted = {name: count for name, (count, _) in many.items()}
    assert counted == {name: count for name, (count, _) in few.items()}
    over = {request.name: many[request.name] for request in requests if counted[request.name] > request.most}
    assert not over, over


async def test_requests_of_the_109_cost_what_the_table_says_however_many_rows_there_are(
    dispatch: Wire,
) -> None:
    async def fill(count: int) -> None:
        operator = makers.operator(dispatch.tenant)
        for _ in range(count):
            await makers.opened(operator, lon=LON, lat=LAT)
            await makers.owed(operator, lon=LON, lat=LAT)
            await emergencies.handed(operator)

    await judged(dispatch, DISPATCH, fill)


async def test_requests_of_the_hub_cost_what_the_table_says_however_many_rows_there_are(hub: Wire) -> None:
    async def fill(count: int) -> None:
        for _ in range(count):
            await hub_makers.handed_over()
            await hub_makers.accepted()

    await judged(hub, HUB, fill)


async def test_requests_of_the_region_cost_what_the_table_says_however_many_rows_there_are(
    region: Wire,
) -> None:
    async def fill(count: int) -> None:
        said = [one for _ in range(count) for one in (facts.ticket("petropavl"), facts.handoff("petropavl"))]
        await facts.project(facts.feed_of(said, first=1 + count * 1000))

    await judged(region, REGION, fill)
