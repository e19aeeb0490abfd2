"""What a desk does with a handoff, and what of it reaches 109, its machine and the history."""

import asyncpg
import pytest
from tests.hub_makers import (
    accepted,
    answer,
    at_desk,
    crew,
    delivery,
    envelope,
    handed_over,
    heard,
    machine,
    next_of,
    outbox,
    reply,
    stands,
)

from chassis109.kernel import chain
from chassis109.kernel.errors import Invalid, NotFound
from hub112.contract import agency
from hub112.desks import reading
from hub112.desks import service as desks
from hub112.desks.model import NoCancelAsked, WrongState

pytestmark = pytest.mark.usefixtures("hub")


async def test_a_handoff_goes_from_its_arrival_to_its_close(superuser: asyncpg.Connection) -> None:
    first = await handed_over()
    by = at_desk()
    await desks.receipt(first.handoff_id, by)
    await desks.see(first.handoff_id, by)
    taken = await desks.accept(first.handoff_id, by, note="Едем")
    for status in ("assigned", "departed", "on_scene"):
        await desks.report_unit(first.handoff_id, by, crew(status))
    ended = await desks.close(first.handoff_id, by, "Госпитализирован")

    card = await reading.card(first.handoff_id, by)
    assert (ended.state, ended.disposition, ended.late) == ("closed", "Госпитализирован", False)
    assert (taken.decided_by, taken.external_id) == (by.name, taken.reference)
    assert [(step.event, step.to_state) for step in card.steps] == [
        ("dispatch", "dispatched"), ("receipt", "received"), ("seen", "seen"), ("accept", "accepted"),
        ("assign_unit", "units_assigned"), ("depart", "en_route"), ("arrive", "on_scene"), ("close", "closed"),
    ]  # fmt: skip
    returned = [sent.envelope for sent in await outbox(superuser, first.handoff_id)]
    assert [said.kind for said in returned] == [
        "receipt", "seen", "accept", "unit", "unit", "unit", "close",
    ]  # fmt: skip
    assert [said.seq for said in returned] == [1, 2, 3, 4, 5, 6, 7]
    assert {said.ref_message_id for said in returned} == {first.message_id}
    assert returned[2].reply.external_id == taken.reference  # type: ignore[union-attr]
    assert returned[2].reply.decided_by == by.name  # type: ignore[union-attr]
    assert returned[6].reply.reason == "Госпитализирован"  # type: ignore[union-attr]
    assert card.units[0].status == "on_scene"


async def test_what_leaves_says_from_whom_to_whom_and_keeps_its_order(superuser: asyncpg.Connection) -> None:
    first, _ = await accepted()

    sent = await outbox(superuser, first.handoff_id)
    assert {s.subject for s in sent} == {f"sko.live.return.petropavl.103.{first.handoff_id}"}
    assert {s.key for s in sent} == {f"{first.handoff_id}:return"}
    assert {(s.envelope.sender.agency, s.envelope.recipient.agency) for s in sent} == {
        ("kz.sko.103", agency("petropavl"))
    }
    told = await outbox(superuser, first.handoff_id, "desk")
    assert [s.envelope.kind for s in told] == ["create", "receipt", "seen", "accept"]
    assert [s.envelope.seq for s in told] == [1, 2, 3, 4]
    assert told[0].envelope.incident == first.incident
    assert told[0].envelope.sender == first.sender


async def test_the_machine_does_not_hear_its_own_words(superuser: asyncpg.Connection) -> None:
    first = await handed_over()
    await desks.receipt(first.handoff_id, machine())
    await desks.accept(first.handoff_id, machine(), external_id="CAD-77")

    told = await outbox(superuser, first.handoff_id, "desk")
    returned = await outbox(superuser, first.handoff_id)
    assert [s.envelope.kind for s in told] == ["create"]
    assert returned[1].envelope.reply == reply(
        decided_by="CAD 103", external_id="CAD-77", decided_at=returned[1].envelope.reply.decided_at,  # type: ignore[union-attr]
    )  # fmt: skip


async def test_every_history_is_chained_to_its_head(superuser: asyncpg.Connection) -> None:
    first, by = await accepted()
    await desks.report_unit(first.handoff_id, by, crew("departed"))
    await heard(next_of(first, "note", 2, reply=reply(reason="Код домофона 15")))
    card = await reading.card(first.handoff_id, by)

    assert chain.verify((step.content(103, first.handoff_id), step.digest) for step in card.steps) is None
    head = await superuser.fetchval("SELECT chain FROM hub.handoff WHERE id = $1", first.handoff_id)
    assert head == card.steps[-1].digest
    assert [step.seq for step in card.steps] == list(range(1, 7))


async def test_receipt_and_seen_may_be_said_again(superuser: asyncpg.Connection) -> None:
    first, by = await accepted()

    assert (await desks.receipt(first.handoff_id, by)).state == "accepted"
    assert (await desks.see(first.handoff_id, by)).state == "accepted"
    assert len(await outbox(superuser, first.handoff_id)) == 3


@pytest.mark.parametrize("verb", ["accept", "decline", "defer", "forward"])
async def test_whoever_answers_has_it_before_his_eyes_and_a_machine_says_so_first(
    verb: str, superuser: asyncpg.Connection
) -> None:
    said = {"decline": ("no_resources",), "defer": (5,), "forward": ("102", "x")}.get(verb, ())
    first = await handed_over()
    with pytest.raises(WrongState):
        await getattr(desks, verb)(first.handoff_id, machine(), *said)
    await getattr(desks, verb)(first.handoff_id, at_desk(), *said)

    steps = (await reading.card(first.handoff_id, at_desk())).steps
    assert [step.event for step in steps] == ["dispatch", "receipt", verb]
    returned = [s.envelope.kind for s in await outbox(superuser, first.handoff_id)]
    assert returned[0] == "receipt"


async def test_a_declined_handoff_gives_the_responsibility_back_with_its_reason(
    superuser: asyncpg.Connection,
) -> None:
    first = await handed_over()
    by = at_desk()
    await desks.see(first.handoff_id, by)
    ended = await desks.decline(first.handoff_id, by, "wrong_service", "Это утечка газа", "104")

    said = (await outbox(superuser, first.handoff_id))[-1].envelope
    assert (ended.state, ended.reason_code, ended.forward_to) == ("declined", "wrong_service", 104)
    assert ended.ended_at is not None
    assert said.reply.reason_code == "wrong_service"  # type: ignore[union-attr]
    assert said.reply.forward_to.service == "104"  # type: ignore[union-attr]


async def test_a_deferred_handoff_may_still_be_accepted(superuser: asyncpg.Connection) -> None:
    first = await handed_over()
    by = at_desk()
    await desks.see(first.handoff_id, by)
    waits = await desks.defer(first.handoff_id, by, 5, "Все бригады заняты")
    taken = await desks.accept(first.handoff_id, by)

    assert waits.due_at == waits.deferred_until
    assert (await outbox(superuser, first.handoff_id))[2].envelope.reply.eta_minutes == 5  # type: ignore[union-attr]
    assert (taken.state, taken.late) == ("accepted", False)


@pytest.mark.parametrize("minutes", [0, -1, 24 * 60 + 1])
async def test_a_deferral_is_a_number_of_minutes_of_one_day(minutes: int) -> None:
    first = await handed_over()
    with pytest.raises(Invalid):
        await desks.defer(first.handoff_id, at_desk(), minutes)


async def test_what_is_typed_is_checked_by_field() -> None:
    first, by = await accepted()
    h = first.handoff_id
    for wrong in (
        desks.decline(h, by, "no_reason_we_know"),
        desks.decline(h, by, "other"),
        desks.decline(h, by, "wrong_service", "", "103"),
        desks.forward(h, by, "103", "себе"),
        desks.forward(h, by, "999", "никому"),
        desks.forward(h, by, "102", ""),
        desks.close(h, by, " "),
        desks.note(h, by, "\x00"),
        desks.accept(h, by, "x" * 65),
        desks.report_unit(h, by, crew(unit_id="")),
    ):
        with pytest.raises(Invalid):
            await wrong


async def test_nobody_cancels_a_crew_but_its_service(superuser: asyncpg.Connection) -> None:
    first, by = await accepted()
    with pytest.raises(NoCancelAsked):
        await desks.confirm_cancel(first.handoff_id, by)

    await heard(next_of(first, "cancel", 2, reply=reply(reason="Ложный вызов")))
    asked = await stands(first)
    ended = await desks.confirm_cancel(first.handoff_id, by, "Отозвали")

    assert (asked.state, asked.cancel_requested) == ("accepted", True)
    assert (ended.state, ended.due_at) == ("cancelled", None)
    assert (await outbox(superuser, first.handoff_id))[-1].envelope.kind == "cancel"


async def test_news_of_a_crew_after_the_close_are_kept_and_marked() -> None:
    first, by = await accepted()
    await desks.close(first.handoff_id, by, "Помощь оказана")
    late = await desks.report_unit(first.handoff_id, by, crew("on_scene"))

    card = await reading.card(first.handoff_id, by)
    assert late.state == "closed"
    assert card.steps[-1].event == "arrive"
    assert card.steps[-1].detail["late"] is True
    assert card.units[0].status == "on_scene"


async def test_an_old_word_about_a_crew_does_not_replace_a_later_one() -> None:
    first, by = await accepted()
    await desks.report_unit(first.handoff_id, by, crew("on_scene", at="2026-11-22T10:05:00+05:00"))
    after = await desks.report_unit(first.handoff_id, by, crew("departed", at="2026-11-22T10:01:00+05:00"))

    card = await reading.card(first.handoff_id, by)
    assert after.state == "on_scene"
    assert [unit.status for unit in card.units] == ["on_scene"]


async def test_a_crew_that_returns_leaves_the_handoff_where_it_is() -> None:
    first, by = await accepted()
    await desks.report_unit(first.handoff_id, by, crew("on_scene"))
    after = await desks.report_unit(first.handoff_id, by, crew("returning"))

    card = await reading.card(first.handoff_id, by)
    assert after.state == "on_scene"
    assert card.steps[-1].event == "unit"


async def test_crews_are_named_only_once_somebody_has_accepted() -> None:
    first = await handed_over()
    with pytest.raises(WrongState):
        await desks.report_unit(first.handoff_id, at_desk(), crew())


async def test_the_board_shows_what_waits_before_what_is_under_way_and_each_mode_apart() -> None:
    waiting = await handed_over()
    underway, by = await accepted()
    drill = await handed_over(mode="exercise")

    live, exercise = await reading.board(by), await reading.board(by, "exercise")
    assert waiting.handoff_id in {row.handoff.id for row in live.waiting}
    assert underway.handoff_id in {row.handoff.id for row in live.underway}
    assert [row.handoff.id for row in exercise.waiting] == [drill.handoff_id]
    assert drill.handoff_id not in {row.handoff.id for row in (*live.waiting, *live.underway)}
    deadlines = [row.handoff.decide_by for row in live.waiting]
    assert deadlines == sorted(deadlines)


async def test_what_has_ended_is_found_by_its_number_and_by_its_incident() -> None:
    first, by = await accepted()
    ended = await desks.close(first.handoff_id, by, "Помощь оказана")

    async def found(asked: str) -> list[object]:
        return [h.id for h in await reading.ended(None, 50, by, asked=asked)]

    assert await found(ended.reference) == [ended.id]
    assert await found(first.incident_id) == [ended.id]
    assert await found(first.incident_id.rpartition(".")[2]) == [ended.id]
    assert await found("H-999999") == []
    assert (await reading.ended(None, 1, by))[0].id == ended.id
    assert ended.ended_at is not None
    assert ended.id not in {h.id for h in await reading.ended((ended.ended_at, ended.id), 50, by)}


async def test_an_unknown_handoff_is_not_found() -> None:
    nothing = envelope().handoff_id
    with pytest.raises(NotFound):
        await desks.accept(nothing, at_desk())
    with pytest.raises(NotFound):
        await reading.card(nothing, at_desk())


async def test_each_act_is_in_the_audit_without_a_word_of_anybody(superuser: asyncpg.Connection) -> None:
    first, by = await accepted()
    await heard(delivery(answer(first, "note", 1, reply=reply(reason="Секретный текст"))))

    rows = await superuser.fetch(
        "SELECT action, actor_id, actor_kind, detail::text FROM chassis.audit WHERE object_id = $1 ORDER BY id",
        str(first.handoff_id),
    )
    assert [row["action"] for row in rows] == [
        "handoff.dispatch", "handoff.receipt", "handoff.seen", "handoff.accept", "handoff.note",
    ]  # fmt: skip
    assert [row["actor_kind"] for row in rows] == ["system", "person", "person", "person", "machine"]
    assert (rows[0]["actor_id"], rows[3]["actor_id"]) == (None, by.subject)
    assert "Секрет" not in str([row["detail"] for row in rows])


async def test_109_is_told_of_a_crew_as_it_was_written_down(superuser: asyncpg.Connection) -> None:
    first, by = await accepted()
    await desks.report_unit(first.handoff_id, by, crew("assigned", " A\r\n7 ", call_sign="Бригада\r7"))

    (said,) = (await outbox(superuser, first.handoff_id))[-1].envelope.units or ()
    assert (said.unit_id, said.call_sign) == ("A\n7", "Бригада\n7")
