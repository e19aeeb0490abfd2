"""A desk sees and touches its own handoffs only; of an incident it shares, the joint log and nothing more."""

import json

import asyncpg
import pytest
from tests.hub_makers import (
    accepted,
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

from chassis109.kernel.errors import NotFound
from chassis109.store import migrate, unit
from chassis109.store.unit import transaction
from hub112.contract import Party
from hub112.desks import reading, watchdog
from hub112.desks import service as desks

pytestmark = pytest.mark.usefixtures("hub")
TABLES = ("handoff", "event", "unit", "clock")


async def filled(superuser: asyncpg.Connection) -> None:
    """A row of 101 in every table."""
    first, by = await accepted(service="101")
    await desks.report_unit(first.handoff_id, by, crew())
    await superuser.execute(
        "INSERT INTO hub.clock VALUES (101, '*', 'P3', 1, 2, 3, 4, 5) ON CONFLICT DO NOTHING"
    )


async def test_no_verb_reaches_another_desks_handoff() -> None:
    theirs = (await handed_over(service="101")).handoff_id
    intruder = at_desk("103")
    for attempt in (
        desks.receipt(theirs, intruder), desks.see(theirs, intruder), desks.accept(theirs, intruder),
        desks.decline(theirs, intruder, "other", "x"), desks.defer(theirs, intruder, 5),
        desks.forward(theirs, intruder, "102", "x"), desks.report_unit(theirs, intruder, crew()),
        desks.close(theirs, intruder, "x"), desks.confirm_cancel(theirs, intruder),
        desks.note(theirs, intruder, "x"), reading.card(theirs, intruder), reading.handoff(theirs, intruder),
    ):  # fmt: skip
        with pytest.raises(NotFound):
            await attempt


async def test_no_list_shows_another_desks_handoff() -> None:
    first, by = await accepted(service="101")
    await desks.close(first.handoff_id, by, "Потушено")
    await handed_over(service="101")
    mine = at_desk("104")

    board = await reading.board(mine)
    assert (list(board.waiting), list(board.underway)) == ([], [])
    assert await reading.ended(None, 50, mine) == []
    assert await reading.ended(None, 50, mine, asked=first.incident_id) == []
    assert await reading.put_aside(mine) == []


@pytest.mark.parametrize("table", TABLES)
async def test_plain_sql_of_a_desk_sees_and_changes_nothing_of_another(
    table: str, superuser: asyncpg.Connection
) -> None:
    await filled(superuser)
    row = await superuser.fetchval(
        f"SELECT to_jsonb(t)::text FROM hub.{table} t WHERE tenant_id = 101 LIMIT 1"
    )
    before = await superuser.fetchval(f"SELECT count(*) FROM hub.{table} WHERE tenant_id = 101")
    names = ", ".join(json.loads(row))
    for sql, arguments in (
        (f"INSERT INTO hub.{table} ({names}) OVERRIDING SYSTEM VALUE"
         f" SELECT {names} FROM jsonb_populate_record(NULL::hub.{table}, $1::jsonb)", (row,)),
        (f"UPDATE hub.{table} SET tenant_id = 103 WHERE tenant_id = 101", ()),
        (f"UPDATE hub.{table} SET tenant_id = 101 WHERE tenant_id = 103", ()),
        (f"DELETE FROM hub.{table} WHERE tenant_id = 101", ()),
        (f"TRUNCATE hub.{table} CASCADE", ()),
    ):  # fmt: skip
        try:
            async with transaction(103):
                tag = await unit.execute(sql, *arguments)
            assert tag in {"UPDATE 0", "DELETE 0"}, sql
        except asyncpg.InsufficientPrivilegeError:
            pass
    async with transaction(103):
        assert await unit.fetchval(f"SELECT count(*) FROM hub.{table} WHERE tenant_id <> 103") == 0
    assert await superuser.fetchval(f"SELECT count(*) FROM hub.{table} WHERE tenant_id = 101") == before


async def test_history_is_never_rewritten_not_even_ones_own() -> None:
    first, _ = await accepted()
    for sql in (
        "UPDATE hub.event SET note = 'x' WHERE handoff_id = $1",
        "DELETE FROM hub.event WHERE handoff_id = $1",
        "UPDATE hub.joint_log SET note = 'x' WHERE handoff_id = $1",
        "DELETE FROM hub.joint_log WHERE handoff_id = $1",
        "DELETE FROM hub.handoff WHERE id = $1",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with transaction(103):
                await unit.execute(sql, first.handoff_id)


async def test_the_joint_log_is_for_the_desks_of_the_incident() -> None:
    first, _ = await accepted(service="101")
    lines = "SELECT count(*) FROM hub.joint_log WHERE incident_id = $1"
    async with transaction(103):
        assert await unit.fetchval(lines, first.incident_id) == 0
    async with transaction(None):
        assert await unit.fetchval(lines, first.incident_id) == 0

    joins = envelope(service="103", incident_id=first.incident_id)
    await heard(joins)
    async with transaction(103):
        assert await unit.fetchval(lines, first.incident_id) == 5
    others = (await reading.card(joins.handoff_id, at_desk("103"))).others
    assert [(other.service, other.state, other.by) for other in others] == [
        ("101", "accepted", at_desk("101").name)
    ]


async def test_a_desk_writes_no_line_in_another_desks_name() -> None:
    first, _ = await accepted(service="101")
    forged = """INSERT INTO hub.joint_log (incident_id, handoff_id, desk, at, side, event, state, actor_name, note)
                VALUES ($1, $2, 101, now(), 'desk', 'close', 'closed', 'x', 'x')"""
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with transaction(103):
            await unit.execute(forged, first.incident_id, first.handoff_id)


async def test_a_109_reaches_no_handoff_of_another_109(superuser: asyncpg.Connection) -> None:
    theirs = await handed_over()
    stranger = Party(agency="kz.sko.aiyrtau.109", service="109")
    for kind, seq in (("cancel", 2), ("update", 3), ("create", 4)):
        attack = next_of(theirs, kind, seq, sender=stranger, incident_id="kz.sko.aiyrtau.2026.000001")
        await heard(delivery(attack, at=ago(9)))

    here = await stands(theirs)
    answers = [s for s in await outbox(superuser, theirs.handoff_id) if ".return.aiyrtau." in s.subject]
    assert (here.state, here.version, here.return_seq, here.last_seq) == ("dispatched", 1, 0, 1)
    assert [s.envelope.error.name for s in answers] == [  # type: ignore[union-attr]
        "unknown_handoff", "unknown_handoff", "case_exists",
    ]  # fmt: skip
    assert {s.envelope.incident_id for s in answers} == {"kz.sko.aiyrtau.unknown"}


async def test_a_drill_reaches_no_live_handoff() -> None:
    live = await handed_over()
    await heard(delivery(next_of(live, "cancel", 2, mode="exercise"), at=ago(9)))

    assert (await stands(live)).state == "dispatched"


async def test_the_sweep_of_a_desk_leaves_the_others_alone(superuser: asyncpg.Connection) -> None:
    theirs = await handed_over(service="102")
    await superuser.execute(
        "UPDATE hub.handoff SET due_at = now() - interval '1 hour' WHERE id = $1", theirs.handoff_id
    )
    await watchdog.sweep(103)

    assert (await stands(theirs)).version == 1


async def test_the_catalogue_lint_finds_nothing(superuser: asyncpg.Connection) -> None:
    assert await migrate.lint(superuser) == []
