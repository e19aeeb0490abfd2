"""Every route of the three services, by everybody, against another tenant: nothing is shown, told or changed."""

import pytest
from tests.prove import figures
from tests.prove.ground.routes import routes
from tests.prove.ground.world import World
from tests.prove.isolation.fuzz import fuzz
from tests.prove.size import FULL, dice, sized

from chassis109.store.migrate import SERVICES


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("attacked", SERVICES, indirect=True)
async def test_nothing_of_another_tenant_is_shown_told_or_changed(attacked: World) -> None:
    world, name = attacked, attacked.service.name
    first, second = world.sides.values()
    hostile, operations, findings = 0, set[str](), []
    for ours, theirs in ((first, second), (second, first))[: sized(1, 2)]:
        lot, people = dice(f"isolation.{name}.{ours.slug}"), None if FULL else 1
        tally = await fuzz(world, ours, theirs, lot, people=people, attacks_each=sized(3, 8))
        hostile, operations = hostile + tally.hostile, operations | tally.operations
        findings += tally.findings
        figures.note(
            "isolation", f"{name}, {ours.slug} against {theirs.slug}: {dict(sorted(tally.statuses.items()))}"
        )
    known = {f"{route.process} {route.method} {route.path}" for route in routes(world.service)}
    figures.say(f"isolation.{name}.calls", hostile)
    figures.say(
        f"isolation.{name}.operations", 100 * len(operations & known) / len(known), "%", "value >= 100"
    )

    assert known - operations == set()
    assert not findings, "\n".join(map(str, findings[:40]))
