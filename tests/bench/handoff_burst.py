"""`handoff_burst`: 20 handoffs a second for a minute, from every tenant, and then they are counted on both sides.

BURST_SECONDS makes it shorter. Nothing may be lost, nothing may be there twice, and everything is accepted.
"""

import asyncio
import os
import time
from typing import Any

import asyncpg
import httpx
from tests.bench import desks
from tests.bench.figure import Figure, note
from tests.bench.handoff_accepted import SAID
from tests.bench.handoff_desk import manned

RATE, SECONDS = 20, int(os.environ.get("BURST_SECONDS", "60"))
SETTLE_SECONDS = 60

_HERE = "SELECT id, state FROM dispatch.handoff WHERE incident_id = ANY($1::uuid[])"
_THERE = "SELECT id, state FROM hub.handoff WHERE incident_id = ANY($1)"
_ACCEPTS = (
    "SELECT handoff_id FROM {table} WHERE handoff_id = ANY($1::uuid[]) AND event = 'accept'"
    " GROUP BY handoff_id HAVING count(*) > 1"
)


async def measure() -> list[Figure]:
    """Counts: what was answered to the operator against what stands in both databases."""
    people = await desks.desks()
    tokens = await desks.tokens(people)
    started = time.perf_counter()
    async with manned(), httpx.AsyncClient(trust_env=False, timeout=30) as http:
        given = await _burst(http, people, tokens)
        sent = time.perf_counter() - started
        counted = await _settled(given)
    note(
        f"{len(given)} handed off in {sent:.1f} s, all settled {time.perf_counter() - started - sent:.1f} s later"
    )
    wanted = RATE * SECONDS
    return [
        Figure("handoff_burst", len(given), "handoffs", wanted, "ratio >= 1"),
        Figure("handoff_burst.lost", counted["lost"], "", None, "value <= 0"),
        Figure("handoff_burst.doubled", counted["doubled"], "", None, "value <= 0"),
        Figure("handoff_burst.accepted", counted["accepted"], "handoffs", wanted, "ratio >= 1"),
    ]


async def _burst(
    http: httpx.AsyncClient, people: list[desks.Desk], tokens: dict[str, str]
) -> list[dict[str, Any]]:
    """The handoffs that were answered 201, one every fiftieth of a second whether the last is answered or not."""
    begun, underway = time.perf_counter(), []
    for number in range(RATE * SECONDS):
        await asyncio.sleep(max(0.0, begun + number / RATE - time.perf_counter()))
        person = people[number % len(people)]
        underway.append(asyncio.create_task(_hand_off(http, person, tokens[person.username], number)))
    return [incident for incident in await asyncio.gather(*underway) if incident]


async def _hand_off(
    http: httpx.AsyncClient, person: desks.Desk, token: str, number: int
) -> dict[str, Any] | None:
    answer = await http.post(
        f"{os.environ['DISPATCH_URL']}/api/v1/t/{person.slug}/emergencies",
        json=SAID | {"address": f"Абай көшесі {number % 97 + 1}"},
        headers={"authorization": f"Bearer {token}"},
    )
    if answer.status_code != 201:
        note(f"refused: {answer.status_code} {answer.text[:120]}")
        return None
    incident: dict[str, Any] = answer.json()["incident"]
    return incident


async def _settled(given: list[dict[str, Any]]) -> dict[str, int]:
    """Count until everything is accepted on both sides or the patience ends."""
    dispatch = await asyncpg.connect(os.environ["POSTGRES_DSN"])
    hub = await asyncpg.connect(os.environ["POSTGRES_DSN"].rpartition("/")[0] + "/hub")
    try:
        for _ in range(SETTLE_SECONDS):
            counted = await _count(dispatch, hub, given)
            if counted["accepted"] == len(given):
                break
            await asyncio.sleep(1)
        return counted
    finally:
        await dispatch.close()
        await hub.close()


async def _count(dispatch: Any, hub: Any, given: list[dict[str, Any]]) -> dict[str, int]:
    here = {row["id"]: row["state"] for row in await dispatch.fetch(_HERE, [i["id"] for i in given])}
    rows = await hub.fetch(_THERE, [i["reference"] for i in given])
    there = {row["id"]: row["state"] for row in rows}
    twice = len(rows) - len(there)
    for database, table in ((dispatch, "dispatch.handoff_event"), (hub, "hub.event")):
        twice += len(await database.fetch(_ACCEPTS.format(table=table), list(here)))
    accepted = sum(state == there.get(handoff) == "accepted" for handoff, state in here.items())
    lost = len(given) - len(here) + len(here.keys() - there.keys())
    return {"lost": lost, "doubled": twice + len(there.keys() - here.keys()), "accepted": accepted}
