"""The verbs of a callback: plan, record an attempt, close when nobody can be reached."""

from datetime import datetime
from uuid import UUID

from chassis109.bus.announce import announce
from chassis109.kernel import clock
from chassis109.kernel.errors import FieldError, Invalid, NotFound
from chassis109.kernel.ids import uuid7
from chassis109.store import journal
from chassis109.store.unit import after_commit, transaction
from dispatch109.callbacks import repository
from dispatch109.callbacks.model import (
    DUE_WITHIN,
    Attempt,
    Callback,
    Outcome,
    Owed,
    TooFewAttempts,
    next_hour,
)
from dispatch109.contacts import service as contacts
from dispatch109.tickets import service as tickets
from dispatch109.tickets.model import Ticket
from identity109.actor import Actor


async def plan(ticket: Ticket, actor: Actor) -> Callback:
    """Owe the applicant a call, in the unit in which the work was reported done."""
    now = clock.now()
    callback = Callback(uuid7(), ticket.id, ticket.contact_id, "due", 1, now, now, now + DUE_WITHIN, None, ())
    await repository.insert(callback)
    await _tell(callback, actor, "plan")
    return callback


async def plan_incident(incident_id: UUID, contact_id: UUID, actor: Actor) -> None:
    """Owe the applicant a call about an emergency without a ticket, unless one is due already."""
    if any(callback.ended_at is None for callback in await repository.of_incident(incident_id)):
        return
    now = clock.now()
    callback = Callback(
        uuid7(), None, contact_id, "due", 1, now, now, now + DUE_WITHIN, None, (), incident_id
    )
    await repository.insert(callback)
    await _tell(callback, actor, "plan")


async def record(callback_id: UUID, outcome: Outcome, note: str, actor: Actor) -> Callback:
    """Record an attempt: confirmed closes the ticket, not_done reopens it (the note is the reason), unreachable
    asks for another attempt at a different hour. An emergency without a ticket stands among the open ones again
    until the senior, to whom its card shows what is not done, has acted. Raises CallbackEnded, SameHour.
    """
    if outcome is Outcome.NOT_DONE and not note:
        raise Invalid(FieldError("note", "required", "Write what is not done: the service needs the reason."))
    async with transaction(actor.tenant_id):
        callback, now = await _open(callback_id), clock.now()
        if outcome is Outcome.UNREACHABLE:
            callback.require_new_hour(now)
        attempt = Attempt(len(callback.attempts) + 1, now, outcome, note)
        state = "due" if outcome is Outcome.UNREACHABLE else outcome.value
        await repository.add_attempt(callback, attempt, actor.subject, state, next_hour(now))
        await _tell(callback, actor, f"attempt_{outcome.value}")
        if outcome is Outcome.CONFIRMED and callback.ticket_id:
            await tickets.close(callback.ticket_id, note, actor, confirmed=True)
        elif outcome is Outcome.NOT_DONE and callback.ticket_id:
            await tickets.reopen(callback.ticket_id, note, actor)
        elif outcome is Outcome.NOT_DONE and callback.incident_id:
            await repository.open_again(callback.incident_id)
        return await _again(callback_id)


async def close_unreached(callback_id: UUID, note: str, actor: Actor) -> Callback:
    """Close the ticket of an applicant whom three attempts at different hours did not reach."""
    async with transaction(actor.tenant_id):
        callback = await _open(callback_id)
        if not callback.closable:
            raise TooFewAttempts(count=len(callback.hours_tried))
        await repository.end(callback.id, "unreached", clock.now())
        await _tell(callback, actor, "close_unreached")
        if callback.ticket_id:
            await tickets.close(callback.ticket_id, note, actor, confirmed=False)
        return await _again(callback_id)


async def due(after: tuple[datetime, UUID] | None, most: int, actor: Actor) -> list[Callback]:
    """Open callbacks after the keyset (due_at, id), the soonest due first."""
    async with transaction(actor.tenant_id):
        return await repository.due(after, most)


async def board(after: tuple[datetime, UUID] | None, most: int, actor: Actor) -> list[Owed]:
    """The same with what the operator needs to phone: ticket, and the applicant in the clear."""
    async with transaction(actor.tenant_id):
        rows = await repository.board(after, most)
    return [Owed(callback, about, contacts.unseal(actor.here.id, sealed)) for callback, about, sealed in rows]


async def of_ticket(ticket_id: UUID, actor: Actor) -> list[Callback]:
    """All callbacks of a ticket that the actor has read, oldest first."""
    async with transaction(actor.tenant_id):
        return await repository.of_ticket(ticket_id)


async def of_incident(incident_id: UUID, actor: Actor) -> list[Callback]:
    """All callbacks of an emergency without a ticket, oldest first."""
    async with transaction(actor.tenant_id):
        return await repository.of_incident(incident_id)


async def read(callback_id: UUID, actor: Actor) -> Callback:
    """A callback as it is now."""
    async with transaction(actor.tenant_id):
        return await _again(callback_id)


async def _open(callback_id: UUID) -> Callback:
    callback = await _again(callback_id)
    callback.require_open()
    return callback


async def _again(callback_id: UUID) -> Callback:
    callback = await repository.get(callback_id)
    if callback is None:
        raise NotFound
    return callback


async def _tell(callback: Callback, actor: Actor, verb: str) -> None:
    about = {"ticket": callback.ticket_id, "incident": callback.incident_id}
    detail: dict[str, object] = {name: str(value) for name, value in about.items() if value}
    entry = journal.AuditEntry(f"callback.{verb}", "callback", str(callback.id), detail)
    await journal.write(actor.person, actor.kind, [entry])
    after_commit(lambda: announce(actor.here.slug, "callback", str(callback.id), callback.version + 1))
    if callback.incident_id is not None:
        incident = str(callback.incident_id)
        after_commit(lambda: announce(actor.here.slug, "emergency", incident, callback.version + 1))
