"""Each rung of the ladder is climbed once, at its time, whatever was restarted in between."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from tests.databases import Database, storing
from tests.hub_makers import (
    ago,
    at_desk,
    crew,
    delivery,
    envelope,
    handed_over,
    heard,
    next_of,
    outbox,
    stands,
)

from chassis109.kernel import clock
from chassis109.store.outbox import Outbox
from hub112.contract import Envelope, stamp
from hub112.desks import reading, watchdog
from hub112.desks import service as desks

pytestmark = pytest.mark.usefixtures("hub")


async def climbed(first: Envelope) -> list[str]:
    """The rungs in the history of a handoff."""
    by = at_desk(str(first.recipient.service))
    steps = (await reading.card(first.handoff_id, by)).steps
    return [step.note or step.event for step in steps if step.side == "hub"][1:]


async def brought(seconds_ago: float) -> Envelope:
    first = envelope()
    await heard(delivery(first, at=ago(seconds_ago)))
    return first


async def test_nothing_is_climbed_before_its_time() -> None:
    first = await brought(5)
    await watchdog.sweep(103)

    assert await climbed(first) == []


async def test_each_rung_is_climbed_once_at_its_time_over_restarts(
    hub: Database, superuser: asyncpg.Connection
) -> None:
    first, start = await handed_over(), clock.now()
    seen = []
    for seconds in (5, 11, 12, 21, 31, 59, 61, 120):
        async with storing(hub.app):  # another process
            with clock.frozen(start + timedelta(seconds=seconds)):
                await watchdog.sweep(103)
        seen.append((seconds, await climbed(first)))

    ladder = ["receipt", "seen", "decide", "region"]
    assert seen == [
        (5, []), (11, ladder[:1]), (12, ladder[:1]), (21, ladder[:2]), (31, ladder[:3]), (59, ladder[:3]),
        (61, ladder), (120, ladder),
    ]  # fmt: skip
    said = [s.envelope for s in await outbox(superuser, first.handoff_id)]
    assert [(e.kind, e.reply.reason) for e in said] == [("note", f"rung:{name}") for name in ladder]  # type: ignore[union-attr]
    assert [e.kind for e in (s.envelope for s in await outbox(superuser, first.handoff_id, "desk"))] == [
        "create", "note", "note", "note", "note",
    ]  # fmt: skip
    events = {s.event for s in (await reading.card(first.handoff_id, at_desk())).steps}
    assert events == {"dispatch", "rung"}


async def test_after_a_long_night_all_rungs_are_climbed_in_order() -> None:
    first = await brought(70)
    assert await watchdog.sweep(103) >= 4
    assert await climbed(first) == ["receipt", "seen", "decide", "region"]


async def test_what_was_answered_in_time_is_not_reminded_of_it() -> None:
    first = await brought(0)
    await desks.see(first.handoff_id, at_desk())
    with clock.frozen(datetime.now(UTC) + timedelta(seconds=40)):
        await watchdog.sweep(103)

    assert await climbed(first) == ["decide"]


async def test_an_accepted_handoff_climbs_no_further_but_for_its_crew() -> None:
    first = await brought(0)
    by = at_desk()
    await desks.see(first.handoff_id, by)
    await desks.accept(first.handoff_id, by)
    for seconds in (50, 70, 200, 2000):
        with clock.frozen(datetime.now(UTC) + timedelta(seconds=seconds)):
            await watchdog.sweep(103)

    assert await climbed(first) == ["unit"]
    await desks.report_unit(first.handoff_id, by, crew())
    assert (await stands(first)).due_at is None


async def test_a_crew_in_time_stops_the_clock() -> None:
    first = await brought(0)
    by = at_desk()
    await desks.see(first.handoff_id, by)
    await desks.accept(first.handoff_id, by)
    await desks.report_unit(first.handoff_id, by, crew())
    with clock.frozen(datetime.now(UTC) + timedelta(seconds=300)):
        await watchdog.sweep(103)

    assert await climbed(first) == []


async def test_a_deferral_that_is_over_is_said_once_whatever_is_written_meanwhile() -> None:
    first = await brought(0)
    by = at_desk()
    await desks.see(first.handoff_id, by)
    await desks.defer(first.handoff_id, by, 10)
    for minutes, note in ((9, "ждём"), (11, "едем"), (30, "ещё")):
        with clock.frozen(datetime.now(UTC) + timedelta(minutes=minutes)):
            await watchdog.sweep(103)
            await desks.note(first.handoff_id, by, note)

    assert await climbed(first) == ["deferral"]


async def test_what_nobody_accepts_expires_and_may_be_accepted_late(superuser: asyncpg.Connection) -> None:
    first = await brought(0)
    by = at_desk()
    await desks.see(first.handoff_id, by)
    with clock.frozen(datetime.now(UTC) + timedelta(minutes=16)):
        await watchdog.sweep(103)
        await watchdog.sweep(103)
        expired = await stands(first)
        taken = await desks.accept(first.handoff_id, by)

    said = [s.envelope for s in await outbox(superuser, first.handoff_id)]
    assert (expired.state, expired.ended_at, expired.due_at) == ("expired", None, None)
    assert (taken.state, taken.late) == ("accepted", True)
    assert await climbed(first) == ["decide", "region", "expire"]
    assert said[-2].reply.reason == "expired"  # type: ignore[union-attr]
    assert said[-1].kind == "accept"


async def test_a_handoff_that_was_long_under_way_arrives_before_it_expires() -> None:
    first = envelope(sent_at=stamp(ago(2000)), expires_at=stamp(ago(1100)))
    await heard(first)
    assert (await stands(first)).state == "dispatched"
    await watchdog.sweep(103)

    assert (await stands(first)).state == "expired"


async def test_a_reopened_handoff_is_reminded_of_again() -> None:
    first = await brought(70)
    await watchdog.sweep(103)
    await heard(next_of(first, "cancel", 2))
    await heard(delivery(next_of(first, "reopen", 3), at=ago(15)))
    await watchdog.sweep(103)

    assert await climbed(first) == ["receipt", "seen", "decide", "region", "receipt"]


async def test_two_workers_climb_a_rung_once() -> None:
    first = await brought(15)
    await asyncio.gather(*(watchdog.sweep(103) for _ in range(4)))

    assert await climbed(first) == ["receipt"]


async def test_the_trouble_of_one_handoff_does_not_silence_the_others(superuser: asyncpg.Connection) -> None:
    broken, well = await brought(16), await brought(15)
    await superuser.execute("UPDATE hub.handoff SET incident = '{}' WHERE id = $1", broken.handoff_id)
    await watchdog.sweep(103)
    await superuser.execute("UPDATE hub.handoff SET due_at = NULL WHERE id = $1", broken.handoff_id)

    assert await climbed(well) == ["receipt"]


async def test_the_worker_learns_which_desks_have_a_clock_behind_them_and_nothing_else(hub: Database) -> None:
    first = envelope(service="101")
    await heard(delivery(first, at=ago(15)))
    relay = await Outbox.open(hub.relay)
    try:
        desks_due = {row["tenant_id"] for row in await relay.fetch(watchdog.TENANTS_WITH_OVERDUE)}
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await relay.fetch("SELECT incident FROM hub.handoff")
    finally:
        await relay.close()

    assert 101 in desks_due
    assert 104 not in desks_due


async def test_a_closed_desk_has_no_clocks() -> None:
    assert await watchdog.sweep(999) == 0
