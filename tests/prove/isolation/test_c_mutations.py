"""The proof can see: with one thing broken on purpose the attacks find it, without it the same attacks find nothing."""

from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest
import pytest_asyncio
from tests.databases import storing
from tests.prove import figures
from tests.prove.ground import people
from tests.prove.ground.people import Caller
from tests.prove.ground.routes import Route, routes
from tests.prove.ground.world import World
from tests.prove.isolation import below, mutants, streams
from tests.prove.isolation.attacks import Attack, Call, attacks, cursor_attacks, missing
from tests.prove.isolation.fuzz import prepare
from tests.prove.isolation.oracles import Finding, Tally, tried
from tests.prove.size import dice, sized

from tenancy109 import directory

CAUGHT: dict[str, str] = {}
IN_THE_PROCESS: dict[str, tuple[set[str], Callable[[Route], bool]]] = {
    "guard": (
        {"shown", "told", "changed"},
        lambda r: r.is_api and r.path.endswith(("/tickets", "/accept")),
    ),
    "cursor": ({"taken"}, lambda r: r.is_api and "cursor" in r.query),
    "cache": ({"shown"}, lambda r: r.is_api and r.path.endswith("/services")),
}
"""What is broken in a request, the oracles that see it, and the routes that are attacked."""
OWNERS = "the policy no longer forced upon the owner"
KEY = "a key without the tenant"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def mutant(dispatch: World) -> str:
    """The address of a process in which a request names what is broken."""
    return await dispatch.served.start(f"{mutants.__name__}:web")


def caught(name: str, found: Iterable[Finding], wanted: set[str]) -> None:
    """Every oracle that has to see it has seen it."""
    found = list(found)
    assert wanted <= {one.oracle for one in found}, "\n".join(map(str, found)) or "the proof is blind here"
    CAUGHT[name] = f"{len(found)} findings, such as: {found[0]}"
    figures.note("isolation", f"{name}: {CAUGHT[name][:240]}")


@pytest.mark.parametrize("name", mutants.IN_THE_DATABASE)
async def test_what_is_broken_in_the_database_is_found_by_an_attack_and_by_the_lint(
    name: str, dispatch: World
) -> None:
    table, oracles, breaks = mutants.IN_THE_DATABASE[name]
    ours, theirs = await below.numbers(dispatch)

    async def attacked(broken: str) -> below.Below:
        lot = dice(f"isolation.{name}")
        return await below.below(
            dispatch, ours, theirs, lot, owner=name == OWNERS, breaks=broken, only={table}
        )

    assert (await attacked("")).findings == []
    assert await below.lint(dispatch) == []
    caught(name, (await attacked(breaks)).findings, oracles)
    assert [line for line in await below.lint(dispatch, breaks) if table in line], "the lint is blind here"


@pytest.mark.timeout(600)
async def test_every_policy_that_is_taken_away_is_missed(dispatch: World) -> None:
    """At small size some of them, drawn by lot."""
    ours, theirs = await below.numbers(dispatch)
    async with below.opened(dispatch, ours, theirs) as made:
        tables = [table.name for table in made.found.tables if table.may["SELECT"]]
    for table in dice("isolation.policies").sample(tables, sized(2, len(tables))):
        breaks = f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"
        made = await below.below(dispatch, ours, theirs, dice(table), breaks=breaks, only={table})
        assert {"shown", "told"} & {one.oracle for one in made.findings}, table
    figures.say("isolation.policies_missed", sized(2, len(tables)), "of as many taken away")


async def the_attacks(world: World, wanted: Callable[[Route], bool], name: str) -> list[Attack]:
    """The calls of an operator, the same each time."""
    await prepare(world)
    ours, theirs = world.sides.values()
    by, lot, found = ours.callers["operator"], dice(f"isolation.{name}"), list[Attack]()
    for route in filter(wanted, routes(world.service)):
        found += [attack async for attack in attacks(route, by, ours, theirs, world, lot)]
        found += cursor_attacks(route, by, ours, theirs)
    return found


async def sent(world: World, todo: Iterable[Attack], base: str, broken: str = "") -> list[Finding]:
    """What the oracles say of these calls at this process."""
    tally, theirs = Tally(), list(world.sides.values())[1]
    before = await world.fingerprint(theirs)
    for attack in todo:
        calls = [
            replace(call, headers={**call.headers, mutants.HEADER: broken})
            for call in (attack.foreign, attack.twin)
        ]
        await tried(world, replace(attack, foreign=calls[0], twin=calls[1]), theirs, tally, base)
    after = await world.fingerprint(theirs)
    changed = sorted(name for name in after if after[name] != before[name])
    return tally.findings + ([Finding("changed", "rows", "", "", ", ".join(changed))] if changed else [])


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", IN_THE_PROCESS)
async def test_what_is_broken_in_the_process_is_found(name: str, dispatch: World, mutant: str) -> None:
    oracles, wanted = IN_THE_PROCESS[name]
    todo = await the_attacks(dispatch, wanted, name)
    if name == "cache":  # the other tenant has been here before
        theirs = list(dispatch.sides.values())[1]
        path, caller = f"/api/v1/t/{theirs.slug}/services", theirs.callers["operator"]
        primed = {**caller.headers(path, "GET"), mutants.HEADER: name}
        (await dispatch.http.get(mutant + path, headers=primed)).raise_for_status()

    assert await sent(dispatch, todo, mutant) == []
    caught(name, await sent(dispatch, todo, mutant, name), oracles)


async def in_both(world: World) -> Caller:
    """An operator who works in both tenants."""
    tenants = [await directory.find(slug) for slug in world.sides]
    first, second = [tenant for tenant in tenants if tenant is not None]
    person = await people.member(first, "operator", name="operator.of.both")
    await people.join(person, second, "operator")
    both = replace(person, groups=tuple(f"{tenant.group_path}/operator" for tenant in (first, second)))
    return Caller(both.name, people.token(world.served, both), person=both)


async def test_a_key_that_somebody_has_used_in_one_tenant_is_free_for_the_same_person_in_another(
    dispatch: World,
) -> None:
    ours, theirs = dispatch.sides.values()
    async with storing(dispatch.served.database.app, size=2):
        by = await in_both(dispatch)
    (route,) = [r for r in routes(dispatch.service) if r.keyed and r.is_api and r.path.endswith("/tickets")]
    lot = dice("isolation.both")

    async def attacked() -> list[Finding]:
        used = missing(lot)
        path, body = route.address({"slug": theirs.slug}), route.request()
        headers = {**by.headers(path, "POST"), "Idempotency-Key": used}
        first = await dispatch.http.post(dispatch.served.web + path, headers=headers, **body)
        first.raise_for_status()
        calls = [
            Call(route.address({"slug": ours.slug}), headers={"Idempotency-Key": key}, body=body)
            for key in (used, missing(lot))
        ]
        return await sent(
            dispatch, [Attack("own key of another tenant", route, by, *calls)], dispatch.served.web
        )

    assert await attacked() == []
    assert by.person is not None
    table, _, breaks = mutants.IN_THE_DATABASE[KEY]
    await dispatch.superuser.execute(f"DELETE FROM {table} WHERE actor_id = '{by.person.subject}'; {breaks}")
    try:
        caught(f"{KEY}, over HTTP", await attacked(), {"told"})
    finally:
        mended = breaks.replace("(actor_id, key)", "(tenant_id, actor_id, key)")
        await dispatch.superuser.execute(mended)


@pytest.mark.timeout(300)
async def test_a_stream_of_all_tenants_is_found(dispatch: World) -> None:
    ours, theirs = dispatch.sides.values()
    live = await dispatch.served.start(f"{mutants.__name__}:live")

    assert await streams.overheard(dispatch, ours, theirs, dispatch.served.live, changes=1) == []
    heard = await streams.overheard(dispatch, ours, theirs, live, changes=1)

    caught(
        "a channel without the tenant",
        [Finding("heard", "stream", "live", "operator", one) for one in heard],
        {"heard"},
    )


def test_each_of_them_was_caught() -> None:
    figures.say("isolation.mutations_caught", len(CAUGHT), "mutations", "value >= 6")
    assert len(CAUGHT) == len(mutants.IN_THE_DATABASE) + len(IN_THE_PROCESS) + 2
