"""What leaves the region as a file, and what the board costs the database."""

import asyncio
import csv
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio
from tests.databases import Database
from tests.integration.region.facts import NOON, feed_of, project, ticket

from chassis109.kernel import clock
from chassis109.kernel.errors import NotFound
from chassis109.store import unit
from identity109.actor import Actor
from region109.wall import export, ground
from region109.wall import service as wall
from region109.wall.asked import Filter
from tenancy109 import directory
from tenancy109.model import REGION


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def noon(region: Database) -> AsyncIterator[None]:
    ground.forget()
    wall.forget()
    with clock.frozen(NOON + timedelta(minutes=30)):
        yield


async def commander() -> Actor:
    return Actor(
        subject=uuid4(), name="Асқар Байжанов", kind="person", tenant=await directory.find(REGION),
        roles=frozenset({"region-command"}), service=None, language="ru", session_id=None,
    )  # fmt: skip


async def test_a_table_has_every_page_of_the_list_and_who_took_it_is_written_down(
    region: Database, superuser: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "PAGE_ROWS", 4)
    facts = [
        ticket(reference=f"109-26-{number:06}", due_at=NOON + timedelta(hours=number)) for number in range(9)
    ]
    await superuser.execute(
        "UPDATE region.service SET names = jsonb_build_object('ru', '=1+1') WHERE code = 'roads'"
    )
    await project(feed_of([*facts, ticket("aqzhar", service="roads")]))
    actor = await commander()

    async def lines(slug: str) -> list[list[str]]:
        said = export.table(await ground.ground(), slug, Filter(), "ru", actor)
        return list(csv.reader("".join([part async for part in said]).splitlines(), delimiter=";"))

    rows, other = await lines("esil"), await lines("aqzhar")

    assert rows[0][0] == "\ufeffНомер"
    assert [row[0] for row in rows[1:]] == [fact.reference for fact in facts]
    assert other[1][3] == "'=1+1"
    audit = await superuser.fetch(
        "SELECT object_id, detail::text FROM chassis.audit WHERE action = 'ticket.export' ORDER BY object_id DESC"
    )
    assert [tuple(row) for row in audit] == [("esil", '{"rows": 9}'), ("aqzhar", '{"rows": 1}')]
    with pytest.raises(NotFound):
        await export.name("nowhere")


async def test_the_board_takes_four_statements_and_the_gaps_a_fifth_now_and_then(region: Database) -> None:
    await wall.board()  # the registry is known, and the driver has asked for the types of columns
    async with unit.engine().connections().acquire() as lent:
        connection = lent._con
    heard: list[str] = []

    def note(query: asyncpg.connection.LoggedQuery) -> None:
        heard.append(query.query)

    connections = [holder._con for holder in unit.engine().connections()._holders if holder._con]
    assert connection in connections
    for one in connections:
        one.add_query_logger(note)
    try:
        await wall.board()
        await asyncio.sleep(0)
    finally:
        for one in connections:
            one.remove_query_logger(note)

    assert len([query for query in heard if "region." in query]) == 4
