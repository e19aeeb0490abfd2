"""The audit chain: sealed behind the back of the verbs, and what `verify` finds."""

import asyncio
import os
import subprocess
import sys

import asyncpg
import msgspec
import pytest
from tests.integration.chassis.conftest import as_owner

from chassis109.store import journal, sealer, unit
from chassis109.store.audit import Finding, verify
from chassis109.store.outbox import Outbox
from chassis109.store.sealer import AuditHead, Sealer


async def _write(tenant: int, *actions: str) -> None:
    async with unit.transaction(tenant):
        entries = [journal.AuditEntry(a, "ticket", f"id-{a}", {"n": 1.50, "a": "б"}) for a in actions]
        await journal.write(None, "system", entries)


async def _sealed(tenant: int, outbox: Outbox) -> list[int]:
    """Six rows in two seals, the head sent out; the ids of the rows."""
    for count, actions in ((3, ("open", "route", "assign")), (6, ("accept", "start", "done"))):
        await _write(tenant, *actions)
        while await _sealed_rows(tenant) < count:  # any transaction that runs elsewhere holds the sealing up
            await Sealer(outbox, lambda: {tenant: "sko.feed.petropavl.audit"}).round()
    async with unit.transaction(tenant):
        return [row["id"] for row in await unit.fetch("SELECT id FROM chassis.audit ORDER BY id")]


async def _sealed_rows(tenant: int) -> int:
    async with unit.transaction(tenant):
        return int(await unit.fetchval("SELECT coalesce(sum(rows), 0) FROM chassis.audit_seal"))


async def _seal_until(tenant: int, rows: int) -> None:
    while await _sealed_rows(tenant) < rows:
        await sealer.seal(tenant)
        await asyncio.sleep(0.01)


async def _attack(tenant: int, *statements: str) -> None:
    owner = await as_owner(tenant)
    for statement in statements:
        await owner.execute(statement)
    await owner.close()


def _found(findings: list[Finding]) -> set[tuple[str, int | None]]:
    return {(finding.what, finding.row) for finding in findings}


async def test_an_untouched_chain_is_unbroken(tenant: int, outbox: Outbox) -> None:
    await _sealed(tenant, outbox)
    assert await verify(tenant) == []


async def test_an_edit_is_found_and_the_row_named(tenant: int, outbox: Outbox) -> None:
    ids = await _sealed(tenant, outbox)
    await _attack(tenant, f"UPDATE chassis.audit SET action = 'nothing' WHERE id = {ids[1]}")
    assert _found(await verify(tenant)) == {("edited", ids[1])}


async def test_an_edit_of_the_detail_only_is_found(tenant: int, outbox: Outbox) -> None:
    ids = await _sealed(tenant, outbox)
    await _attack(tenant, f'UPDATE chassis.audit SET detail = \'{{"n": 1.5, "a": "б"}}\' WHERE id = {ids[4]}')
    await _attack(tenant, f'UPDATE chassis.audit SET detail = detail || \'{{"a": "b"}}\' WHERE id = {ids[4]}')
    assert _found(await verify(tenant)) == {("edited", ids[4])}


async def test_a_deletion_is_found_and_the_row_named(tenant: int, outbox: Outbox) -> None:
    ids = await _sealed(tenant, outbox)
    await _attack(tenant, f"DELETE FROM chassis.audit WHERE id = {ids[2]}")
    assert _found(await verify(tenant)) == {("deleted", ids[2])}


async def test_two_rows_that_changed_places_are_found(tenant: int, outbox: Outbox) -> None:
    ids = await _sealed(tenant, outbox)
    swap = "UPDATE chassis.audit AS a SET {0} FROM chassis.audit AS b WHERE a.id = {1} AND b.id = {2}"
    columns = "action = b.action, object_id = b.object_id, at = b.at"
    owner = await as_owner(tenant)
    first = dict(await owner.fetchrow("SELECT action, object_id FROM chassis.audit WHERE id = $1", ids[0]))
    await owner.execute(swap.format(columns, ids[0], ids[1]))
    await owner.execute(
        "UPDATE chassis.audit SET action = $2, object_id = $3 WHERE id = $1", ids[1], *first.values()
    )
    await owner.close()
    assert _found(await verify(tenant)) == {("reordered", ids[0]), ("reordered", ids[1])}


async def test_a_row_put_in_afterwards_is_found(tenant: int, outbox: Outbox) -> None:
    ids = await _sealed(tenant, outbox)
    await _attack(
        tenant,
        "INSERT INTO chassis.audit OVERRIDING SYSTEM VALUE"
        " SELECT tenant_id, -5, tx, at, actor_id, actor_kind, 'forged', object_kind, object_id, detail"
        f" FROM chassis.audit WHERE id = {ids[0]}",
    )
    assert _found(await verify(tenant)) == {("inserted", -5)}


async def test_rows_cut_off_at_the_end_are_named(tenant: int, outbox: Outbox) -> None:
    ids = await _sealed(tenant, outbox)
    await _attack(tenant, f"DELETE FROM chassis.audit WHERE id >= {ids[3]}")
    assert _found(await verify(tenant)) == {("deleted", row) for row in ids[3:]}


async def test_a_tail_cut_off_together_with_its_seal_is_betrayed_by_the_head_sent_out(
    tenant: int, outbox: Outbox
) -> None:
    ids = await _sealed(tenant, outbox)
    await _attack(
        tenant,
        f"DELETE FROM chassis.audit WHERE id >= {ids[3]}",
        "DELETE FROM chassis.audit_seal WHERE seq = 2",
    )
    assert _found(await verify(tenant)) == {("cut", ids[5])}


async def test_a_missing_seal_in_the_middle_breaks_the_chain(tenant: int, outbox: Outbox) -> None:
    await _sealed(tenant, outbox)
    await _attack(tenant, "DELETE FROM chassis.audit_seal WHERE seq = 1")
    assert Finding("deleted", tenant, seal=1) in await verify(tenant)


async def test_a_seal_made_to_fit_an_edited_row_is_found(tenant: int, outbox: Outbox) -> None:
    ids = await _sealed(tenant, outbox)
    await _attack(
        tenant,
        f"UPDATE chassis.audit SET action = 'nothing' WHERE id = {ids[0]}",
        "UPDATE chassis.audit_seal SET digests = set_byte(digests, 0, get_byte(digests, 0) # 1)"
        " WHERE seq = 1",
    )
    assert Finding("broken", tenant, seal=1) in await verify(tenant)


async def test_a_chain_rewritten_as_a_whole_is_found_by_a_head_noted_elsewhere(
    tenant: int, outbox: Outbox
) -> None:
    ids = await _sealed(tenant, outbox)
    async with unit.transaction(tenant):
        noted = await sealer.head(tenant)
    assert noted is not None
    await _attack(
        tenant,
        f"UPDATE chassis.audit SET action = 'nothing' WHERE id = {ids[0]}",
        "DELETE FROM chassis.audit_seal",
        "DELETE FROM chassis.outbox",
    )
    await _seal_until(tenant, len(ids))
    assert await verify(tenant) == []
    assert {finding.what for finding in await verify(tenant, [noted])} <= {"cut", "rewritten"}
    assert await verify(tenant, [noted])


async def test_a_transaction_that_commits_late_is_sealed_later_and_nothing_is_lost(
    tenant: int, outbox: Outbox
) -> None:
    late = await asyncpg.connect(os.environ["DISPATCH_APP_DSN"])
    transaction = late.transaction()
    await transaction.start()
    await late.execute("SELECT set_config('app.tenant', $1, true)", str(tenant))
    insert = (
        "INSERT INTO chassis.audit (tenant_id, at, actor_kind, action, object_kind, object_id)"
        " VALUES (app.tenant(), now(), 'system', 'late', 'ticket', 'x')"
    )
    await late.execute(insert)
    await _write(tenant, "early")
    assert await sealer.seal(tenant) == 0  # the running transaction could still put a row before it
    await transaction.commit()
    await late.close()
    await _seal_until(tenant, 2)
    assert await verify(tenant) == []


async def test_two_sealers_at_once_make_one_chain(tenant: int, outbox: Outbox) -> None:
    for n in range(5):
        await _write(tenant, f"a{n}")
        await asyncio.gather(sealer.seal(tenant), sealer.seal(tenant), sealer.seal(tenant))
    await _seal_until(tenant, 5)
    assert await verify(tenant) == []


async def test_the_application_can_neither_edit_nor_delete_history(tenant: int, outbox: Outbox) -> None:
    await _write(tenant, "open")
    for statement in ("UPDATE chassis.audit SET action = ''", "DELETE FROM chassis.audit"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with unit.transaction(tenant):
                await unit.execute(statement)


async def test_the_head_goes_out_through_the_outbox(tenant: int, outbox: Outbox) -> None:
    ids = await _sealed(tenant, outbox)
    async with unit.transaction(tenant):
        sent = await unit.fetchval("SELECT payload FROM chassis.outbox WHERE key = 'audit-head' LIMIT 1")
    assert msgspec.json.decode(sent, type=AuditHead).last_id in ids


async def test_the_command_tells_what_it_found_and_exits_with_one(
    tenant: int, outbox: Outbox, environment: dict[str, str]
) -> None:
    ids = await _sealed(tenant, outbox)
    await _attack(tenant, f"DELETE FROM chassis.audit WHERE id = {ids[2]}")
    command = [sys.executable, "-m", "chassis109.store.audit", "verify", "--tenant", str(tenant)]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: ASYNC221
    assert run.returncode == 1, run.stderr
    assert f"tenant {tenant} row {ids[2]} deleted (seal 1)" in run.stdout


async def test_rows_are_sealed_in_the_order_of_numbers_not_of_digits(tenant: int) -> None:
    async with unit.transaction(tenant):
        await unit.execute(
            "INSERT INTO chassis.audit (tenant_id, tx, at, actor_kind, action, object_kind, object_id)"
            " SELECT app.tenant(), tx::xid8, now(), 'system', 'open', 'ticket', tx"
            " FROM unnest(ARRAY['100', '9', '10']) AS old(tx)"
        )
    sealed = [await sealer.seal(tenant), await sealer.seal(tenant)]
    async with unit.transaction(tenant):
        order = await unit.fetch(
            "SELECT a.tx::text AS tx FROM chassis.audit_seal s, unnest(s.ids) WITH ORDINALITY AS covered(id, n)"
            " JOIN chassis.audit a USING (id) ORDER BY s.seq, n"
        )
    assert sealed == [3, 0]
    assert [row["tx"] for row in order] == ["9", "10", "100"]
