"""“Did not react”: noted once by the database's clock, whoever sweeps and however often."""

import asyncio
from datetime import timedelta

import asyncpg
from tests.databases import Database, storing
from tests.makers import executor, opened, worked

from chassis109.kernel import clock
from dispatch109.tickets import reading, watchdog
from dispatch109.tickets import service as tickets
from dispatch109.tickets.model import Ticket
from identity109.actor import Actor


async def let_it_pass(superuser: asyncpg.Connection, ticket: Ticket) -> None:
    await superuser.execute(
        "UPDATE dispatch.assignment SET react_by = now() - interval '1 second' WHERE ticket_id = $1",
        ticket.id,
    )


async def silences(ticket: Ticket, actor: Actor) -> tuple[int, list[str], list[bool]]:
    now = await reading.ticket(ticket.reference, actor)
    steps, given = await reading.story(now, actor)
    noted = [step.actor_name for step in steps if step.verb == "did_not_react"]
    return now.unanswered, noted, [a.unanswered_at is not None for a in given]


async def test_silence_is_noted_once_however_often_it_is_swept(
    operator: Actor, superuser: asyncpg.Connection
) -> None:
    made = await opened(operator)
    await let_it_pass(superuser, made)

    swept = await asyncio.gather(*(watchdog.sweep(operator.here.id) for _ in range(4)))

    assert sum(swept) == 1
    assert await watchdog.sweep(operator.here.id) == 0
    assert await silences(made, operator) == (1, ["109"], [True])


async def test_a_worker_that_was_away_notes_what_passed_meanwhile(
    operator: Actor, superuser: asyncpg.Connection, own_database: Database
) -> None:
    made = await opened(operator)
    await let_it_pass(superuser, made)

    async with storing(own_database.app, size=2):
        assert await watchdog.sweep(operator.here.id) == 1

    assert await silences(made, operator) == (1, ["109"], [True])


async def test_a_clock_of_the_application_that_is_wrong_changes_nothing(operator: Actor) -> None:
    made = await opened(operator)

    with clock.frozen(clock.now() + timedelta(days=30)):
        assert await watchdog.sweep(operator.here.id) == 0

    assert await silences(made, operator) == (0, [], [False])


async def test_whoever_accepted_or_returned_in_time_was_not_silent(
    operator: Actor, superuser: asyncpg.Connection
) -> None:
    accepted, _ = await worked(operator)
    returned = await opened(operator)
    await tickets.return_(returned.id, None, "не наше", executor(operator.here, "water"))
    for ticket in (accepted, returned):
        await let_it_pass(superuser, ticket)

    assert await watchdog.sweep(operator.here.id) == 0


async def test_a_ticket_that_a_verb_holds_is_swept_after_the_verb(
    operator: Actor, superuser: asyncpg.Connection
) -> None:
    made = await opened(operator)
    await let_it_pass(superuser, made)

    async with superuser.transaction():
        await superuser.execute("SELECT FROM dispatch.ticket WHERE id = $1 FOR UPDATE", made.id)
        async with asyncio.timeout(5):
            assert await watchdog.sweep(operator.here.id) == 0

    assert await watchdog.sweep(operator.here.id) == 1
    assert await silences(made, operator) == (1, ["109"], [True])


async def test_a_service_that_answers_late_stays_noted_and_the_work_goes_on(
    operator: Actor, superuser: asyncpg.Connection
) -> None:
    made = await opened(operator)
    await let_it_pass(superuser, made)
    await watchdog.sweep(operator.here.id)

    after = await tickets.accept(made.id, None, executor(operator.here, "water"))

    assert (after.state.value, after.unanswered) == ("accepted", 1)


async def test_each_service_that_stays_silent_is_counted(
    operator: Actor, senior: Actor, superuser: asyncpg.Connection
) -> None:
    made = await opened(operator)
    await let_it_pass(superuser, made)
    await watchdog.sweep(operator.here.id)
    await tickets.assign(made.id, None, "akimat", "", senior)
    await let_it_pass(superuser, made)
    await watchdog.sweep(operator.here.id)

    assert await silences(made, operator) == (2, ["109", "109"], [True, True])


async def test_the_worker_learns_which_tenants_have_a_silence_and_nothing_else(
    operator: Actor, superuser: asyncpg.Connection, own_database: Database
) -> None:
    relay = await asyncpg.connect(own_database.relay)
    try:
        assert await relay.fetch(watchdog.TENANTS_WITH_SILENCE) == []
        await let_it_pass(superuser, await opened(operator))
        found = await relay.fetch(watchdog.TENANTS_WITH_SILENCE)
    finally:
        await relay.close()

    assert [tuple(row) for row in found] == [(operator.here.id,)]
    assert await watchdog.sweep(operator.here.id) == 1
