"""Every route of a service, by everybody, against another tenant; and whether that tenant's rows are as before."""

import asyncio
from collections.abc import Iterator, Sequence
from random import Random
from uuid import uuid4

from tests.prove.ground.people import NOBODY, Caller
from tests.prove.ground.routes import Route, routes
from tests.prove.ground.services import REGION
from tests.prove.ground.world import Side, World
from tests.prove.isolation.attacks import Attack, Call, attacks, cursor_attacks, key_of
from tests.prove.isolation.oracles import Finding, Tally, send, tried
from tests.prove.size import dice

AT_ONCE = 6
TOGETHER = 60
"""Pairs of route and person after which the rows are looked at."""
ENDS_A_SESSION = {"/logout", "/logout-everywhere"}


async def prepare(world: World) -> None:
    """Where the first page of each list ends, as its own people are told; and each side has used its keys. What other
    suites have left is seen as well."""
    if world.prepared:
        return
    world.prepared = True
    await use_keys(world)
    for side in world.sides.values():
        await world.remember(side)
        for route in routes(world.service):
            if "cursor" in route.query and not route.ids and route.is_api and "slug" in route.parameters:
                address = route.address({"slug": side.slug})
                for role in side.callers.values():
                    answer = await send(world, route, role, Call(address, {"limit": "1"}))
                    if answer.status == 200 and '"next":"' in answer.text:
                        side.cursors[route.path] = answer.text.rpartition('"next":"')[2].partition('"')[0]
                        break


async def use_keys(world: World) -> None:
    """Each side has used an idempotency key at every route that takes one."""
    for side in world.sides.values():
        for route in (one for one in routes(world.service) if one.keyed and world.service is not REGION):
            await world.superuser.execute(
                """INSERT INTO chassis.idempotency (tenant_id, actor_id, key, request_digest, status, response, at)
                   VALUES ($1, $2, $3, 'x', 201, $4, now())""",
                side.number, uuid4(), key_of(route, side), uuid4().bytes,
            )  # fmt: skip


def chosen(
    by: Sequence[Caller], world: World, random: Random, most: int | None
) -> Iterator[tuple[Route, Caller, int]]:
    """Every route with everybody, or with `most` people drawn by lot, and whose turn it is there."""
    found = routes(world.service)
    random.shuffle(found)
    for route in found:
        if route.path in ENDS_A_SESSION:
            yield route, NOBODY, 0
            continue
        people = list(by) if most is None else random.sample(list(by), min(most, len(by)))
        for turn, person in enumerate(people):
            # A machine has no browser.
            yield route, person if route.is_api or person.cookie or not person.bearer else by[0], turn


def share(made: Sequence[Attack], turn: int, most: int, lot: Random) -> list[Attack]:
    """The ways that fall to one person: after enough people every way has been tried at a route."""
    order = lot.sample(made, len(made))
    start = turn * most % max(1, len(order))
    return [*order[start:], *order[:start]][:most]


async def fuzz(
    world: World, ours: Side, theirs: Side, random: Random, *, people: int | None, attacks_each: int
) -> Tally:
    """Attack `theirs` as everybody of `ours`, or as `people` of them at each route, by so many ways each."""
    await prepare(world)
    tally, before = Tally(), await world.fingerprint(theirs)
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(route: Route, person: Caller, turn: int, lot: Random) -> None:
        async with gate:
            made = [attack async for attack in attacks(route, person, ours, theirs, world, lot)]
            same = dice(f"isolation.{ours.slug}.{route.process} {route.method} {route.path}")
            made = share(made, turn, attacks_each, same)
            for attack in [*made, *cursor_attacks(route, person, ours, theirs)]:
                await tried(world, attack, theirs, tally)

    work = list(chosen(list(ours.callers.values()), world, random, people))
    for start in range(0, len(work), TOGETHER):
        part = work[start : start + TOGETHER]
        await asyncio.gather(*(one(*each, dice(f"isolation.{random.random()}")) for each in part))
        after = await world.fingerprint(theirs)
        if changed := sorted(name for name in after if after[name] != before[name]):
            where = ", ".join(sorted({route.path for route, _, _ in part}))
            tally.findings.append(Finding("changed", "rows", where, "somebody", ", ".join(changed)))
            before = after
    return tally
