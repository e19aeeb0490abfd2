"""What another tenant says about a referral, as it takes effect here. Runs inside the consumer's unit of work.

A ticket that was offered stays with its tenant until the answer comes, and may go on meanwhile: the work may begin,
be done, or the emergency services may take it. An acceptance then still counts: the other tenant has opened its own
ticket already. As long as the work is not done, the ticket here is referred, whatever it had reached. Otherwise it
stays as it is, its timeline says that both crossed, and the applicant must still be told who works on it too.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

from chassis109.bus.consumer import NotYet
from chassis109.kernel import clock
from chassis109.kernel.messages import Delivery, OutboxMessage
from dispatch109.referrals import repository, sealing, service
from dispatch109.referrals.model import GIVEN_UP_FROM, LOOP, UNREADABLE, Referral, State
from dispatch109.tickets import origin
from dispatch109.tickets import repository as ticket_rows
from dispatch109.tickets import service as tickets
from dispatch109.tickets.model import ENDED
from dispatch109.tickets.model import State as TicketState
from dispatch109.tickets.service import Move
from identity109.actor import Actor
from region109 import contract
from region109.contract import MessageRefused, ReferralAnswer, ReferralWithdrawn
from tenancy109.model import Tenant


async def receive(offer: contract.Referral, tenant: Tenant) -> None:
    """Note an offer, once for each id. A circle, and what does not open here, is refused at once with its rule.
    Raises MessageRefused for an id that is known as something else."""
    _require_typed(offer.reason, offer.sent_by)
    actor, referral = Actor.system(tenant), _offered(offer)
    if not await repository.insert(referral):
        known = await repository.find(offer.id)
        if known is None or (known.side, known.other_slug) != ("in", offer.sender):
            raise MessageRefused("known-id")
        return
    await service.tell(referral, actor, "receive")
    if tenant.slug in offer.chain or offer.chain[-1] != offer.sender:
        await service.refuse_by_rule(referral, LOOP, actor)
    elif service.unsealed(referral, actor) is None:
        await service.refuse_by_rule(referral, UNREADABLE, actor)


async def withdrawn(wish: ReferralWithdrawn, tenant: Tenant, delivery: Delivery) -> None:
    """The sender wants an offer back. Who has not decided gives it back; otherwise the answer counts, and both sides
    see that they crossed. Raises MessageRefused for what that tenant never offered."""
    _require_typed(wish.by, wish.reason)
    referral = await repository.get(wish.id)
    if referral is None and delivery.young:
        raise NotYet
    if referral is None or (referral.side, referral.other_slug) != ("in", wish.sender):
        raise MessageRefused("no-such-referral")
    if referral.withdrawn_at is not None:
        return
    actor = Actor.system(tenant)
    asked = replace(referral, withdrawn_at=wish.at, withdrawn_by=wish.by, withdrawal=wish.reason)
    if asked.state is State.OFFERED:
        await service.give_back(asked, actor)
        return
    crossed = replace(asked, version=asked.version + 1)
    await repository.save(crossed)
    await service.step(crossed, actor, "refer_asked_back", note=wish.reason)
    await service.tell(crossed, actor, "withdraw")


async def answered(answer: ReferralAnswer, tenant: Tenant, delivery: Delivery) -> None:
    """What became of a ticket that this tenant offered. An answer heard before is silent; one whose predecessor is
    missing waits for it a while, and then makes up for it. Raises MessageRefused, before anything is written, for a
    referral that is not ours, or not that tenant's, or was refused by it."""
    _require_typed(answer.by, answer.reason)
    referral = await repository.get(answer.id)
    if referral is None or (referral.side, referral.other_slug) != ("out", answer.receiver):
        raise MessageRefused("no-such-referral")
    if answer.sequence <= referral.answers:
        return
    if answer.sequence > referral.answers + 1 and delivery.young:
        raise NotYet
    steps = _STEPS.get((referral.state, answer.state))
    if steps is None or not _fits(answer, referral):
        raise MessageRefused("state")
    actor, referral = Actor.system(tenant), replace(referral, answers=answer.sequence)
    for step in steps:
        referral = await step(referral, answer, actor)


def _fits(answer: ReferralAnswer, referral: Referral) -> bool:
    """Whether an answer says what its state needs, and nothing is withdrawn that was not asked back."""
    asked = answer.state != "withdrawn" or referral.withdrawn_at is not None
    passed = (answer.state == "passed_on") == (answer.passed_to is not None)
    return asked and passed and (answer.state == "ended") == (answer.ticket_state in _ENDS)


def _require_typed(*words: str) -> None:
    if not sealing.typed(*words):
        raise MessageRefused("characters")


def _offered(offer: contract.Referral) -> Referral:
    return Referral(
        id=offer.id, side="in", other_slug=offer.sender, ticket_id=None, reference=offer.reference,
        other_reference=None, chain=list(offer.chain), category_code=offer.category, priority=offer.priority,
        opened_at=offer.opened_at, due_at=offer.due_at, statutory_due=offer.statutory_due, reason=offer.reason,
        mandate_id=offer.mandate, state=State.OFFERED, version=1, answers=0, sent_at=offer.sent_at,
        sent_by=offer.sent_by, key_id=offer.key_id, sealed=offer.sealed,
    )  # fmt: skip


async def _accepted(referral: Referral, answer: ReferralAnswer, actor: Actor) -> Referral:
    """The duties are the other tenant's: the ticket is referred here, and the applicant must be told."""
    moved = referral.moved(State.ACCEPTED, other_reference=answer.reference, **_decided(answer))
    detail = _detail(moved, answer)
    back: list[OutboxMessage] = []
    ticket = await ticket_rows.get(moved.ticket_id) if moved.ticket_id else None
    if ticket is not None and ticket.state in GIVEN_UP_FROM:
        await ticket_rows.end_assignment(ticket.id, "referred")
        gone: dict[str, Any] = {"react_by": None, "paused_at": None, "closed_at": clock.now()}
        await tickets.move(ticket, actor, Move("refer_accepted", TicketState.REFERRED, "", detail), **gone)
        back = await origin.passed_on(ticket.id, actor, moved.other_slug, answer.reference)
    elif ticket is not None:
        await tickets.move(ticket, actor, Move("refer_crossed", ticket.state, "", detail))
    if moved.crossed:
        await service.step(moved, actor, "refer_too_late")
    return await _told(moved, actor, "accepted", back)


async def _refused(referral: Referral, answer: ReferralAnswer, actor: Actor) -> Referral:
    moved = referral.moved(State.REFUSED, **_decided(answer))
    rule = answer.reason if answer.reason in (LOOP, UNREADABLE) else ""
    detail = _detail(moved, answer) | ({"rule": rule} if rule else {})
    await _step(
        moved, actor, Move("refer_refused", TicketState.REFERRED, "" if rule else answer.reason, detail)
    )
    return await _told(moved, actor, "refused")


async def _withdrawn(referral: Referral, answer: ReferralAnswer, actor: Actor) -> Referral:
    """It is ours alone again, and may be offered to others."""
    moved = referral.moved(State.WITHDRAWN)
    await _step(moved, actor, Move("refer_withdrawn", TicketState.REFERRED, "", _detail(moved, answer)))
    return await _told(moved, actor, "withdrawn")


async def _passed_on(referral: Referral, answer: ReferralAnswer, actor: Actor) -> Referral:
    """Where it went from there; the duties are not ours either way."""
    moved = replace(
        referral,
        version=referral.version + 1,
        passed_to=answer.passed_to,
        passed_reference=answer.passed_reference,
    )
    detail = _detail(moved, answer) | {"to": answer.passed_to, "number": answer.passed_reference}
    await _step(moved, actor, Move("refer_passed_on", TicketState.REFERRED, "", detail))
    back: list[OutboxMessage] = []
    if moved.ticket_id and answer.passed_to:
        back = await origin.passed_on(moved.ticket_id, actor, answer.passed_to, answer.passed_reference)
    return await _told(moved, actor, "passed_on", back)


async def _ended(referral: Referral, answer: ReferralAnswer, actor: Actor) -> Referral:
    moved = referral.moved(
        State.ENDED, ended_at=answer.at, ended_as=answer.ticket_state, confirmed=answer.confirmed
    )
    detail = _detail(moved, answer) | {"ended_as": answer.ticket_state}
    await _step(moved, actor, Move("refer_ended", TicketState.REFERRED, "", detail))
    return await _told(moved, actor, "ended", await _back(moved, actor, answer.ticket_state))


async def _reopened(referral: Referral, answer: ReferralAnswer, actor: Actor) -> Referral:
    moved = referral.moved(State.ACCEPTED, ended_at=None, ended_as=None, confirmed=None)
    await _step(moved, actor, Move("refer_reopened", TicketState.REFERRED, "", _detail(moved, answer)))
    return await _told(moved, actor, "reopened", await _back(moved, actor, None))


async def _noted(referral: Referral, _answer: ReferralAnswer, _actor: Actor) -> Referral:
    """It went on there before we heard that it had ended: nothing is new."""
    await repository.save(referral)
    return referral


_STEPS: dict[
    tuple[State, str], tuple[Callable[[Referral, ReferralAnswer, Actor], Awaitable[Referral]], ...]
] = {
    (State.SENT, "accepted"): (_accepted,),
    (State.SENT, "refused"): (_refused,),
    (State.SENT, "ended"): (_accepted, _ended),
    (State.SENT, "reopened"): (_accepted,),
    (State.SENT, "withdrawn"): (_withdrawn,),
    (State.SENT, "passed_on"): (_accepted, _passed_on),
    (State.ACCEPTED, "passed_on"): (_passed_on,),
    (State.ACCEPTED, "ended"): (_ended,),
    (State.ACCEPTED, "reopened"): (_noted,),
    (State.ENDED, "reopened"): (_reopened,),
    (State.ENDED, "passed_on"): (_reopened, _passed_on),
    (State.ENDED, "ended"): (_reopened, _ended),
}
"""What an answer changes, with what those before it would have changed that never came. No other may come."""
_ENDS = frozenset(state.value for state in ENDED)


def _decided(answer: ReferralAnswer) -> dict[str, Any]:
    return {"decided_at": answer.at, "decided_by": answer.by, "decision": answer.reason}


def _detail(referral: Referral, answer: ReferralAnswer) -> dict[str, object]:
    said: dict[str, object] = {"referral": str(referral.id), "other": referral.other_slug, "by": answer.by}
    return said | ({"number": answer.reference} if answer.reference else {})


async def _step(referral: Referral, actor: Actor, move: Move) -> None:
    """A line in the timeline of the ticket, which stays in its state."""
    ticket = await ticket_rows.get(referral.ticket_id) if referral.ticket_id else None
    if ticket is not None:
        await tickets.move(ticket, actor, replace(move, to=ticket.state))


async def _back(referral: Referral, actor: Actor, ended_as: str | None) -> list[OutboxMessage]:
    """What ended there, or goes on again, for the tenant from which this one has the ticket."""
    if referral.ticket_id is None:
        return []
    return await origin.answered(referral.ticket_id, actor, ended_as, confirmed=referral.confirmed)


async def _told(referral: Referral, actor: Actor, verb: str, back: Sequence[OutboxMessage] = ()) -> Referral:
    await repository.save(referral)
    await service.tell(referral, actor, verb, *back)
    return referral
