"""Giving an emergency away: from a bare call or a ticket, once, whole or not at all, and every wrong field at once."""

import asyncio
from typing import Any
from uuid import uuid4

import asyncpg
import msgspec
import pytest
from tests import emergencies as made
from tests import makers
from tests.emergencies import Hub, said

from chassis109.kernel import chain
from chassis109.kernel.errors import Invalid, NotFound
from chassis109.kernel.ids import uuid7
from chassis109.store.idempotency import RequestKey
from dispatch109.calls import service as calls
from dispatch109.emergencies import reading
from dispatch109.emergencies import service as emergencies
from dispatch109.emergencies.model import (
    Place,
    Victims,
)
from dispatch109.emergencies.writing import content
from dispatch109.tickets import reading as ticket_reading
from dispatch109.tickets.model import State as TicketState
from dispatch109.tickets.model import WrongState as TicketInWrongState
from hub112.contract import State, decode
from identity109.actor import Actor


async def test_a_bare_call_becomes_one_handoff_for_each_service(
    operator: Actor, superuser: asyncpg.Connection
) -> None:
    incident = await emergencies.hand_off(said(services=("103", "101", "103")), operator)

    found = await made.seen(incident, operator)
    assert [(h.service, h.state, h.version) for h in found.handoffs] == [
        ("103", State.CREATED, 1), ("101", State.CREATED, 1),
    ]  # fmt: skip
    assert (found.contact.phone, found.masked) == ("+77051234567", False)
    assert [step.event for step in found.steps] == ["create", "create"]
    for handoff in found.handoffs:
        (message,) = await made.sent(superuser, handoff)
        assert (message.kind, message.seq, message.message_id) == ("create", 1, handoff.message_id)
    (line, *_) = await calls.log(None, "handed_off", 1, operator)
    assert (line.incident_id, line.emergency, line.note) == (incident.id, incident.number_said, incident.text)


async def test_services_and_priority_are_those_of_the_type_unless_said(operator: Actor) -> None:
    usual = await made.seen(await emergencies.hand_off(said(services=()), operator), operator)
    chosen = await made.seen(await emergencies.hand_off(said(priority="P3"), operator), operator)

    assert [h.service for h in usual.handoffs] == ["101", "104", "103"]
    assert usual.incident.priority == "P0"
    assert (chosen.incident.priority, chosen.handoffs[0].priority) == ("P3", "P3")


async def test_nothing_is_needed_but_a_type_and_a_place(operator: Actor) -> None:
    lon, lat = operator.here.centre
    for place in ({"landmark": "вокзал"}, {"lon": lon, "lat": lat}, {"address": "Жамбыл 5"}):
        bare = {"phone": "", "applicant": "", "text": "", "address": "", **place}
        incident = await emergencies.hand_off(said(**bare), operator)
        assert (await made.seen(incident, operator)).contact.phone == ""


async def test_every_wrong_field_is_named_at_once(operator: Actor) -> None:
    wrong = said(
        type="fire.moon", services=("999",), priority="P9", phone="12", language="de", hazards=("ghost",),
        relation="cat", mode="real", lon=1.0, lat=1.0, text="\x07", place=Place(flat="9" * 41),
        victims=Victims(count=-1, count_kind="x"),
    )  # fmt: skip

    with pytest.raises(Invalid) as refused:
        await emergencies.hand_off(wrong, operator)

    assert {error.field for error in refused.value.errors} == {
        "type", "services", "priority", "phone", "language", "hazards", "relation", "mode", "point", "text", "flat",
        "victims", "count_kind",
    }  # fmt: skip


@pytest.mark.parametrize("place", [{"address": ""}, {"address": "", "lon": 200.0, "lat": 1.0}])
async def test_without_a_place_nobody_can_be_sent(place: dict[str, Any], operator: Actor) -> None:
    with pytest.raises(Invalid):
        await emergencies.hand_off(said(**place), operator)


async def test_the_same_request_twice_is_one_emergency(
    operator: Actor, superuser: asyncpg.Connection
) -> None:
    key = RequestKey(operator.subject, f"key-{uuid4()}", b"digest")
    first, *others = await asyncio.gather(*(emergencies.hand_off(said(), operator, key) for _ in range(5)))

    assert {incident.id for incident in others} == {first.id}
    assert (
        await superuser.fetchval("SELECT count(*) FROM dispatch.handoff WHERE incident_id = $1", first.id)
        == 1
    )


async def test_a_ticket_that_is_an_emergency_leaves_its_service(operator: Actor) -> None:
    ticket = await makers.opened(operator)
    incident = await emergencies.hand_off(made.Said(type="fire.trash", ticket=ticket.reference), operator)

    gone = await ticket_reading.ticket(ticket.reference, operator)
    _, assignments = await ticket_reading.story(gone, operator)
    assert (gone.state, gone.react_by) == (TicketState.HANDED_OFF, None)
    assert assignments[-1].end_reason == "handed_off"
    assert (incident.ticket_id, incident.contact_id) == (ticket.id, ticket.contact_id)
    assert (incident.text, incident.address) == (ticket.text, ticket.address)
    assert (await made.seen(incident, operator)).ticket == ticket.reference
    assert [line.incident.id for line in await reading.of_ticket(ticket.id, operator)] == [incident.id]


async def test_a_ticket_is_handed_off_once_and_its_number_is_not_spent_on_a_refusal(operator: Actor) -> None:
    ticket = await makers.opened(operator)
    key = RequestKey(operator.subject, f"key-{uuid4()}", b"digest")
    first = await emergencies.hand_off(said(ticket=ticket.reference), operator, key)
    again = await emergencies.hand_off(said(ticket=ticket.reference), operator, key)
    with pytest.raises(TicketInWrongState):
        await emergencies.hand_off(said(ticket=ticket.reference), operator)
    following = await emergencies.hand_off(said(), operator)

    assert again.id == first.id
    assert following.number == first.number + 1


async def test_of_several_who_hand_off_one_ticket_at_once_one_does(operator: Actor) -> None:
    ticket = await makers.opened(operator)
    results = await asyncio.gather(
        *(emergencies.hand_off(said(ticket=ticket.reference), operator) for _ in range(5)),
        return_exceptions=True,
    )

    refused = [result for result in results if isinstance(result, BaseException)]
    assert [type(error) for error in refused] == [TicketInWrongState] * 4


async def test_another_caller_than_the_applicant_is_a_contact_of_his_own(operator: Actor) -> None:
    ticket = await makers.opened(operator)
    incident = await emergencies.hand_off(said(ticket=ticket.reference, phone="87011112233"), operator)

    assert incident.contact_id != ticket.contact_id
    assert (await made.seen(incident, operator)).contact.phone == "+77011112233"


async def test_a_drill_has_a_subject_of_its_own_no_ticket_and_no_call(
    operator: Actor, superuser: asyncpg.Connection
) -> None:
    calls_before = await superuser.fetchval("SELECT count(*) FROM dispatch.call")
    incident = await emergencies.hand_off(said(mode="exercise"), operator)

    assert await superuser.fetchval("SELECT count(*) FROM dispatch.call") == calls_before
    handoff = (await made.seen(incident, operator)).handoffs[0]
    subject = await superuser.fetchval("SELECT subject FROM chassis.outbox WHERE key = $1", str(handoff.id))
    assert subject.startswith("sko.exercise.handoff.")
    assert incident.id in {line.incident.id for line in await reading.open_ones(operator, "exercise")}
    assert incident.id not in {line.incident.id for line in await reading.open_ones(operator)}
    assert incident.id not in {line.incident.id for line in await reading.page(None, 500, operator)}
    ticket = await makers.opened(operator)
    with pytest.raises(Invalid):
        await emergencies.hand_off(said(mode="exercise", ticket=ticket.reference), operator)


async def test_every_event_follows_from_the_one_before(
    operator: Actor, superuser: asyncpg.Connection
) -> None:
    incident, handoff = await made.handed(operator)
    hub = Hub(operator.here)
    following = await hub.accepts(incident, handoff)
    await emergencies.add_note(incident.id, "Есік коды 14", operator)
    await hub.returns(
        incident, handoff, "unit", following, units=[made.unit("assigned"), made.unit("departed", "b")]
    )

    steps = (await made.seen(incident, operator)).steps
    assert [step.seq for step in steps] == list(range(1, len(steps) + 1))
    assert chain.verify((content(step), step.digest) for step in steps) is None
    assert (await made.now(handoff, operator)).chain == steps[-1].digest
    await superuser.execute(
        "UPDATE dispatch.handoff_event SET note = 'Есік коды 15' WHERE handoff_id = $1 AND event = 'update'",
        handoff.id,
    )
    forged = (await made.seen(incident, operator)).steps
    assert chain.verify((content(step), step.digest) for step in forged) == [s.event for s in forged].index(
        "update"
    )


async def test_whoever_may_not_phone_sees_neither_name_nor_number(operator: Actor) -> None:
    incident, handoff = await made.handed(operator)
    head, other = makers.person(operator.here, "head"), makers.operator(operator.here)

    hidden = await made.seen(incident, head)
    assert (hidden.contact.name, hidden.contact.phone, hidden.masked) == ("***", "+7 705 ***-**-67", True)
    assert not (await made.seen(incident, other)).masked  # while it goes on anybody who takes calls may phone
    await emergencies.cancel(handoff.id, "жаңылыс", operator)
    assert (await made.seen(incident, other)).masked
    assert not (await made.seen(incident, operator)).masked


async def test_an_emergency_is_found_by_its_number_and_nothing_else(operator: Actor) -> None:
    incident, _ = await made.handed(operator)

    for written in (str(incident.id), incident.number_said, incident.reference(operator.here.slug)):
        assert (await reading.emergency(written, operator)).incident.id == incident.id
    for written in ("", "1", "2026.0", "../x", f"kz.sko.aiyrtau.{incident.number_said}", str(uuid7())):
        with pytest.raises(NotFound):
            await reading.emergency(written, operator)


async def test_the_lists_hold_the_newest_first_and_the_open_only_once(operator: Actor) -> None:
    first, handoff = await made.handed(operator)
    second, _ = await made.handed(operator)
    await emergencies.cancel(handoff.id, "жаңылыс", operator)

    page = await reading.page(None, 2, operator)
    assert [line.incident.id for line in page] == [second.id, first.id]
    older = await reading.page((second.opened_at, second.id), 1, operator)
    assert [line.incident.id for line in older] == [first.id]
    assert first.id not in {line.incident.id for line in await reading.open_ones(operator)}


async def test_what_is_audited_holds_no_person(operator: Actor, superuser: asyncpg.Connection) -> None:
    incident, handoff = await made.handed(operator)
    await emergencies.add_note(incident.id, "Айгүлдің есік коды 14", operator)

    rows = await superuser.fetch(
        "SELECT * FROM chassis.audit WHERE object_id = $1 ORDER BY id", str(handoff.id)
    )
    assert [row["action"] for row in rows] == ["handoff.create", "handoff.update"]
    told = msgspec.json.encode([dict(row) | {"tx": None} for row in rows], enc_hook=str).decode()
    assert "Айгүл" not in told
    assert "7705" not in told
    feeds = await superuser.fetch("SELECT payload FROM chassis.outbox WHERE key = $1", f"fact:{handoff.id}")
    assert feeds
    assert all(b"sko.handoff/1.0" not in row["payload"] for row in feeds)
    assert decode(
        await superuser.fetchval("SELECT payload FROM chassis.outbox WHERE key = $1", str(handoff.id))
    )
