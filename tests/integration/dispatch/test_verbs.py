"""Every verb: the new state, a line of the timeline, an audit row and a fact, in one transaction or not at all."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import asyncpg
import msgspec
import pytest
from tests import makers
from tests.makers import NOON, executor, opened, owed, worked

from chassis109.kernel import clock
from chassis109.store import unit
from chassis109.store.idempotency import request_key
from chassis109.store.unit import transaction
from dispatch109.callbacks import service as callbacks
from dispatch109.callbacks.model import Outcome
from dispatch109.catalogue.service import PauseNotAllowed
from dispatch109.execution import service as execution
from dispatch109.execution.model import read_photo
from dispatch109.tickets import reading
from dispatch109.tickets import service as tickets
from dispatch109.tickets.model import State, Ticket, WrongState
from dispatch109.tickets.service import Request
from identity109.actor import Actor
from region109.contract import TicketFact

NORTH = (69.1335, 54.9018)
Verb = Callable[[Ticket, Actor, Actor], Awaitable[object]]


async def accept(ticket: Ticket, _: Actor, by: Actor) -> object:
    return await tickets.accept(ticket.id, ticket.version, by)


async def accepted_and_started(ticket: Ticket, _: Actor, by: Actor) -> object:
    await tickets.accept(ticket.id, None, by)
    return await tickets.start(ticket.id, None, by)


async def return_(ticket: Ticket, _: Actor, by: Actor) -> object:
    return await tickets.return_(ticket.id, ticket.version, "не наш дом", by)


async def assign(ticket: Ticket, senior: Actor, _: Actor) -> object:
    return await tickets.assign(ticket.id, ticket.version, "roads", "яма, а не труба", senior)


async def amend(ticket: Ticket, senior: Actor, _: Actor) -> object:
    wanted = Request("water-leak", "Течёт", ticket.address, "у школы", ticket.point, 2)
    return await tickets.amend(ticket.id, ticket.version, wanted, senior)


VERBS = {
    "accept": (accept, ["accept"]),
    "start": (accepted_and_started, ["accept", "start"]),
    "return": (return_, ["return"]),
    "assign": (assign, ["assign"]),
    "amend": (amend, ["amend"]),
}


def files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


async def written(ticket: Ticket) -> tuple[list[str], list[str], list[TicketFact]]:
    """What stands about a ticket in timeline, audit and outbox."""
    async with transaction(1):
        steps = await unit.fetch(
            "SELECT seq, verb FROM dispatch.history WHERE ticket_id = $1 ORDER BY seq", ticket.id
        )
        audit = await unit.fetch(
            "SELECT action FROM chassis.audit WHERE object_id = $1 ORDER BY id", str(ticket.id)
        )
        outbox = await unit.fetch(
            "SELECT payload FROM chassis.outbox WHERE key = $1 ORDER BY id", str(ticket.id)
        )
    assert [row["seq"] for row in steps] == list(range(1, len(steps) + 1))
    facts = [msgspec.json.decode(row["payload"], type=TicketFact) for row in outbox]
    return [row["verb"] for row in steps], [row["action"] for row in audit], facts


async def test_registering_gives_a_number_a_service_both_clocks_and_every_record(operator: Actor) -> None:
    with clock.frozen(NOON):
        made = await opened(operator, lon=makers.PETROPAVL[0], lat=makers.PETROPAVL[1])

    steps, audit, facts = await written(made)
    assert (made.state, made.version, made.service_code) == (State.ASSIGNED, 2, "water")
    assert made.reference.startswith("109-26-")
    assert made.react_by is not None
    assert NOON < made.react_by < made.due_at < made.statutory_due
    assert steps == ["open", "assign"]
    assert audit == ["ticket.open"]
    assert [(fact.version, fact.state) for fact in facts] == [(2, "assigned")]
    async with transaction(operator.here.id):
        call = await unit.fetchrow("SELECT * FROM dispatch.call WHERE ticket_id = $1", made.id)
        given = await unit.fetchrow("SELECT * FROM dispatch.assignment WHERE ticket_id = $1", made.id)
    assert call is not None
    assert given is not None
    assert (call["operator_id"], call["outcome"]) == (operator.subject, "ticket")
    assert (given["service_code"], given["react_by"]) == ("water", made.react_by)


@pytest.mark.parametrize("name", VERBS)
async def test_a_verb_leaves_state_timeline_audit_and_fact_together(
    name: str, operator: Actor, senior: Actor
) -> None:
    verb, names = VERBS[name]
    before = await opened(operator)

    await verb(before, senior, executor(operator.here, before.service_code))

    after = await reading.ticket(before.reference, operator)
    steps, audit, facts = await written(before)
    assert steps == ["open", "assign", *names]
    assert audit == ["ticket.open", *(f"ticket.{verb_name}" for verb_name in names)]
    assert [fact.version for fact in facts] == [2, *range(3, 3 + len(names))]
    assert (after.version, after.state.value) == (facts[-1].version, facts[-1].state)


@pytest.mark.parametrize("name", VERBS)
@pytest.mark.parametrize("table", ["dispatch.history", "chassis.audit", "chassis.outbox"])
async def test_a_verb_whose_record_fails_leaves_nothing(
    name: str, table: str, operator: Actor, senior: Actor, superuser: asyncpg.Connection
) -> None:
    before = await opened(operator)
    known = await written(before)
    await superuser.execute(f"ALTER TABLE {table} ADD CONSTRAINT broken CHECK (false) NOT VALID")
    try:
        with pytest.raises(asyncpg.CheckViolationError):
            await VERBS[name][0](before, senior, executor(operator.here, before.service_code))
    finally:
        await superuser.execute(f"ALTER TABLE {table} DROP CONSTRAINT broken")

    assert await reading.ticket(before.reference, operator) == before
    assert await written(before) == known


async def test_a_registration_that_fails_leaves_neither_number_nor_applicant(
    operator: Actor, superuser: asyncpg.Connection
) -> None:
    first = await opened(operator)
    count = "SELECT count(*) FROM dispatch.contact"
    contacts = await superuser.fetchval(count)
    await superuser.execute("ALTER TABLE chassis.outbox ADD CONSTRAINT broken CHECK (false) NOT VALID")
    try:
        with pytest.raises(asyncpg.CheckViolationError):
            await opened(operator)
    finally:
        await superuser.execute("ALTER TABLE chassis.outbox DROP CONSTRAINT broken")

    assert await superuser.fetchval(count) == contacts
    assert (await opened(operator)).number == first.number + 1


async def test_accepting_stops_the_reaction_clock(operator: Actor) -> None:
    made = await opened(operator)
    by = executor(operator.here, "water")

    after = await tickets.accept(made.id, made.version, by)

    _, (given,) = await reading.story(after, operator)
    assert after.react_by is None
    assert given.accepted_at is not None


async def test_a_pause_stops_the_operational_clock_and_work_goes_on_with_what_was_left(
    operator: Actor,
) -> None:
    with clock.frozen(NOON):
        made, by = await worked(operator, category="road-pothole")
        await tickets.pause(made.id, None, "ждём асфальт", by)
    with clock.frozen(NOON + timedelta(hours=5)):
        going_on = await tickets.start(made.id, None, by)

    assert going_on.due_at == made.due_at + timedelta(hours=5)
    assert going_on.paused_at is None


async def test_a_category_that_cannot_wait_is_not_paused(operator: Actor) -> None:
    made, by = await worked(operator, category="manhole-open")

    with pytest.raises(PauseNotAllowed):
        await tickets.pause(made.id, None, "обед", by)


async def test_a_returned_ticket_is_routed_again_until_no_service_is_left(
    operator: Actor, senior: Actor
) -> None:
    made = await opened(operator, category="roof-leak", lon=NORTH[0], lat=NORTH[1])
    assert made.service_code == "housing-bereke"

    second = await tickets.return_(made.id, None, "не наш дом", executor(operator.here, made.service_code))
    third = await tickets.return_(made.id, None, "и не наш", executor(operator.here, second.service_code))

    assert (second.state, second.service_code) == (State.ASSIGNED, "housing-dostyq")
    assert (third.state, third.service_code, third.react_by) == (State.RETURNED, None, None)
    _, given = await reading.story(third, operator)
    assert [(a.service_code, a.end_reason) for a in given] == [
        ("housing-bereke", "returned"), ("housing-dostyq", "returned"),
    ]  # fmt: skip
    again = await tickets.assign(made.id, third.version, "akimat", "разберитесь", senior)
    assert (again.state, again.service_code) == (State.ASSIGNED, "akimat")


async def test_done_with_photos_plans_the_callback_in_the_same_transaction(operator: Actor) -> None:
    made, by = await worked(operator)
    photos = [read_photo(makers.photo()), read_photo(makers.photo("PNG"))]

    done = await execution.finish(made.id, made.version, "Заменили вентиль", photos, by)

    stored = await execution.photos(made.id, operator)
    assert done.state is State.CALLBACK_DUE
    assert {photo.media_type for photo in stored} == {"image/jpeg", "image/png"}
    for photo in stored:
        _, path = await execution.photo(photo.id, operator)
        assert path.read_bytes()[:4] in {b"\xff\xd8\xff\xe0", b"\x89PNG"}
        assert f"/{operator.here.id}/" in str(path)
    due = await callbacks.due(None, 1000, operator)
    assert [callback.state for callback in due if callback.ticket_id == made.id] == ["due"]
    steps, _, _ = await written(made)
    assert steps[-2:] == ["finish", "plan_callback"]


async def test_photos_of_a_report_that_was_refused_do_not_stay_on_disk(operator: Actor, store: Path) -> None:
    made = await opened(operator)
    by = executor(operator.here, "water")
    before = files(store)

    with pytest.raises(WrongState):
        await execution.finish(made.id, None, "", [read_photo(makers.photo())], by)

    assert files(store) == before
    assert await execution.photos(made.id, operator) == []


async def test_a_photo_sent_again_under_its_key_is_stored_once(operator: Actor, store: Path) -> None:
    made, by = await worked(operator)
    before, photo = files(store), read_photo(makers.photo())
    key = request_key(by.subject, "photo-key-1", b"POST")

    first = await execution.add_photo(made.id, photo, by, key)
    again = await execution.add_photo(made.id, photo, by, key)

    assert again == first
    assert [stored.id for stored in await execution.photos(made.id, operator)] == [first]
    assert len(files(store)) == len(before) + 1


async def test_a_closed_ticket_takes_no_photo(operator: Actor, store: Path) -> None:
    done, callback = await owed(operator)
    await callbacks.record(callback.id, Outcome.CONFIRMED, "", operator)
    before = files(store)

    with pytest.raises(WrongState):
        await execution.add_photo(
            done.id, read_photo(makers.photo()), executor(operator.here, done.service_code)
        )

    assert files(store) == before
    assert await execution.photos(done.id, operator) == []


async def test_a_confirmed_callback_closes_and_nothing_else_does(operator: Actor) -> None:
    done, callback = await owed(operator)

    await callbacks.record(callback.id, Outcome.CONFIRMED, "рахмет", operator)

    closed = await reading.ticket(done.reference, operator)
    assert closed.state is State.CLOSED
    assert closed.closed_at is not None
    steps, audit, facts = await written(closed)
    assert steps[-1] == "close"
    assert audit[-1] == "ticket.close"
    assert facts[-1].closed_at is not None


async def test_an_amendment_that_changes_nothing_writes_nothing(operator: Actor) -> None:
    made = await opened(operator)
    same = Request(made.category_code, made.text, made.address, made.landmark, made.point, made.priority)

    assert await tickets.amend(made.id, made.version, same, operator) == made
    assert (await written(made))[0] == ["open", "assign"]


async def test_a_closed_ticket_is_not_amended(operator: Actor) -> None:
    done, callback = await owed(operator)
    await callbacks.record(callback.id, Outcome.CONFIRMED, "", operator)
    other = Request(done.category_code, "другое", done.address, done.landmark, done.point, done.priority)

    with pytest.raises(WrongState) as refused:
        await tickets.amend(done.id, None, other, operator)

    assert refused.value.members()["state"] == "closed"
