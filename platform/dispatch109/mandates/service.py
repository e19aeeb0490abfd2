"""The verbs of a mandate: the region's orders are carried out or refused by this tenant's rules, and answered."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from chassis109.bus.announce import announce, wake
from chassis109.kernel import clock
from chassis109.kernel.errors import NotFound, Refused
from chassis109.kernel.text import Form
from chassis109.store import journal
from chassis109.store.unit import after_commit, transaction
from dispatch109.mandates import repository
from dispatch109.mandates.model import AlreadyAnswered, Mandate, NotCarriedOut, State
from dispatch109.referrals import service as referrals
from dispatch109.tickets import repository as ticket_rows
from dispatch109.tickets import service as tickets
from dispatch109.tickets.model import OPEN, Ticket
from dispatch109.tickets.service import Move
from identity109.actor import Actor
from region109 import contract
from region109.contract import MandateAnswer, encode
from tenancy109.model import Tenant

AT_ONCE = 1
MOST_ANSWER = 4000


async def receive(order: contract.Mandate, tenant: Tenant) -> None:
    """Carry an order out under the name of who gave it, inside the consumer's unit; once for each id.

    What the rules of this tenant do not allow is refused with the reason, and nothing else is changed.
    """
    actor = Actor.region(tenant, order.issued_by, order.issued_name)
    mandate = Mandate.of(order, clock.now())
    if not await repository.insert(mandate):
        return
    await _tell(mandate, actor, "receive", answer=True)
    try:
        done = await _carry_out(mandate, actor)
    except Refused as refused:  # before anything was written
        why = refused.why if isinstance(refused, NotCarriedOut) else refused.problem_type()
        await _end(mandate, "refused", why, actor, tenant.names["kk"])
    else:
        if done:
            await _end(mandate, "executed", "", actor, tenant.names["kk"])


async def answer(mandate_id: UUID, text: str, actor: Actor) -> Mandate:
    """The head's report, which the region reads; raises AlreadyAnswered."""
    form = Form()
    said = form.text("text", text, most=MOST_ANSWER, required=True)
    form.done()
    async with transaction(actor.tenant_id):
        mandate = await _held(mandate_id)
        if not mandate.waits:
            raise AlreadyAnswered
        return await _end(_seen(mandate, actor), "executed", said, actor, actor.name)


async def take_note(mandate_id: UUID, actor: Actor) -> Mandate:
    """The head has seen what the region ordered."""
    async with transaction(actor.tenant_id):
        mandate = await _held(mandate_id)
        if mandate.seen_at is not None:
            return mandate
        seen = replace(_seen(mandate, actor), version=mandate.version + 1)
        await repository.save(seen)
        await _tell(seen, actor, "see")
        return seen


async def page(after: tuple[datetime, UUID] | None, most: int, actor: Actor) -> list[Mandate]:
    """Orders after the keyset (received_at, id), the latest first."""
    async with transaction(actor.tenant_id):
        return await repository.page(after, most)


async def read(mandate_id: UUID, actor: Actor) -> Mandate:
    """One order; raises NotFound."""
    async with transaction(actor.tenant_id):
        return await _held(mandate_id)


async def unseen(actor: Actor) -> tuple[int, int]:
    """How many wait for an answer, and how many others nobody has taken note of."""
    async with transaction(actor.tenant_id):
        return await repository.unseen()


async def _carry_out(mandate: Mandate, actor: Actor) -> bool:
    """Whether that was all; False when the head must answer. Raises Refused before anything is written."""
    if clock.now() > mandate.deadline:
        raise NotCarriedOut("too-late")
    if mandate.ticket_id is None:
        return False
    ticket = await ticket_rows.get(mandate.ticket_id)
    if ticket is None or ticket.reference != mandate.reference:
        raise NotCarriedOut("no-such-ticket")
    if mandate.kind == "report":
        return False
    if ticket.state not in OPEN:
        raise NotCarriedOut("ticket-has-ended")
    if mandate.kind == "escalate":
        await _escalate(ticket, mandate, actor)
    else:  # executed when it is sent: its facts tell what becomes of it
        await referrals.send(ticket.id, None, mandate.to_slug or "", mandate.reason, actor, mandate.id)
    return True


async def _escalate(ticket: Ticket, mandate: Mandate, actor: Actor) -> None:
    detail: dict[str, object] = {"mandate": str(mandate.id), "priority": AT_ONCE}
    await tickets.move(
        ticket, actor, Move("escalate", ticket.state, mandate.reason, detail), priority=AT_ONCE
    )


async def _held(mandate_id: UUID) -> Mandate:
    mandate = await repository.get(mandate_id)
    if mandate is None:
        raise NotFound
    return mandate


def _seen(mandate: Mandate, actor: Actor) -> Mandate:
    if mandate.seen_at is not None:
        return mandate
    return replace(mandate, seen_at=clock.now(), seen_by=actor.name)


async def _end(mandate: Mandate, state: State, text: str, actor: Actor, by: str) -> Mandate:
    ended = replace(
        mandate,
        state=state,
        version=mandate.version + 1,
        answered_at=clock.now(),
        answered_by=by,
        answer=text,
    )
    await repository.save(ended)
    await _tell(ended, actor, "execute" if state == "executed" else "refuse", answer=True)
    return ended


async def _tell(mandate: Mandate, actor: Actor, verb: str, *, answer: bool = False) -> None:
    """Audit, and what the region is told: nothing of it is in the feed, because it may hold words."""
    tenant, outbox = actor.here, list[journal.OutboxMessage]()
    if answer:
        told = MandateAnswer(
            id=mandate.id,
            tenant=tenant.slug,
            state=mandate.state,
            at=mandate.answered_at or mandate.received_at,
            by=mandate.answered_by or tenant.names["kk"],
            text=mandate.answer or "",
        )
        outbox.append(
            journal.OutboxMessage(contract.answer(tenant.slug), f"mandate:{mandate.id}", encode(told))
        )
    detail: dict[str, object] = {"kind": mandate.kind, "state": mandate.state}
    if mandate.ticket_id:
        detail["ticket"] = str(mandate.ticket_id)
    if mandate.state == "refused":
        detail["why"] = mandate.answer
    entry = journal.AuditEntry(f"mandate.{verb}", "mandate", str(mandate.id), detail)
    await journal.write(actor.person, actor.kind, [entry], outbox)
    after_commit(lambda: announce(tenant.slug, "mandate", str(mandate.id), mandate.version))
    after_commit(wake)
