"""Two people, or one impatient browser, at the same moment: one wins, the other is told what stands now."""

import asyncio
from functools import partial
from uuid import uuid4

import asyncpg
import pytest
from tests import makers
from tests.makers import executor, opened, owed, said

from chassis109.kernel.errors import Conflict
from chassis109.store.idempotency import IdempotencyKeyReused, RequestKey, request_key
from chassis109.store.unit import transaction
from dispatch109.callbacks import routes as callback_routes
from dispatch109.callbacks import service as callbacks
from dispatch109.callbacks.model import CallbackEnded, Outcome, SameHour
from dispatch109.calls import service as calls
from dispatch109.tickets import reading
from dispatch109.tickets import service as tickets
from dispatch109.tickets.model import StaleVersion, WrongState
from dispatch109.tickets.routes import moved
from dispatch109.tickets.service import Request
from identity109.actor import Actor
from tenancy109.model import Tenant


def key_for(actor: Actor, said_in_request: bytes = b"the same") -> RequestKey:
    key = request_key(actor.subject, f"key-{uuid4()}", said_in_request)
    assert key is not None
    return key


def outcomes(results: list[object]) -> tuple[list[object], list[BaseException]]:
    lost = [result for result in results if isinstance(result, BaseException)]
    return [result for result in results if not isinstance(result, BaseException)], lost


async def test_of_two_who_accept_one_wins_and_the_other_sees_the_present_state(operator: Actor) -> None:
    made = await opened(operator)
    people = [executor(operator.here, "water") for _ in range(2)]

    results = await asyncio.gather(
        *(tickets.accept(made.id, made.version, by) for by in people), return_exceptions=True
    )

    won, lost = outcomes(list(results))
    assert len(won) == 1
    assert isinstance(lost[0], WrongState)
    assert lost[0].members() == {"state": "accepted", "version": made.version + 1}


async def test_of_two_who_amend_one_wins_and_the_other_sees_the_values_that_stand(operator: Actor) -> None:
    made = await opened(operator)

    def wanted(text: str) -> Request:
        return Request(made.category_code, text, made.address, made.landmark, made.point, made.priority)

    results = await asyncio.gather(
        *(tickets.amend(made.id, made.version, wanted(text), operator) for text in ("первый", "второй")),
        return_exceptions=True,
    )

    _, lost = outcomes(list(results))
    stands = await reading.ticket(made.reference, operator)
    assert len(lost) == 1
    assert isinstance(lost[0], StaleVersion)
    assert lost[0].members() == {
        "state": "assigned", "version": 3, "category": stands.category_code, "service": "water", "text": stands.text,
        "address": stands.address, "landmark": "", "point": None, "priority": stands.priority,
        "updated_at": stands.updated_at.isoformat(),
    }  # fmt: skip


async def test_of_two_who_reach_the_applicant_one_closes_and_the_other_hears_that_it_ended(
    operator: Actor,
) -> None:
    done, callback = await owed(operator)

    results = await asyncio.gather(
        callbacks.record(callback.id, Outcome.CONFIRMED, "", operator),
        callbacks.record(callback.id, Outcome.NOT_DONE, "течёт", operator),
        return_exceptions=True,
    )

    won, lost = outcomes(list(results))
    assert (len(won), [type(error) for error in lost]) == (1, [CallbackEnded])
    steps, _ = await reading.story(await reading.ticket(done.reference, operator), operator)
    assert len([step for step in steps if step.verb in {"close", "reopen"}]) == 1


async def test_two_who_fail_to_reach_the_applicant_in_one_hour_leave_one_attempt(operator: Actor) -> None:
    _, callback = await owed(operator)

    results = await asyncio.gather(
        *(callbacks.record(callback.id, Outcome.UNREACHABLE, "", operator) for _ in range(4)),
        return_exceptions=True,
    )

    won, lost = outcomes(list(results))
    assert (len(won), {type(error) for error in lost}) == (1, {SameHour})
    assert len((await callbacks.read(callback.id, operator)).attempts) == 1


async def test_ten_times_the_same_registration_is_one_ticket(
    operator: Actor, superuser: asyncpg.Connection
) -> None:
    key = key_for(operator)

    made = await asyncio.gather(*(calls.register(said(), operator, key) for _ in range(10)))

    assert len({ticket.id for ticket in made}) == 1
    assert {ticket.reference for ticket in made} == {made[0].reference}
    count = "SELECT count(*) FROM dispatch.ticket WHERE opened_by = $1"
    assert await superuser.fetchval(count, operator.subject) == 1


async def test_ten_times_the_same_consultation_is_one_call(
    operator: Actor, superuser: asyncpg.Connection
) -> None:
    key = key_for(operator)

    made = await asyncio.gather(*(calls.consult(said(), operator, key) for _ in range(10)))

    assert len(set(made)) == 1
    count = "SELECT count(*) FROM dispatch.call WHERE operator_id = $1"
    assert await superuser.fetchval(count, operator.subject) == 1


async def test_a_key_of_another_request_is_refused(operator: Actor) -> None:
    key = key_for(operator)
    await calls.register(said(), operator, key)
    other = RequestKey(key.actor_id, key.key, b"said something else")

    with pytest.raises(IdempotencyKeyReused):
        await calls.register(said(text="другое"), operator, other)


async def test_a_key_belongs_to_one_person_in_one_tenant(operator: Actor, senior: Actor) -> None:
    key = key_for(operator)
    theirs = RequestKey(senior.subject, key.key, key.digest)

    first = await calls.register(said(), operator, key)
    second = await calls.register(said(), senior, theirs)

    assert first.id != second.id


async def test_a_refused_request_does_not_use_up_its_key(operator: Actor) -> None:
    made = await opened(operator)
    by = executor(operator.here, "water")
    key = key_for(by)
    with pytest.raises(StaleVersion):
        await moved(key, by, made, lambda of: tickets.accept(of, 99, by))

    after = await moved(key, by, made, lambda of: tickets.accept(of, made.version, by))

    assert after.state == "accepted"


async def test_ten_times_the_same_move_is_one_step(operator: Actor) -> None:
    made = await opened(operator)
    by = executor(operator.here, "water")
    key = key_for(by)

    answers = await asyncio.gather(
        *(moved(key, by, made, lambda of: tickets.accept(of, made.version, by)) for _ in range(10))
    )

    assert {(answer.state, answer.version) for answer in answers} == {("accepted", 3)}
    steps, _ = await reading.story(made, operator)
    assert [step.verb for step in steps] == ["open", "assign", "accept"]


async def test_ten_times_the_same_attempt_is_one_attempt(operator: Actor) -> None:
    _, callback = await owed(operator)
    key = key_for(operator)

    verb = partial(callbacks.record, callback.id, Outcome.UNREACHABLE, "", operator)
    answers = await asyncio.gather(
        *(callback_routes.settled(key, operator, callback.id, verb) for _ in range(10))
    )

    assert {len(answer.attempts) for answer in answers} == {1}


async def test_numbers_of_a_tenant_have_no_gap_and_no_double_whoever_is_refused_between(
    operator: Actor,
) -> None:
    first = await opened(operator)

    async def give_up() -> None:
        async with transaction(operator.here.id):
            await opened(operator)
            raise Conflict

    work = [opened(operator) if n % 3 else give_up() for n in range(30)]
    made, refused = outcomes(list(await asyncio.gather(*work, return_exceptions=True)))

    assert len(refused) == 10
    numbers = sorted(ticket.number for ticket in made)  # type: ignore[attr-defined]
    assert numbers == list(range(first.number + 1, first.number + 21))


async def test_the_numbers_of_two_tenants_do_not_know_of_each_other(
    operator: Actor, neighbour: Tenant
) -> None:
    there = makers.operator(neighbour)
    first = await opened(there, category="other")
    await opened(operator)

    assert (await opened(there, category="other")).number == first.number + 1
