"""A foreign id and a missing id are the same to every verb: the same refusal, the same words, nothing changed."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from uuid import UUID

import asyncpg
import pytest
from tests import emergencies as made
from tests import makers
from tests.integration.isolation.conftest import Side

from chassis109.kernel.errors import NotFound
from chassis109.kernel.ids import uuid7
from chassis109.store.unit import TenantMismatch
from dispatch109.callbacks import service as callbacks
from dispatch109.callbacks.model import Outcome
from dispatch109.calls import service as calls
from dispatch109.emergencies import reading as emergency_reading
from dispatch109.emergencies import service as emergencies
from dispatch109.execution import service as execution
from dispatch109.execution.model import read_photo
from dispatch109.queue import service as queue
from dispatch109.queue.model import Filter
from dispatch109.tickets import applicant, reading
from dispatch109.tickets import service as tickets
from dispatch109.tickets.service import Request
from hub112.contract import encode
from identity109.actor import Actor

PHOTO = read_photo(makers.photo())
SAID = made.said(address="Орталық көше 2")
REQUEST = Request("other", "чужое", "", "где-то", None, 3)
Verb = Callable[[UUID, Actor], Awaitable[object]]


@dataclass(frozen=True)
class On:
    """Which id of the other side a verb is tried on."""

    ticket: Verb | None = None
    callback: Verb | None = None
    photo: Verb | None = None
    incident: Verb | None = None
    handoff: Verb | None = None


VERBS: dict[str, On] = {
    "read": On(lambda of, a: reading.ticket(str(of), a)),
    "accept": On(lambda of, a: tickets.accept(of, None, a)),
    "start": On(lambda of, a: tickets.start(of, None, a)),
    "pause": On(lambda of, a: tickets.pause(of, None, "x", a)),
    "return": On(lambda of, a: tickets.return_(of, None, "x", a)),
    "assign": On(lambda of, a: tickets.assign(of, None, "akimat", "", a)),
    "amend": On(lambda of, a: tickets.amend(of, None, REQUEST, a)),
    "correct": On(lambda of, a: calls.correct(of, None, makers.said(category="other"), a)),
    "close": On(lambda of, a: tickets.close(of, "x", a, confirmed=True)),
    "reopen": On(lambda of, a: tickets.reopen(of, "x", a)),
    "finish": On(lambda of, a: tickets.finish(of, None, "", a, 0)),
    "finish with photos": On(lambda of, a: execution.finish(of, None, "", [PHOTO], a)),
    "add a photo": On(lambda of, a: execution.add_photo(of, PHOTO, a)),
    "unmask": On(lambda of, a: applicant.unmask(of, "x", a)),
    "attempt": On(callback=lambda of, a: callbacks.record(of, Outcome.CONFIRMED, "", a)),
    "reopen by callback": On(callback=lambda of, a: callbacks.record(of, Outcome.NOT_DONE, "x", a)),
    "close unreached": On(callback=lambda of, a: callbacks.close_unreached(of, "", a)),
    "read a callback": On(callback=callbacks.read),
    "look at a photo": On(photo=execution.photo),
    "hand off": On(lambda of, a: emergencies.hand_off(made.said(ticket=str(of)), a)),
    "hand off by tickets": On(lambda of, a: tickets.hand_off(of, "2026.1", a)),
    "end an emergency": On(lambda of, a: tickets.end_emergency(of, "2026.1", a)),
    "take a ticket back": On(lambda of, a: tickets.take_back(of, "2026.1", a)),
    "read an emergency": On(incident=lambda of, a: emergency_reading.emergency(str(of), a)),
    "amend an emergency": On(incident=lambda of, a: emergencies.amend(of, None, SAID, a)),
    "note": On(incident=lambda of, a: emergencies.add_note(of, "x", a)),
    "add a service": On(incident=lambda of, a: emergencies.add_service(of, "104", a)),
    "take back": On(incident=emergencies.take_back),
    "cancel": On(handoff=lambda of, a: emergencies.cancel(of, "x", a)),
    "reopen a handoff": On(handoff=lambda of, a: emergencies.reopen(of, "x", a)),
    "retry": On(handoff=emergencies.retry),
    "phoned": On(handoff=lambda of, a: emergencies.phoned(of, "x", a)),
}


async def state_of(superuser: asyncpg.Connection, tenant: int) -> str:
    """A digest of everything that belongs to a tenant's tickets."""
    digest: str = await superuser.fetchval(
        """SELECT md5(string_agg(row, '|' ORDER BY row)) FROM (
               SELECT to_jsonb(t)::text AS row FROM dispatch.ticket t WHERE tenant_id = $1
               UNION ALL SELECT to_jsonb(h)::text FROM dispatch.history h WHERE tenant_id = $1
               UNION ALL SELECT to_jsonb(c)::text FROM dispatch.callback c WHERE tenant_id = $1
               UNION ALL SELECT to_jsonb(a)::text FROM dispatch.attachment a WHERE tenant_id = $1
               UNION ALL SELECT to_jsonb(i)::text FROM dispatch.incident i WHERE tenant_id = $1
               UNION ALL SELECT to_jsonb(n)::text FROM dispatch.handoff n WHERE tenant_id = $1
               UNION ALL SELECT to_jsonb(e)::text FROM dispatch.handoff_event e WHERE tenant_id = $1
               UNION ALL SELECT to_jsonb(o)::text FROM chassis.outbox o WHERE tenant_id = $1
               UNION ALL SELECT to_jsonb(u)::text FROM chassis.audit u WHERE tenant_id = $1) r""",
        tenant,
    )
    return digest


@pytest.mark.parametrize("name", VERBS)
async def test_a_foreign_id_and_a_missing_one_are_refused_alike(
    name: str, ours: Side, theirs: Side, superuser: asyncpg.Connection
) -> None:
    verb = VERBS[name]
    tried = [
        (verb.ticket, theirs.opened.id), (verb.ticket, theirs.done.id), (verb.callback, theirs.callback.id),
        (verb.photo, theirs.photo), (verb.incident, theirs.incident.id), (verb.handoff, theirs.handoff.id),
    ]  # fmt: skip
    before = [await state_of(superuser, side.tenant.id) for side in (ours, theirs)]
    for run, foreign in tried:
        if run is None:
            continue
        answers = []
        for wanted in (foreign, uuid7()):
            with pytest.raises(NotFound) as refused:
                await run(wanted, makers.senior(ours.tenant))
            answers.append(
                (type(refused.value), str(refused.value), refused.value.params, refused.value.members())
            )
        assert answers[0] == answers[1]
    assert [await state_of(superuser, side.tenant.id) for side in (ours, theirs)] == before


async def test_a_number_that_another_tenant_gave_is_not_there(ours: Side, theirs: Side) -> None:
    there = makers.operator(theirs.tenant)
    for _ in range(5):
        theirs_only = await makers.opened(there, category="other")

    with pytest.raises(NotFound):
        await reading.ticket(theirs_only.reference, makers.operator(ours.tenant))


async def test_what_is_no_id_at_all_is_not_there_either(ours: Side) -> None:
    for written in (
        "",
        "1",
        "109-26-",
        "109-26-٠٠٠١٢٣",
        "../x",
        "\x00",
        str(uuid7()) + "0",
        "109-26-9999999999",
    ):
        with pytest.raises(NotFound):
            await reading.ticket(written, makers.operator(ours.tenant))


async def test_lists_and_searches_hold_rows_of_the_own_tenant_only(ours: Side, theirs: Side) -> None:
    actor = makers.operator(ours.tenant)
    page = await queue.page(queue.searched(Filter(), "су жоқ", actor), None, 100, actor)
    due = await callbacks.due(None, 100, actor)
    earlier = await calls.earlier(makers.said().phone, actor)

    foreign = {theirs.opened.id, theirs.done.id}
    assert page.rows
    assert not foreign & {row.id for row in page.rows}
    assert not foreign & {callback.ticket_id for callback in due}
    assert not foreign & {ticket.id for ticket in earlier}
    lists = [await emergency_reading.open_ones(actor), await emergency_reading.page(None, 100, actor)]
    assert [{line.incident.id for line in found} for found in lists] == [{ours.incident.id}] * 2
    assert await emergency_reading.of_ticket(theirs.opened.id, actor) == []


async def test_a_number_of_an_emergency_is_there_for_its_own_tenant_only(ours: Side, theirs: Side) -> None:
    foreign = theirs.incident.reference(theirs.tenant.slug)
    with pytest.raises(NotFound):
        await emergency_reading.emergency(foreign, makers.operator(ours.tenant))


@pytest.mark.parametrize("kind", ["receipt", "accept", "close", "cancel", "error", "transfer"])
async def test_what_comes_back_on_ones_own_subject_reaches_no_handoff_of_another(
    kind: str, ours: Side, theirs: Side, superuser: asyncpg.Connection
) -> None:
    """The broker proves for whom a message is; its content may lie."""
    before = await state_of(superuser, theirs.tenant.id)
    more = {"incident": made.told(), "error": made.fault("technical")}
    with_parent = {"parent_handoff_id": theirs.handoff.id} if kind == "transfer" else {}
    of_theirs = replace(theirs.handoff, id=uuid7()) if kind == "transfer" else theirs.handoff
    hub = made.Hub(ours.tenant)
    for named in (ours.incident, theirs.incident):
        await hub.returns(named, of_theirs, kind, 1, **more, **with_parent)

    assert await state_of(superuser, theirs.tenant.id) == before
    assert (await made.put_aside(superuser, ours.tenant))[-2:] == ["unknown_handoff"] * 2
    assert await made.put_aside(superuser, theirs.tenant) == ["ValueError"]


async def test_what_is_addressed_to_another_tenant_is_not_worked_here(
    ours: Side, theirs: Side, superuser: asyncpg.Connection
) -> None:
    before = [await state_of(superuser, side.tenant.id) for side in (ours, theirs)]
    there = made.Hub(theirs.tenant)
    message = there.message(theirs.incident, theirs.handoff, "close", 5)
    with pytest.raises(TenantMismatch):
        await made.Hub(ours.tenant).deliver(encode(message), there.subject(message, "103"))

    assert [await state_of(superuser, side.tenant.id) for side in (ours, theirs)] == before
