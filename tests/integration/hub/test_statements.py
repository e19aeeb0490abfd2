"""What a verb costs the database: every statement is counted, BEGIN, tenant and COMMIT too."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
import pytest_asyncio
from tests.databases import Database, storing
from tests.hub_makers import accepted, answer, at_desk, crew, envelope, handed_over, heard

from chassis109.store import unit
from hub112.desks import reading
from hub112.desks import service as desks
from tenancy109 import directory

RESET = "SELECT pg_advisory_unlock_all()"  # housekeeping of asyncpg when a connection goes back to its pool


@asynccontextmanager
async def counted(connection: asyncpg.Connection) -> AsyncIterator[list[str]]:
    heard_ones: list[str] = []

    def note(query: asyncpg.connection.LoggedQuery) -> None:
        if not query.query.strip().startswith(RESET):
            heard_ones.extend(part.strip() for part in query.query.split(";") if part.strip())

    connection.add_query_logger(note)
    try:
        yield heard_ones
        await asyncio.sleep(0)  # asyncpg tells its loggers at the next turn of the loop
    finally:
        connection.remove_query_logger(note)


@pytest_asyncio.fixture(loop_scope="session")
async def wire(
    own_hub_database: Database, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[asyncpg.Connection]:
    """The one connection of a pool of one, with what a process knows after its first second."""
    monkeypatch.setattr(directory, "FRESH_SECONDS", 3600)
    async with storing(own_hub_database.app, size=1):
        await directory.all()
        async with unit.engine().connections().acquire() as lent:
            connection = lent._con
        await accepted()  # the driver asks for the types of columns once
        yield connection


async def test_a_decision_takes_six_statements(wire: asyncpg.Connection) -> None:
    first = await handed_over()
    await desks.receipt(first.handoff_id, at_desk())
    async with counted(wire) as heard_ones:
        await desks.accept(first.handoff_id, at_desk())

    # BEGIN, tenant | lock | state, event, joint log | audit, outbox | COMMIT.
    assert len(heard_ones) == 6, heard_ones
    assert "FOR UPDATE" in heard_ones[2]


async def test_news_of_a_crew_take_one_more(wire: asyncpg.Connection) -> None:
    first = await handed_over()
    await desks.receipt(first.handoff_id, at_desk())
    await desks.accept(first.handoff_id, at_desk())
    async with counted(wire) as heard_ones:
        await desks.report_unit(first.handoff_id, at_desk(), crew())

    assert len(heard_ones) == 7, heard_ones


async def test_taking_a_handoff_in_takes_eight(wire: asyncpg.Connection) -> None:
    async with counted(wire) as heard_ones:
        await heard(envelope())

    # BEGIN, tenant | inbox | sender and clocks | handoff, event, joint log | desks | audit, outbox | COMMIT.
    assert len(heard_ones) == 8, heard_ones


async def test_a_machines_word_takes_nine(wire: asyncpg.Connection) -> None:
    first = await handed_over()
    async with counted(wire) as heard_ones:
        await heard(answer(first, "receipt", 1))

    # BEGIN, tenant | inbox | lock | place in the order | then the verb: lock | state … | audit … | COMMIT.
    assert len(heard_ones) == 9, heard_ones


async def test_the_board_takes_three_questions_however_much_it_shows(wire: asyncpg.Connection) -> None:
    for _ in range(5):
        await handed_over()
    async with counted(wire) as heard_ones:
        await reading.board(at_desk())

    assert len(heard_ones) == 6, heard_ones
