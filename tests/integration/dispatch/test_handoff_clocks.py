"""109's own clocks: when the hub, the broker or a desk is silent the operator is told in time, once, and no longer than
needed. The sweep reads the database's clock, so these handoffs were sent a while ago.
"""

from datetime import timedelta

import asyncpg
import pytest
import pytest_asyncio
from tests import emergencies as made
from tests.databases import Database
from tests.emergencies import Hub

from chassis109.kernel import clock
from dispatch109.emergencies import reading, watchdog
from dispatch109.emergencies import service as emergencies
from dispatch109.emergencies.model import Alarm, Handoff, Incident
from hub112.contract import Reply, State
from identity109.actor import Actor


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def nothing_else(superuser: asyncpg.Connection) -> None:
    """What other tests left behind has no clock any more."""
    await superuser.execute(
        "UPDATE dispatch.handoff SET due_at = NULL, alarm = NULL, hub_at = coalesce(hub_at, now())"
    )
    await superuser.execute("UPDATE chassis.outbox SET published_at = now() WHERE published_at IS NULL")


async def sent_before(seconds: float, actor: Actor, **changes: object) -> tuple[Incident, Handoff]:
    """A handoff that was sent so many seconds ago."""
    with clock.frozen(clock.now() - timedelta(seconds=seconds)):
        return await made.handed(actor, **changes)


async def alarms_of(handoff: Handoff, actor: Actor) -> list[str]:
    """The rungs that were climbed, in order."""
    steps = (await reading.emergency(str(handoff.incident_id), actor)).steps
    return [step.note or step.event for step in steps if step.event in ("alarm", "expire")]


async def in_hub(superuser: asyncpg.Connection, actor: Actor) -> None:
    """The stream has acknowledged everything."""
    await made.relayed(superuser, actor.here)
    await emergencies.note_published(actor.here.id)


@pytest.mark.parametrize(
    ("seconds", "alarm", "rungs"),
    [
        (3, None, []),
        (6, Alarm.NO_HUB, ["no_hub"]),
        (35, Alarm.NO_HUB, ["no_hub", "no_receipt", "not_seen", "not_decided"]),
    ],
)
async def test_while_the_hub_is_away_the_operator_is_told_to_phone_within_five_seconds(
    seconds: int, alarm: Alarm | None, rungs: list[str], operator: Actor
) -> None:
    _, handoff = await sent_before(seconds, operator)
    await watchdog.sweep(operator.here.id)

    after = await made.now(handoff, operator)
    assert (after.state, after.alarm) == (State.CREATED, alarm)
    assert await alarms_of(handoff, operator) == rungs
    told = [alert for alert in await reading.alarms(operator) if alert.handoff.id == handoff.id]
    assert [alert.phone for alert in told] == ([operator.here.duty_phones["103"]] if alarm else [])


async def test_every_rung_is_climbed_once_however_often_the_sweep_looks(operator: Actor) -> None:
    _, handoff = await sent_before(11, operator)
    for _ in range(3):
        await watchdog.sweep(operator.here.id)

    assert await alarms_of(handoff, operator) == ["no_hub", "no_receipt"]


async def test_what_is_in_the_hub_waits_for_its_receipt(
    operator: Actor, superuser: asyncpg.Connection
) -> None:
    _, handoff = await sent_before(11, operator)
    await made.relayed(superuser, operator.here)
    await watchdog.sweep(operator.here.id)

    after = await made.now(handoff, operator)
    assert (after.state, after.alarm) == (State.DISPATCHED, Alarm.NO_RECEIPT)


async def test_an_alarm_goes_when_what_it_waited_for_happens_and_the_event_says_so(
    operator: Actor, superuser: asyncpg.Connection
) -> None:
    incident, handoff = await sent_before(11, operator)
    await watchdog.sweep(operator.here.id)
    hub = Hub(operator.here)
    await hub.returns(incident, handoff, "receipt", 1)

    found = await made.seen(incident, operator)
    assert found.handoffs[0].alarm is None
    assert [step.detail for step in found.steps[-2:]] == [
        {"alarm": "no_receipt", "cleared": "no_hub"}, {"cleared": "no_receipt"},
    ]  # fmt: skip
    assert await reading.alarms(operator) == []


async def test_an_answer_just_before_the_sweep_raises_nothing(operator: Actor) -> None:
    incident, handoff = await sent_before(31, operator)
    await Hub(operator.here).accepts(incident, handoff)
    await watchdog.sweep(operator.here.id)

    assert await alarms_of(handoff, operator) == []
    assert (await made.now(handoff, operator)).alarm is None


async def test_a_clock_that_passed_before_a_note_is_still_noticed(operator: Actor) -> None:
    incident, handoff = await sent_before(901, operator)
    await emergencies.add_note(incident.id, "тағы", operator)
    await watchdog.sweep(operator.here.id)

    assert (await made.now(handoff, operator)).state is State.EXPIRED


async def test_without_an_answer_until_its_end_it_expires_and_may_still_be_accepted(operator: Actor) -> None:
    incident, handoff = await sent_before(901, operator)
    await watchdog.sweep(operator.here.id)

    expired = await made.now(handoff, operator)
    assert (expired.state, expired.alarm, expired.due_at) == (State.EXPIRED, Alarm.EXPIRED, None)
    assert (await made.seen(incident, operator)).incident.ended_at is None
    await Hub(operator.here).returns(incident, handoff, "accept", 1)
    assert (await made.now(handoff, operator)).late


async def test_after_acceptance_a_crew_is_waited_for(operator: Actor) -> None:
    incident, handoff = await sent_before(100, operator)
    hub = Hub(operator.here)
    with clock.frozen(clock.now() - timedelta(seconds=70)):
        following = await hub.accepts(incident, handoff)
    await watchdog.sweep(operator.here.id)
    assert (await made.now(handoff, operator)).alarm is Alarm.NO_UNIT
    await hub.returns(incident, handoff, "unit", following, units=[made.unit("assigned")])

    assert (await made.now(handoff, operator)).alarm is None


async def test_a_deferral_ends_with_an_alarm(operator: Actor) -> None:
    incident, handoff = await sent_before(600, operator)
    hub = Hub(operator.here)
    with clock.frozen(clock.now() - timedelta(seconds=590)):
        await hub.returns(incident, handoff, "receipt", 1)
        await hub.returns(incident, handoff, "defer", 2, reply=Reply(eta_minutes=5))
    await watchdog.sweep(operator.here.id)

    assert (await made.now(handoff, operator)).alarm is Alarm.DEFERRAL_OVER
    assert await alarms_of(handoff, operator) == ["deferral_over"]


async def test_whoever_has_phoned_is_not_told_again_until_something_new_is_wrong(operator: Actor) -> None:
    incident, handoff = await sent_before(11, operator)
    await watchdog.sweep(operator.here.id)
    await emergencies.phoned(handoff.id, "Дәулет", operator)
    assert await reading.alarms(operator) == []
    hub = Hub(operator.here)
    await hub.returns(incident, handoff, "receipt", 1)
    await hub.returns(incident, handoff, "decline", 2, reply=Reply(reason_code="no_resources"))

    (alert,) = await reading.alarms(operator)
    assert alert.handoff.alarm is Alarm.DECLINED
    assert (await made.seen(incident, operator)).handoffs[0].phoned_by == operator.name


async def test_a_tenant_may_have_clocks_of_its_own(operator: Actor, superuser: asyncpg.Connection) -> None:
    insert = "INSERT INTO dispatch.handoff_clock VALUES ($1, $2, 'P0', 50, 60, 70, $3, 90)"
    for service, decide in (("103", 80), ("*", 75)):
        await superuser.execute(insert, operator.here.id, service, decide)
    incident, _ = await made.handed(operator, services=("103", "101"))
    await superuser.execute("DELETE FROM dispatch.handoff_clock")

    given = (await made.seen(incident, operator)).handoffs
    assert [round((h.decide_by - h.sent_at).total_seconds()) for h in given] == [80, 75]
    assert {round((h.expires_at - h.sent_at).total_seconds()) for h in given} == {900}


async def test_a_reopened_handoff_is_in_the_hub_when_its_stream_says_so(
    operator: Actor, superuser: asyncpg.Connection
) -> None:
    _, handoff = await sent_before(3600, operator)
    await in_hub(superuser, operator)
    await emergencies.cancel(handoff.id, "жаңылыс", operator)
    with clock.frozen(clock.now() - timedelta(seconds=6)):
        await emergencies.reopen(handoff.id, "шынымен", operator)
    await watchdog.sweep(operator.here.id)
    assert (await made.now(handoff, operator)).alarm is Alarm.NO_HUB
    await in_hub(superuser, operator)

    after = await made.now(handoff, operator)
    assert (after.state, after.alarm, after.hub_at is not None) == (State.DISPATCHED, None, True)


async def test_the_relay_learns_which_tenants_to_look_at_and_nothing_else(
    operator: Actor, own_database: Database
) -> None:
    await sent_before(10, operator)
    relay = await asyncpg.connect(own_database.relay)
    try:
        rows = await relay.fetch(watchdog.TENANTS_WITH_OVERDUE)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await relay.fetch("SELECT service FROM dispatch.handoff")
    finally:
        await relay.close()

    assert [row["tenant_id"] for row in rows] == [operator.here.id]


async def test_an_emergency_that_cannot_be_read_does_not_hide_the_others(
    operator: Actor, superuser: asyncpg.Connection
) -> None:
    broken, _ = await sent_before(8, operator)
    await superuser.execute(
        'UPDATE dispatch.incident SET victims = \'{"count": "x"}\' WHERE id = $1', broken.id
    )
    _, handoff = await sent_before(7, operator)
    await watchdog.sweep(operator.here.id)
    await superuser.execute("UPDATE dispatch.incident SET victims = '{}' WHERE id = $1", broken.id)

    assert (await made.now(handoff, operator)).alarm is Alarm.NO_HUB


async def test_what_is_on_its_way_is_not_in_the_hub(operator: Actor, superuser: asyncpg.Connection) -> None:
    incident, handoff = await made.handed(operator)
    assert await emergencies.note_published(operator.here.id) == 0
    await made.relayed(superuser, operator.here)
    assert await emergencies.note_published(operator.here.id) == 1
    assert await emergencies.note_published(operator.here.id) == 0

    assert (await made.now(handoff, operator)).state is State.DISPATCHED
    assert [step.event for step in (await made.seen(incident, operator)).steps] == ["create", "dispatch"]
