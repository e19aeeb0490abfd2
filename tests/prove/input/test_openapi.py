"""The three APIs attacked from their own OpenAPI documents by schemathesis: no fault of ours, nothing undocumented.

It runs as a process of its own, because its warnings are not ours to turn into errors.
"""

import asyncio
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.databases import storing
from tests.prove import figures
from tests.prove.ground import people
from tests.prove.ground.people import Caller
from tests.prove.ground.services import DISPATCH
from tests.prove.ground.world import Side, World
from tests.prove.size import FULL, SEED, sized

from chassis109.store.migrate import SERVICES
from identity109.permissions import ROLES
from tenancy109 import directory

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance"
)
TRIED = re.compile(r"(\d+) generated")


async def allrounder(world: World, side: Side) -> Caller:
    """Somebody in every role of the tenant, so that each operation is reached; elsewhere whoever may do all."""
    if world.service is not DISPATCH:
        return side.inside
    async with storing(world.served.database.app, size=2):
        tenant = await directory.find(side.slug)
        assert tenant is not None
        first, *others = ROLES
        person = await people.member(tenant, first, name="allrounder")
        for role in others:
            await people.join(person, tenant, role, "akimat" if role == "executor" else None)
    groups = tuple(f"{tenant.group_path}/{role}" for role in ROLES)
    return Caller(person.name, people.token(world.served, replace(person, groups=groups)), person=person)


@pytest.mark.timeout(3000)
@pytest.mark.parametrize("attacked", SERVICES, indirect=True)
async def test_every_operation_answers_as_its_document_says(attacked: World, tmp_path: Path) -> None:
    side, name = next(iter(attacked.sides.values())), attacked.service.name
    caller = await allrounder(attacked, side)
    config = tmp_path / "schemathesis.toml"
    config.write_text(f'[parameters]\n"path.slug" = "{side.slug}"\n')
    argv = [
        sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "--no-color", "run",
        f"{attacked.served.web}/api/openapi.json", "-H", f"Authorization: Bearer {caller.bearer}",
        "--checks", CHECKS, "--seed", str(SEED), "--max-examples", str(sized(2, 30)),
        "--phases", "examples,coverage,fuzzing,stateful" if FULL else "examples,fuzzing",
        "--suppress-health-check", "all", "--rate-limit", "150/s", "--request-timeout", "60", "--warnings", "off",
        "--continue-on-failure", "--no-shrink", "--generation-database", "none",
    ]  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        *argv, cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    out, _ = await process.communicate()
    said = out.decode("utf-8", "replace")
    figures.say(f"input.{name}.schemathesis", sum(map(int, TRIED.findall(said))), "cases")
    assert process.returncode == 0, said
