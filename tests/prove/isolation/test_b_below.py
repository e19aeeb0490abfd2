"""Below HTTP, statement by statement over every tenant table: what protects when a condition is forgotten above."""

import pytest
from tests.prove import figures
from tests.prove.ground.world import World
from tests.prove.isolation.below import below, lint, numbers
from tests.prove.size import dice

from chassis109.store.migrate import SERVICES


@pytest.mark.timeout(600)
@pytest.mark.parametrize("owner", [False, True], ids=["application", "owner"])
@pytest.mark.parametrize("attacked", SERVICES, indirect=True)
async def test_no_statement_of_one_tenant_reaches_a_row_of_another(attacked: World, owner: bool) -> None:
    ours, theirs = await numbers(attacked)
    name, role = attacked.service.name, "owner" if owner else "application"

    made = await below(attacked, ours, theirs, dice(f"isolation.below.{name}"), owner=owner)

    figures.say(f"isolation.{name}.statements_of_{role}", made.tried)
    assert not made.findings, "\n".join(map(str, made.findings[:40]))
    # The tables that all services have are filled in the dispatch.
    shared = () if name == "dispatch" else ("chassis.", "tenancy.", "identity.")
    assert [t.name for t in made.found.tables if t.theirs is None and not t.name.startswith(shared)] == []


@pytest.mark.parametrize("attacked", SERVICES, indirect=True)
async def test_the_catalogue_lint_finds_nothing(attacked: World) -> None:
    assert await lint(attacked) == []
