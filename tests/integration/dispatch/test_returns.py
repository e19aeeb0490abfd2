"""What the hub returns takes effect once, in order, and only where it belongs; all else is put aside in sight."""

from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest
from tests import emergencies as made
from tests.emergencies import Hub

from chassis109.bus.consumer import NotYet
from chassis109.kernel import clock
from chassis109.kernel.ids import uuid7
from chassis109.kernel.messages import WAITS
from dispatch109.emergencies import reading
from dispatch109.emergencies import service as emergencies
from dispatch109.emergencies.model import Alarm
from hub112.contract import Party, Reply, State, encode
from identity109.actor import Actor
from tenancy109.model import Tenant


@pytest.fixture
def hub(tenant: Tenant) -> Hub:
    return Hub(tenant)


async def test_the_bar_fills_with_what_the_service_says(operator: Actor, hub: Hub) -> None:
    incident, handoff = await made.handed(operator)
    following = await hub.accepts(incident, handoff)
    await hub.returns(
        incident, handoff, "unit", following, units=[made.unit("assigned"), made.unit("departed", "b")]
    )
    await hub.returns(incident, handoff, "unit", following + 1, units=[made.unit("on_scene")])
    await hub.returns(incident, handoff, "close", following + 2, reply=Reply(reason="ауруханаға жеткізілді"))

    found = await made.seen(incident, operator)
    (after,) = found.handoffs
    assert (after.state, after.decided_by, after.external_id) == (State.CLOSED, "Дәулет", "C-7")
    assert after.disposition == "ауруханаға жеткізілді"
    assert all(
        (after.hub_at, after.receipt_at, after.seen_at, after.decided_at, after.unit_at, after.ended_at)
    )
    assert [step.event for step in found.steps] == [
        "create", "dispatch", "receipt", "seen", "accept", "assign_unit", "depart", "arrive", "close",
    ]  # fmt: skip
    assert {(u.unit_id, u.status) for u in found.units} == {("a1", "on_scene"), ("b", "departed")}
    assert found.incident.ended_at is not None


async def test_a_message_that_comes_twice_does_nothing_the_second_time(operator: Actor, hub: Hub) -> None:
    incident, handoff = await made.handed(operator)
    message = await hub.returns(incident, handoff, "receipt", 1)
    for _ in range(2):
        await hub.deliver(encode(message), hub.subject(message, "103"), message.message_id)

    assert [step.event for step in (await made.seen(incident, operator)).steps] == [
        "create",
        "dispatch",
        "receipt",
    ]


async def test_a_message_waits_for_those_before_it_and_then_goes_on_without_them(
    operator: Actor, hub: Hub
) -> None:
    incident, handoff = await made.handed(operator)
    with pytest.raises(NotYet):
        await hub.returns(incident, handoff, "seen", 2)
    assert (await made.now(handoff, operator)).state is State.CREATED
    await hub.returns(incident, handoff, "close", 9, at=clock.now() - WAITS)

    found = await made.seen(incident, operator)
    assert [step.event for step in found.steps] == ["create", "gap", "dispatch", "receipt", "accept", "close"]
    assert found.steps[1].note == "1–8"
    assert found.handoffs[0].last_seq == 9


async def test_a_deferral_says_until_when(operator: Actor, hub: Hub) -> None:
    incident, handoff = await made.handed(operator)
    await hub.returns(incident, handoff, "receipt", 1)
    for seq, minutes in ((2, 10**12), (3, 5)):
        await hub.returns(incident, handoff, "defer", seq, reply=Reply(eta_minutes=minutes))
        deferred = await made.now(handoff, operator)
        assert deferred.state is State.DEFERRED
        assert deferred.deferred_until
        assert deferred.deferred_until <= clock.now() + timedelta(days=1)


async def test_a_late_acceptance_is_taken_and_marked(
    operator: Actor, hub: Hub, superuser: asyncpg.Connection
) -> None:
    incident, handoff = await made.handed(operator)
    await superuser.execute(
        "UPDATE dispatch.handoff SET state = 'expired', alarm = 'expired' WHERE id = $1", handoff.id
    )
    await hub.returns(incident, handoff, "accept", 1)

    after = await made.now(handoff, operator)
    assert (after.state, after.late, after.alarm) == (State.ACCEPTED, True, None)
    assert (await made.seen(incident, operator)).steps[-1].detail == {"late": True, "cleared": "expired"}


async def test_a_crew_of_a_closed_emergency_is_written_down_and_marked(operator: Actor, hub: Hub) -> None:
    incident, handoff = await made.handed(operator)
    following = await hub.accepts(incident, handoff)
    await hub.returns(incident, handoff, "close", following)
    await hub.returns(incident, handoff, "unit", following + 1, units=[made.unit("on_scene")])

    found = await made.seen(incident, operator)
    assert found.handoffs[0].state is State.CLOSED
    assert found.steps[-1].detail["late"] is True
    assert [u.status for u in found.units] == ["on_scene"]


async def test_what_the_hub_cannot_take_is_tried_again_under_new_numbers(
    operator: Actor, hub: Hub, superuser: asyncpg.Connection
) -> None:
    incident, handoff = await made.handed(operator)
    fault = made.fault("insufficient_data", 36)
    await hub.returns(incident, handoff, "error", 1, error=fault, incident_id="kz.sko.petropavl.unknown")
    failed = await made.now(handoff, operator)
    assert (failed.state, failed.fault, failed.alarm) == (State.FAILED, "insufficient_data", Alarm.FAILED)

    again = await emergencies.retry(handoff.id, operator)
    assert (again.state, again.alarm, again.fault, again.last_seq) == (State.CREATED, None, None, 0)
    first, second = await made.sent(superuser, handoff)
    assert (first.kind, second.kind, second.seq) == ("create", "create", 2)
    assert first.message_id != second.message_id  # the stream forgets no message id for a day
    await hub.returns(incident, handoff, "receipt", 1)
    assert (await made.now(handoff, operator)).state is State.RECEIVED


async def test_a_retry_that_was_there_already_is_in_the_hub(operator: Actor, hub: Hub) -> None:
    incident, handoff = await made.handed(operator)
    await hub.returns(incident, handoff, "error", 1, error=made.fault("case_exists", 34))

    assert (await made.now(handoff, operator)).state is State.DISPATCHED


async def test_a_service_that_goes_although_109_has_cancelled_must_be_phoned(
    operator: Actor, hub: Hub, superuser: asyncpg.Connection
) -> None:
    incident, handoff = await made.handed(operator)
    await hub.returns(incident, handoff, "receipt", 1)
    await emergencies.cancel(handoff.id, "жаңылыс", operator)
    await hub.returns(incident, handoff, "seen", 2)
    assert (await made.now(handoff, operator)).alarm is None
    await hub.returns(incident, handoff, "accept", 3)

    after = await made.now(handoff, operator)
    assert (after.state, after.alarm) == (State.CANCELLED, Alarm.FAILED)
    assert (await made.put_aside(superuser, hub.tenant))[-2:] == ["wrong_state", "wrong_state"]
    assert handoff.id in {alert.handoff.id for alert in await reading.alarms(operator)}
    await emergencies.phoned(handoff.id, "Дәулет, олар қайтады", operator)
    assert handoff.id not in {alert.handoff.id for alert in await reading.alarms(operator)}


@pytest.mark.parametrize(("kind", "relation"), [("transfer", "transfer"), ("create", "parallel")])
async def test_what_a_service_hands_on_is_watched_too(
    kind: str, relation: str, operator: Actor, hub: Hub, superuser: asyncpg.Connection
) -> None:
    incident, parent = await made.handed(operator)
    await hub.returns(incident, parent, "receipt", 1)
    to_fire = Reply(forward_to=Party(agency="kz.sko.101", service="101"), decided_by="Дәулет")
    await hub.returns(incident, parent, "note", 2, reply=to_fire)
    stranger = replace(parent, id=uuid7(), service="101")
    more = {"parent_handoff_id": parent.id, "incident": made.told()}
    await hub.returns(incident, stranger, kind, 1, **more)
    await hub.accepts(incident, stranger, first=2)

    child = (await made.seen(incident, operator)).handoffs[1]
    assert (child.id, child.parent_id, child.relation) == (stranger.id, parent.id, relation)
    assert (child.service, child.state) == ("101", State.ACCEPTED)
    await hub.returns(incident, parent, "transfer", 3, reply=to_fire, incident=made.told())
    after = await made.seen(incident, operator)
    assert [h.state for h in after.handoffs] == [State.TRANSFERRED, State.ACCEPTED]
    assert after.incident.ended_at is None
    assert "forward" in {step.event for step in after.steps}
    await emergencies.add_note(incident.id, "тағы", operator)
    assert [message.seq for message in await made.sent(superuser, child)] == [1]


async def test_a_rung_of_the_hub_is_a_line_of_the_log(operator: Actor, hub: Hub) -> None:
    incident, handoff = await made.handed(operator)
    await hub.returns(incident, handoff, "note", 1, reply=Reply(reason="rung:decide"))

    step = (await made.seen(incident, operator)).steps[-1]
    assert (step.event, step.note, step.side) == ("rung", "decide", "hub")


async def test_what_was_said_before_the_reopening_was_heard_moves_nothing(operator: Actor, hub: Hub) -> None:
    incident, handoff = await made.handed(operator)
    await emergencies.cancel(handoff.id, "жаңылыс", operator)
    again = await emergencies.reopen(handoff.id, "шынымен", operator)
    await hub.returns(incident, handoff, "receipt", 1)
    step = (await made.seen(incident, operator)).steps[-1]
    assert (step.event, step.to_state, step.detail) == ("note", "dispatched", {"before_reopening": "receipt"})
    await hub.returns(incident, again, "receipt", 2)

    assert (await made.now(handoff, operator)).state is State.RECEIVED


async def test_a_reopening_that_the_hub_refused_does_not_silence_the_service(
    operator: Actor, hub: Hub
) -> None:
    incident, handoff = await made.handed(operator)
    await hub.returns(incident, handoff, "receipt", 1)
    await emergencies.cancel(handoff.id, "жаңылыс", operator)
    again = await emergencies.reopen(handoff.id, "шынымен", operator)
    await hub.returns(incident, again, "error", 2, error=made.fault("wrong_state", 35))
    assert (await made.now(handoff, operator)).alarm is Alarm.FAILED
    await emergencies.retry(
        handoff.id, operator
    )  # the hub has it: that is refused as well, and changes nothing
    before = clock.now() - WAITS
    await hub.returns(incident, handoff, "error", 3, error=made.fault("case_exists", 34), at=before)
    await hub.returns(incident, handoff, "accept", 4, at=before)

    assert (await made.now(handoff, operator)).state is State.ACCEPTED


async def test_what_was_said_before_the_reopening_does_not_prove_that_it_arrived(
    operator: Actor, hub: Hub
) -> None:
    incident, handoff = await made.handed(operator)
    await emergencies.cancel(handoff.id, "жаңылыс", operator)
    await emergencies.reopen(handoff.id, "шынымен", operator)
    await hub.returns(incident, handoff, "receipt", 1)

    assert (await made.now(handoff, operator)).hub_at is None


async def test_a_refused_cancellation_rings_whatever_was_phoned_about_before(
    operator: Actor, hub: Hub, superuser: asyncpg.Connection
) -> None:
    incident, handoff = await made.handed(operator)
    following = await hub.accepts(incident, handoff)
    await superuser.execute(  # no crew for ten minutes; the operator has phoned about that
        """UPDATE dispatch.handoff SET decided_at = now() - interval '10 minutes', alarm = 'no_unit',
               alarm_at = now() - interval '9 minutes', phoned_at = now() - interval '8 minutes' WHERE id = $1""",
        handoff.id,
    )
    await emergencies.cancel(handoff.id, "жаңылыс", operator)
    for seq in (following, following + 1):
        await hub.returns(incident, handoff, "error", seq, error=made.fault("wrong_sequence", 32))
        assert (await made.now(handoff, operator)).alarm is Alarm.FAILED
        await emergencies.add_note(incident.id, "тағы бір сөз", operator)
        assert handoff.id in {alert.handoff.id for alert in await reading.alarms(operator)}
        await emergencies.phoned(handoff.id, "Дәулет", operator)
        assert handoff.id not in {alert.handoff.id for alert in await reading.alarms(operator)}
