"""What a verb costs the database: every statement is counted, BEGIN, tenant and COMMIT too."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest_asyncio
from tests import emergencies
from tests.databases import Database, storing
from tests.integration.dispatch import across
from tests.makers import executor, opened, said

from chassis109.kernel import clock
from chassis109.store import unit
from dispatch109.calls import service as calls
from dispatch109.emergencies import service as hand_offs
from dispatch109.emergencies import watchdog
from dispatch109.queue import service as queue
from dispatch109.queue.model import Filter
from dispatch109.referrals import reading as listing
from dispatch109.referrals import service as referrals
from dispatch109.tickets import service as tickets
from identity109.actor import Actor
from tenancy109 import directory

# What asyncpg sends when a connection goes back to the pool: housekeeping of the driver, one round trip.
RESET = re.compile(r"SELECT pg_advisory_unlock_all\(\)")


class Heard:
    """The statements of one connection, and how often it was spoken to."""

    def __init__(self) -> None:
        self.statements: list[str] = []
        self.queries: list[asyncpg.connection.LoggedQuery] = []

    def note(self, query: asyncpg.connection.LoggedQuery) -> None:
        if not RESET.match(query.query.strip()):
            self.queries.append(query)
            self.statements += [part.strip() for part in query.query.split(";") if part.strip()]


@asynccontextmanager
async def counted(connection: asyncpg.Connection) -> AsyncIterator[Heard]:
    heard = Heard()
    connection.add_query_logger(heard.note)
    try:
        yield heard
        await asyncio.sleep(0)  # asyncpg tells its loggers at the next turn of the loop
    finally:
        connection.remove_query_logger(heard.note)


@pytest_asyncio.fixture(loop_scope="session")
async def wire(own_database: Database, store: Path) -> AsyncIterator[asyncpg.Connection]:
    """The one connection of a pool of one."""
    async with storing(own_database.app, size=1):
        pool = unit.engine().pool
        async with pool.acquire() as lent:
            connection = lent._con
        yield connection


async def test_registering_takes_five_statements_in_four_round_trips(
    operator: Actor, wire: asyncpg.Connection
) -> None:
    await opened(operator)
    async with counted(wire) as heard:
        await calls.register(said(), operator)

    # BEGIN, tenant | number, applicant, ticket, call, assignment, history | audit, outbox | COMMIT.
    # The guard adds one, so that a request over HTTP stays within six.
    assert len(heard.statements) == 5, heard.statements
    assert len(heard.queries) == 4
    assert heard.statements[0] == "BEGIN"
    assert heard.statements[1].startswith("SELECT set_config('app.tenant'")
    assert heard.statements[-1] == "COMMIT"


async def test_a_page_of_the_queue_with_its_count_takes_one_question(
    operator: Actor, wire: asyncpg.Connection
) -> None:
    await queue.page(Filter(), None, 50, operator)
    async with counted(wire) as heard:
        await queue.page(Filter(), None, 50, operator)

    # BEGIN, tenant | rows and count | COMMIT.
    assert len(heard.statements) == 4, heard.statements
    assert len(heard.queries) == 3


async def test_a_move_takes_at_most_seven_statements(operator: Actor, wire: asyncpg.Connection) -> None:
    made = await opened(operator)
    async with counted(wire) as heard:
        await tickets.accept(made.id, made.version, executor(operator.here, "water"))

    assert len(heard.statements) <= 7, heard.statements


async def test_offering_and_taking_over_a_ticket_take_a_fixed_number_of_statements(
    operator: Actor, other: Actor, wire: asyncpg.Connection
) -> None:
    await across.keys()
    ticket, second = await opened(operator), await opened(operator)
    await across.sent(operator, other, second)
    await directory.all()
    async with counted(wire) as sending:
        referral = await referrals.send(ticket.id, None, other.here.slug, "себебі", operator)
    await across.carry(operator.here, referral.id)
    await directory.all()
    async with counted(wire) as taking:
        await referrals.accept(referral.id, "other", other)

    # BEGIN, tenant | ticket | its referrals | key | applicant | referral | ticket, history | audit, outbox |
    # audit, outbox of the referral | COMMIT, after which the relay is woken.
    assert len(sending.statements) <= 13, sending.statements
    # BEGIN, tenant | referral | ticket and all that belongs to it | audit, outbox | referral | audit, outbox | COMMIT.
    assert len(taking.statements) <= 11, taking.statements


async def test_a_page_of_referrals_takes_one_question(operator: Actor, wire: asyncpg.Connection) -> None:
    async with counted(wire) as heard:
        await listing.page(None, 50, operator)

    assert len(heard.statements) == 4, heard.statements


async def test_handing_off_takes_seven_statements_however_many_services_there_are(
    operator: Actor, wire: asyncpg.Connection
) -> None:
    await emergencies.handed(operator)
    async with counted(wire) as heard:
        await hand_offs.hand_off(emergencies.said(services=("101", "102", "103", "104", "112")), operator)

    # BEGIN, tenant | number, applicant, incident, call | clocks | handoffs, events | audit, outbox | COMMIT.
    assert len(heard.statements) == 7, heard.statements
    assert len(heard.queries) == 6


async def test_an_answer_of_a_service_takes_eight_statements(
    operator: Actor, wire: asyncpg.Connection
) -> None:
    incident, handoff = await emergencies.handed(operator)
    hub = emergencies.Hub(operator.here)
    await directory.all()  # read outside the unit: the pool has one connection
    await hub.returns(incident, handoff, "receipt", 1)
    await directory.all()
    async with counted(wire) as heard:
        await hub.returns(incident, handoff, "accept", 2)

    # BEGIN, tenant | inbox | incident | handoffs | handoff, event | audit, outbox | COMMIT.
    assert len(heard.statements) == 8, heard.statements
    assert len(heard.queries) == 7


async def test_a_look_at_many_clocks_takes_as_many_statements_as_at_one(
    operator: Actor, wire: asyncpg.Connection, superuser: asyncpg.Connection
) -> None:
    taken = []
    for many in (1, 20):
        await superuser.execute("UPDATE dispatch.handoff SET due_at = NULL, hub_at = now()")  # of other tests
        with clock.frozen(clock.now() - timedelta(seconds=7)):
            for _ in range(many):
                await emergencies.handed(operator)
        await directory.all()
        async with counted(wire) as heard:
            assert await watchdog.sweep(operator.here.id) == many
        taken.append(len(heard.statements))

    # What is in the hub (4), whose clock has passed (4), and: BEGIN, tenant | incidents | handoffs | handoffs, events |
    # audit, outbox | COMMIT.
    assert taken == [15, 15]
