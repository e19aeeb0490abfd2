"""Two answers at the same moment: one wins, and the other is told what stands and who decided it."""

import asyncio

import asyncpg
import pytest
from tests.hub_makers import (
    accepted,
    answer,
    at_desk,
    crew,
    delivery,
    handed_over,
    heard,
    machine,
    next_of,
    outbox,
    stands,
)

from hub112.desks import reading
from hub112.desks import service as desks
from hub112.desks.model import WrongState

pytestmark = pytest.mark.usefixtures("hub")


async def test_of_two_who_accept_one_wins_and_the_loser_sees_who(superuser: asyncpg.Connection) -> None:
    for _ in range(10):
        first = await handed_over()
        await desks.receipt(first.handoff_id, at_desk())
        people = [at_desk(name="Дәрігер Серік"), at_desk(name="Фельдшер Анна")]

        results = await asyncio.gather(
            *(desks.accept(first.handoff_id, by) for by in people), return_exceptions=True
        )

        (lost,) = [result for result in results if isinstance(result, BaseException)]
        here = await stands(first)
        assert isinstance(lost, WrongState)
        assert lost.members() == {
            "state": "accepted", "version": 3, "decided_by": here.decided_by,
            "decided_at": here.decided_at.isoformat() if here.decided_at else None,
        }  # fmt: skip
        assert here.decided_by in {by.name for by in people}
        assert [s.envelope.kind for s in await outbox(superuser, first.handoff_id)] == ["receipt", "accept"]


async def test_a_person_and_the_machine_at_once_leave_one_acceptance(superuser: asyncpg.Connection) -> None:
    first = await handed_over()
    await desks.receipt(first.handoff_id, at_desk())

    await asyncio.gather(
        desks.accept(first.handoff_id, at_desk()), heard(answer(first, "accept", 1)), return_exceptions=True
    )

    returned = [s.envelope.kind for s in await outbox(superuser, first.handoff_id)]
    assert returned == ["receipt", "accept"]


async def test_accept_and_decline_at_once_leave_one_decision(superuser: asyncpg.Connection) -> None:
    first = await handed_over()
    await desks.receipt(first.handoff_id, at_desk())

    results = await asyncio.gather(
        desks.accept(first.handoff_id, at_desk()),
        desks.decline(first.handoff_id, machine(), "no_resources"),
        return_exceptions=True,
    )

    assert sum(isinstance(result, WrongState) for result in results) == 1
    assert len(await outbox(superuser, first.handoff_id)) == 2


async def test_a_cancel_and_an_acceptance_at_once_cancel_or_ask() -> None:
    for _ in range(5):
        first = await handed_over()
        await desks.receipt(first.handoff_id, at_desk())
        await asyncio.gather(
            desks.accept(first.handoff_id, at_desk()),
            heard(next_of(first, "cancel", 2)),
            return_exceptions=True,
        )

        here = await stands(first)
        assert (here.state, here.cancel_requested) in {("cancelled", False), ("accepted", True)}


async def test_ten_deliveries_of_one_message_have_one_effect(superuser: asyncpg.Connection) -> None:
    first = await handed_over()
    cancel = delivery(next_of(first, "cancel", 2))
    effects = await asyncio.gather(*(heard(cancel) for _ in range(10)))

    assert sorted(effects) == [False] * 9 + [True]
    assert (await stands(first)).version == 2


async def test_twenty_crews_at_once_leave_an_unbroken_history(superuser: asyncpg.Connection) -> None:
    first, by = await accepted()
    await asyncio.gather(
        *(desks.report_unit(first.handoff_id, by, crew("assigned", f"A-{n}")) for n in range(20))
    )

    card = await reading.card(first.handoff_id, by)
    sent = [s.envelope.seq for s in await outbox(superuser, first.handoff_id)]
    assert [step.seq for step in card.steps] == list(range(1, 25))
    assert sent == list(range(1, 24))
    assert len(card.units) == 20
