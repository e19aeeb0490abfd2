"""What passes from desk to desk: a forward that another accepts, and the call for 112."""

import asyncio

import asyncpg
import pytest
from tests.hub_makers import (
    accepted,
    ago,
    answer,
    at_desk,
    crossing,
    delivery,
    envelope,
    handed_over,
    heard,
    incident,
    next_of,
    outbox,
    reply,
    stands,
)

from chassis109.kernel.messages import Delivery
from hub112.contract import Envelope, Note, Party, decode, stamp
from hub112.desks import reading, watchdog
from hub112.desks import service as desks
from hub112.desks.model import Handoff

pytestmark = pytest.mark.usefixtures("hub")


async def forwarded(superuser: asyncpg.Connection, to: str = "102") -> tuple[Envelope, Handoff, Delivery]:
    """A handoff at 103 that was forwarded, as it stands there and at the other desk."""
    first = await handed_over()
    await desks.see(first.handoff_id, at_desk())
    await desks.forward(first.handoff_id, at_desk(), to, "Драка, нужен наряд")
    (asked,) = await crossing(superuser, first.incident_id)
    await heard(asked)
    child = await reading.handoff(decode(asked.payload).handoff_id, at_desk(to))
    return first, child, asked


async def test_a_forward_stays_where_it_is_until_the_other_desk_accepts(
    superuser: asyncpg.Connection,
) -> None:
    first, child, _ = await forwarded(superuser)

    stays = await stands(first)
    assert (stays.state, stays.forward_to, stays.ended_at) == ("seen", 102, None)
    assert (child.state, child.relation, child.parent_id, child.parent_desk) == (
        "dispatched", "transfer", first.handoff_id, 103,
    )  # fmt: skip
    assert (child.incident, child.operator, child.callback_phone) == (first.incident, "u-17", "+77152109000")
    (made_known,) = await outbox(superuser, child.id)
    assert (made_known.envelope.kind, made_known.envelope.parent_handoff_id) == ("transfer", first.handoff_id)
    assert made_known.envelope.incident == first.incident
    note = (await outbox(superuser, first.handoff_id))[-1].envelope
    assert (note.kind, note.reply.forward_to.service) == ("note", "102")  # type: ignore[union-attr]


async def test_a_story_longer_than_a_message_is_forwarded_with_its_latest_notes(
    superuser: asyncpg.Connection,
) -> None:
    first = await handed_over()
    notes = [Note(at=stamp(ago(100 - n)), text=f"{n} " + "Ж" * 3990) for n in range(50)]
    for seq in range(2, 12):
        told = incident(notes=notes[(seq - 2) * 5 : (seq - 1) * 5])
        await heard(next_of(first, "update", seq, incident=told))
    assert (await stands(first)).incident.notes == notes

    await desks.see(first.handoff_id, at_desk())
    await desks.forward(first.handoff_id, at_desk(), "102", "Драка, нужен наряд")
    (asked,) = await crossing(superuser, first.incident_id)
    await heard(asked)
    child = await reading.handoff(decode(asked.payload).handoff_id, at_desk("102"))
    assert child.incident.notes
    assert len(child.incident.notes) > 20
    assert child.incident.notes[-1] == notes[-1]
    (made_known,) = await outbox(superuser, child.id)  # 109 can read it as well
    assert made_known.envelope.kind == "transfer"


async def test_once_it_is_accepted_the_responsibility_has_passed(superuser: asyncpg.Connection) -> None:
    first, child, asked = await forwarded(superuser)
    by = at_desk("102", "Майор Ахметов")
    await desks.receipt(child.id, by)
    taken = await desks.accept(child.id, by)
    accept = next(c for c in await crossing(superuser, first.incident_id) if c.subject != asked.subject)
    await heard(accept)

    passed = await stands(first)
    assert (passed.state, passed.due_at) == ("transferred", None)
    assert passed.ended_at is not None
    said = (await outbox(superuser, first.handoff_id))[-1].envelope
    assert (said.kind, said.parent_handoff_id or None) == ("transfer", None)
    assert (said.reply.forward_to.service, said.reply.external_id) == ("102", taken.external_id)  # type: ignore[union-attr]
    assert not await heard(accept)


async def test_109_goes_on_with_the_new_handoff_from_its_first_message(superuser: asyncpg.Connection) -> None:
    first, child, _ = await forwarded(superuser)
    there = envelope(
        "note", "102", handoff_id=child.id, incident_id=first.incident_id, reply=reply(reason="ок")
    )
    await heard(there)

    card = await reading.card(child.id, at_desk("102"))
    assert (card.steps[-1].event, card.steps[-1].note, card.handoff.last_seq) == ("note", "ок", 1)


async def test_a_forward_that_is_declined_leaves_the_first_desk_responsible(
    superuser: asyncpg.Connection,
) -> None:
    first, child, _ = await forwarded(superuser)
    await desks.see(child.id, at_desk("102"))
    await desks.decline(child.id, at_desk("102"), "no_resources")

    assert (await stands(first)).state == "seen"
    others = (await reading.card(first.handoff_id, at_desk())).others
    assert [(other.service, other.state) for other in others] == [("102", "declined")]


async def test_an_acceptance_that_comes_after_the_end_is_only_written_down(
    superuser: asyncpg.Connection,
) -> None:
    first, child, asked = await forwarded(superuser)
    await desks.decline(first.handoff_id, at_desk(), "wrong_service")
    await desks.receipt(child.id, at_desk("102"))
    await desks.accept(child.id, at_desk("102"))
    accept = next(c for c in await crossing(superuser, first.incident_id) if c.subject != asked.subject)
    await heard(accept)

    assert (await stands(first)).state == "declined"
    assert (await reading.card(first.handoff_id, at_desk())).steps[-1].event == "note"


async def test_desks_of_one_incident_share_its_log(superuser: asyncpg.Connection) -> None:
    first, child, _ = await forwarded(superuser)
    await desks.receipt(child.id, at_desk("102", "Майор Ахметов"))

    ours = (await reading.card(first.handoff_id, at_desk())).log
    theirs = (await reading.card(child.id, at_desk("102"))).log
    assert ours == theirs
    assert [(line.desk, line.event) for line in ours] == [
        (103, "dispatch"), (103, "receipt"), (103, "seen"), (103, "forward"), (102, "dispatch"), (102, "receipt"),
    ]  # fmt: skip


async def test_a_forward_to_a_closed_desk_is_refused() -> None:
    from chassis109.kernel.errors import Invalid  # noqa: PLC0415

    first = await handed_over()
    await desks.see(first.handoff_id, at_desk())
    with pytest.raises(Invalid):
        await desks.forward(first.handoff_id, at_desk(), "105", "нет такой")


async def test_a_machine_answers_the_desk_that_passed_the_emergency_on(superuser: asyncpg.Connection) -> None:
    _, child, _ = await forwarded(superuser)
    asked = (await outbox(superuser, child.id, "desk"))[0].envelope
    said = answer(asked, "receipt", 1)
    stranger = answer(asked, "seen", 2, recipient=Party(agency="kz.sko.104", service="104"))
    where = f"sko.live.reply.102.petropavl.{child.id}"
    await heard(delivery(said, where, source="REPLY:live"))
    await heard(delivery(stranger, where, source="REPLY:live"))

    assert said.recipient.agency == "kz.sko.103"
    assert (await reading.handoff(child.id, at_desk("102"))).state == "received"
    assert [
        m.error for m in await reading.put_aside(at_desk("102")) if m.message_id == stranger.message_id
    ] == ["sender_mismatch"]


async def ladder_ends(**changes: object) -> Envelope:
    first = envelope(**changes)  # type: ignore[arg-type]
    await heard(delivery(first, at=ago(70)))
    await watchdog.sweep(int(str(first.recipient.service)))
    return first


async def test_the_end_of_the_ladder_calls_112_as_well(superuser: asyncpg.Connection) -> None:
    first = await ladder_ends()
    (asked,) = await crossing(superuser, first.incident_id)
    await heard(asked)

    child = await reading.handoff(decode(asked.payload).handoff_id, at_desk("112"))
    assert (child.relation, child.parent_id, child.parent_desk) == ("parallel", first.handoff_id, 103)
    (made_known,) = await outbox(superuser, child.id)
    assert (made_known.envelope.kind, made_known.envelope.parent_handoff_id) == ("create", first.handoff_id)
    assert (await stands(first)).state == "dispatched"

    await desks.receipt(child.id, at_desk("112"))
    await desks.accept(child.id, at_desk("112"))
    assert len(await crossing(superuser, first.incident_id)) == 1  # a parallel handoff takes nothing away


async def test_two_desks_that_call_at_once_make_one_handoff_at_112(superuser: asyncpg.Connection) -> None:
    first = await ladder_ends()
    same = next_of(
        first,
        "create",
        1,
        handoff_id=envelope().handoff_id,
        recipient=Party(agency="kz.sko.101", service="101"),
    )
    await heard(delivery(same, f"sko.live.handoff.101.petropavl.{same.handoff_id}", at=ago(70)))
    await watchdog.sweep(101)
    await asyncio.gather(*map(heard, await crossing(superuser, first.incident_id)))

    found = await superuser.fetch(
        "SELECT id FROM hub.handoff WHERE incident_id = $1 AND tenant_id = 112", first.incident_id
    )
    assert len(found) == 1
    steps = (await reading.card(found[0]["id"], at_desk("112"))).steps
    assert [s.event for s in steps] == ["dispatch", "note"]
    assert {s.note for s in steps} == {"103", "101"}


@pytest.mark.parametrize("change", [{"incident": incident(priority="P1")}, {"service": "112"}])
async def test_only_the_highest_priority_of_another_desk_calls_112(
    change: dict[str, object], superuser: asyncpg.Connection
) -> None:
    first = envelope(**change)  # type: ignore[arg-type]
    await heard(delivery(first, at=ago(130)))
    await watchdog.sweep(int(str(first.recipient.service)))

    assert await crossing(superuser, first.incident_id) == []
    assert (await stands(first)).rung == 4


async def test_what_no_desk_says_is_put_aside() -> None:
    by_a_109 = envelope("create", service="101")
    await heard(delivery(by_a_109, f"hub.live.101.petropavl.{by_a_109.handoff_id}"))

    aside = await reading.put_aside(at_desk("101"))
    assert [(message.message_id, message.error) for message in aside] == [
        (by_a_109.message_id, "unknown_sender")
    ]


async def test_a_drill_calls_112_in_the_drill(superuser: asyncpg.Connection) -> None:
    first = await ladder_ends(mode="exercise")
    (asked,) = await crossing(superuser, first.incident_id)
    await heard(asked)

    assert asked.subject.startswith("hub.exercise.112.petropavl.")
    assert [row.handoff.incident_id for row in (await reading.board(at_desk("112"), "exercise")).waiting] == [
        first.incident_id
    ]


async def test_a_transfer_by_an_accepted_desk_frees_it_too(superuser: asyncpg.Connection) -> None:
    first, by = await accepted()
    await desks.forward(first.handoff_id, by, "101", "Горит")
    (asked,) = await crossing(superuser, first.incident_id)
    await heard(asked)
    child = decode(asked.payload).handoff_id
    await desks.see(child, at_desk("101"))
    await desks.accept(child, at_desk("101"))
    for word in await crossing(superuser, first.incident_id):
        await heard(word)

    assert (await stands(first)).state == "transferred"
