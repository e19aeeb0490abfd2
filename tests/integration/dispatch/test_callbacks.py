"""The applicant is phoned: confirmed closes, not done reopens, three silent hours may close, nothing else does."""

from datetime import timedelta

import pytest
from tests.makers import NOON, executor, opened, owed, owed_for, started, worked

from chassis109.kernel import clock
from chassis109.kernel.errors import Invalid
from dispatch109.callbacks import service as callbacks
from dispatch109.callbacks.model import CallbackEnded, Outcome, SameHour, TooFewAttempts
from dispatch109.execution import service as execution
from dispatch109.tickets import reading
from dispatch109.tickets import service as tickets
from dispatch109.tickets.model import State, WrongState
from identity109.actor import Actor


async def test_not_done_reopens_with_the_reason_for_the_same_service_with_new_clocks(operator: Actor) -> None:
    with clock.frozen(NOON):
        done, callback = await owed(operator)
    later = NOON + timedelta(days=1)
    with clock.frozen(later):
        ended = await callbacks.record(callback.id, Outcome.NOT_DONE, "Кран снова течёт", operator)

    again = await reading.ticket(done.reference, operator)
    steps, given = await reading.story(again, operator)
    assert (ended.state, ended.ended_at) == ("not_done", later)
    assert (again.state, again.service_code, again.reopened) == (State.ASSIGNED, done.service_code, 1)
    assert again.react_by is not None
    assert later < again.react_by < again.due_at
    assert again.statutory_due == done.statutory_due
    assert (again.done_at, again.closed_at) == (None, None)
    assert [(step.verb, step.note) for step in steps[-2:]] == [("reopen", "Кран снова течёт"), ("assign", "")]
    assert [a.end_reason for a in given] == ["done", None]


async def test_not_done_needs_the_reason(operator: Actor) -> None:
    _, callback = await owed(operator)

    with pytest.raises(Invalid) as refused:
        await callbacks.record(callback.id, Outcome.NOT_DONE, "", operator)

    assert [(error.field, error.rule) for error in refused.value.errors] == [("note", "required")]
    assert (await callbacks.read(callback.id, operator)).attempts == []


async def test_work_reported_again_owes_another_call(operator: Actor) -> None:
    done, callback = await owed(operator)
    await callbacks.record(callback.id, Outcome.NOT_DONE, "течёт", operator)

    await started(done.id, by := executor(operator.here, "water"))
    again = await execution.finish(done.id, None, "", [], by)

    second = await owed_for(again, operator)
    assert again.state is State.CALLBACK_DUE
    assert second.id != callback.id
    await callbacks.record(second.id, Outcome.CONFIRMED, "", operator)
    assert (await reading.ticket(done.reference, operator)).state is State.CLOSED


async def test_an_hour_in_which_nobody_answered_is_not_tried_again_that_hour(operator: Actor) -> None:
    _, callback = await owed(operator)
    with clock.frozen(NOON + timedelta(minutes=5)):
        tried = await callbacks.record(callback.id, Outcome.UNREACHABLE, "", operator)
    with clock.frozen(NOON + timedelta(minutes=50)), pytest.raises(SameHour) as refused:
        await callbacks.record(callback.id, Outcome.UNREACHABLE, "", operator)

    assert tried.not_before == NOON + timedelta(hours=1)
    assert refused.value.params == {"time": "13:00"}


async def test_the_same_hour_of_the_next_day_counts_as_tried(operator: Actor) -> None:
    _, callback = await owed(operator)
    with clock.frozen(NOON):
        await callbacks.record(callback.id, Outcome.UNREACHABLE, "", operator)
    with clock.frozen(NOON + timedelta(days=1, minutes=10)), pytest.raises(SameHour):
        await callbacks.record(callback.id, Outcome.UNREACHABLE, "", operator)


async def test_three_different_hours_without_an_answer_let_the_ticket_be_closed(operator: Actor) -> None:
    done, callback = await owed(operator)
    for hours in range(3):
        with clock.frozen(NOON + timedelta(hours=hours)):
            before = await callbacks.read(callback.id, operator)
            assert not before.closable
            with pytest.raises(TooFewAttempts) as refused:
                await callbacks.close_unreached(callback.id, "не берёт", operator)
            assert refused.value.params == {"count": hours}
            await callbacks.record(callback.id, Outcome.UNREACHABLE, "", operator)

    assert (await callbacks.read(callback.id, operator)).closable
    assert (await reading.ticket(done.reference, operator)).state is State.CALLBACK_DUE
    ended = await callbacks.close_unreached(callback.id, "не берёт", operator)
    closed = await reading.ticket(done.reference, operator)
    assert (ended.state, closed.state) == ("unreached", State.CLOSED)


async def test_an_applicant_who_answers_after_silent_hours_still_decides(operator: Actor) -> None:
    done, callback = await owed(operator)
    with clock.frozen(NOON):
        await callbacks.record(callback.id, Outcome.UNREACHABLE, "", operator)
    with clock.frozen(NOON + timedelta(minutes=1)):
        await callbacks.record(callback.id, Outcome.CONFIRMED, "перезвонил сам", operator)

    assert (await reading.ticket(done.reference, operator)).state is State.CLOSED


@pytest.mark.parametrize("outcome", list(Outcome))
async def test_a_callback_that_ended_stays_as_it_is(outcome: Outcome, operator: Actor) -> None:
    _, callback = await owed(operator)
    await callbacks.record(callback.id, Outcome.CONFIRMED, "", operator)

    with pytest.raises(CallbackEnded):
        await callbacks.record(callback.id, outcome, "ещё раз", operator)
    with pytest.raises(CallbackEnded):
        await callbacks.close_unreached(callback.id, "", operator)


async def test_work_that_is_not_done_cannot_be_closed(operator: Actor) -> None:
    made = await opened(operator)
    going_on, _ = await worked(operator)

    for ticket in (made, going_on):
        with pytest.raises(WrongState):
            await tickets.close(ticket.id, "закрыть", operator, confirmed=True)


async def test_the_list_shows_the_soonest_due_first_page_by_page(operator: Actor) -> None:
    ids = []
    for day in (3, 1, 2):
        with clock.frozen(NOON - timedelta(days=400 + day)):
            ids.append((await owed(operator))[1].id)

    first = await callbacks.due(None, 2, operator)
    second = await callbacks.due((first[-1].due_at, first[-1].id), 2, operator)

    assert [callback.id for callback in (*first, *second)][:3] == [ids[0], ids[2], ids[1]]
