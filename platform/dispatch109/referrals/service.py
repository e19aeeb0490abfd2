"""The verbs of a referral: a ticket is offered to another tenant, taken over or refused there, and ends there.

`send` may be called inside a running unit of the tenant: it raises Refused before anything is written.
"""

from dataclasses import replace
from typing import Literal
from uuid import UUID

from chassis109.bus.announce import announce, wake
from chassis109.kernel import clock
from chassis109.kernel.errors import NotFound
from chassis109.kernel.ids import uuid7
from chassis109.kernel.messages import OutboxMessage
from chassis109.kernel.sealed_box import NotForUs
from chassis109.kernel.text import Form
from chassis109.store import journal
from chassis109.store.unit import after_commit, transaction
from dispatch109.contacts import service as contacts
from dispatch109.contacts.model import Contact
from dispatch109.referrals import messages, model, repository, sealing
from dispatch109.referrals.model import Referral, State
from dispatch109.referrals.sealing import Content
from dispatch109.tickets import messages as ticket_messages
from dispatch109.tickets import repository as ticket_rows
from dispatch109.tickets import service as tickets
from dispatch109.tickets.model import Origin, Ticket
from dispatch109.tickets.service import Move, Request
from identity109.actor import Actor, spoken
from region109.contract import ReferralAnswer
from tenancy109 import directory

MOST_REASON = 2000
_SAID: dict[State, Literal["accepted", "refused", "withdrawn"]] = {
    State.ACCEPTED: "accepted", State.REFUSED: "refused", State.WITHDRAWN: "withdrawn",
}  # fmt: skip


async def send(
    ticket_id: UUID, version: int | None, to: str, reason: str, actor: Actor, mandate: UUID | None = None
) -> Referral:
    """Offer a ticket to another tenant; its duties stay here, and its clocks go on, until that one accepts.

    Raises WrongState once the work has begun, StillUnanswered, ReferredToItself, NoSuchTenant, ReferredInACircle.
    """
    form = Form()
    said = form.text("reason", reason, most=MOST_REASON, required=True)
    form.done()
    here, known = actor.here.slug, await directory.find(to)
    async with transaction(actor.tenant_id):
        ticket = await _ticket(ticket_id, actor)
        before = await repository.of_ticket(ticket.id)
        brought = next((one for one in before if one.side == "in"), None)
        chain = [*(brought.chain if brought else ()), here]
        model.require_target(to, here, chain, known=known is not None)
        model.require_offerable(ticket, version)
        if any(one.side == "out" and one.waits for one in before):
            raise model.StillUnanswered
        key = await repository.key_of(to)
        if key is None:
            raise model.NoKeyYet
        referral = _offer(ticket, chain, to, said, actor, mandate)
        place = sealing.bound_to(referral.id, here, to)
        box = sealing.sealed(await _content(ticket, actor), key[1], place)
        await repository.insert(referral)
        await step(referral, actor, "refer", note=said)
        sealed = replace(referral, key_id=key[0], sealed=box)
        await tell(referral, actor, "send", messages.offer(sealed, here))
        return referral


async def accept(referral_id: UUID, category: str, actor: Actor) -> Ticket:
    """Take the ticket over: it gets a number of this tenant, is routed here, and keeps its own two clocks."""
    async with transaction(actor.tenant_id):
        referral = await _offered(referral_id)
        content = unsealed(referral, actor)
        if content is None:
            raise model.CannotBeOpened
        contact = Contact(uuid7(), content.name, content.phone, content.language)
        request = Request(
            category, content.text, content.address, content.landmark, content.point, referral.priority
        )
        came = Origin(
            referral.chain[0], referral.reference, referral.opened_at, referral.due_at, referral.statutory_due
        )
        ticket = await tickets.open_(request, contact, actor, came=came)
        await _decide(replace(referral, ticket_id=ticket.id), State.ACCEPTED, "", actor, ticket.reference)
        return ticket


async def refuse(referral_id: UUID, reason: str, actor: Actor) -> Referral:
    """It stays with the sender, who reads the reason."""
    form = Form()
    said = form.text("reason", reason, most=MOST_REASON, required=True)
    form.done()
    async with transaction(actor.tenant_id):
        return await _decide(await _offered(referral_id), State.REFUSED, said, actor)


async def withdraw(referral_id: UUID, reason: str, actor: Actor) -> Referral:
    """Ask for an unanswered offer back. It waits on until the other side says that it is withdrawn, or has decided
    before that; raises AlreadyWithdrawn, AlreadyDecided."""
    form = Form()
    said = form.text("reason", reason, most=MOST_REASON)
    form.done()
    async with transaction(actor.tenant_id):
        referral = await _held(referral_id)
        if referral.side != "out":
            raise NotFound
        if referral.withdrawn_at is not None and (referral.waits or referral.state is State.WITHDRAWN):
            raise model.AlreadyWithdrawn
        if not referral.waits:
            raise model.AlreadyDecided
        now = clock.now()
        asked = replace(
            referral, version=referral.version + 1, withdrawn_at=now, withdrawn_by=actor.name, withdrawal=said
        )
        await repository.save(asked)
        await step(asked, actor, "refer_withdraw", note=said)
        await tell(asked, actor, "withdraw", messages.withdrawal(asked, actor.here.slug, now))
        return asked


async def give_back(referral: Referral, actor: Actor) -> None:
    """What was asked back before anybody decided: it is gone here, and the sender hears it. In the consumer's unit."""
    await _decide(referral, State.WITHDRAWN, "", actor)


async def refuse_by_rule(referral: Referral, rule: str, actor: Actor) -> None:
    """What nobody has to decide: a circle, or what does not open. In the consumer's unit."""
    await _decide(referral, State.REFUSED, rule, actor)


async def note_told(referral_id: UUID, actor: Actor) -> Referral:
    """The applicant knows who is responsible now; raises NobodyToTell."""
    async with transaction(actor.tenant_id):
        referral = await _held(referral_id)
        if not referral.to_tell:
            raise model.NobodyToTell
        told = replace(referral, version=referral.version + 1, told_at=clock.now(), told_by=actor.name)
        await repository.save(told)
        await step(told, actor, "refer_told")
        await tell(told, actor, "tell")
        return told


async def publish_keys(tenants: dict[int, str]) -> None:
    """Let other tenants seal for these (id → slug); what was sealed for an older key still opens."""
    keys = [
        (slug, key_id, sealing.public_key(private), number == 0)
        for tenant, slug in tenants.items()
        for number, (key_id, private) in enumerate(contacts.box_keys(tenant).items())
    ]
    if keys:
        async with transaction(None):
            await repository.publish_keys(keys)


def unsealed(referral: Referral, actor: Actor) -> Content | None:
    """The person and what was said, of a referral that was offered here; None when it does not open."""
    private = contacts.box_keys(actor.here.id).get(referral.key_id or "")
    if private is None or referral.sealed is None:
        return None
    place = sealing.bound_to(referral.id, referral.other_slug, actor.here.slug)
    try:
        return sealing.unsealed(private, referral.sealed, place)
    except NotForUs:
        return None


def _offer(
    ticket: Ticket, chain: list[str], to: str, reason: str, actor: Actor, mandate: UUID | None
) -> Referral:
    return Referral(
        id=uuid7(), side="out", other_slug=to, ticket_id=ticket.id,
        reference=ticket.origin_reference or ticket.reference, other_reference=None, chain=chain,
        category_code=ticket.category_code, priority=ticket.priority, opened_at=ticket.opened_at, due_at=ticket.due_at,
        statutory_due=ticket.statutory_due, reason=reason, mandate_id=mandate, state=State.SENT, version=1, answers=0,
        sent_at=clock.now(), sent_by=actor.name, key_id=None, sealed=None,
    )  # fmt: skip


async def _content(ticket: Ticket, actor: Actor) -> Content:
    kept = await ticket_rows.contact(ticket.contact_id)
    if kept is None:
        raise NotFound
    person = contacts.unseal(actor.here.id, kept)
    return Content(
        name=person.name, phone=person.phone, language=spoken(person.language), text=ticket.text,
        address=ticket.address, landmark=ticket.landmark, point=ticket.point,
    )  # fmt: skip


async def _decide(
    referral: Referral, to: State, reason: str, actor: Actor, reference: str | None = None
) -> Referral:
    """Decide what was offered; nothing of the sealed part stays."""
    decided = referral.moved(
        to,
        answers=referral.answers + 1,
        sealed=None,
        decided_at=clock.now(),
        decided_by=actor.name,
        decision=reason,
    )
    await repository.save(decided)
    answer = ReferralAnswer(
        id=decided.id, sender=decided.other_slug, receiver=actor.here.slug, sequence=decided.answers,
        state=_SAID[to], at=clock.now(), by=actor.name, reason=reason, reference=reference, ticket_state=None,
        confirmed=None,
    )  # fmt: skip
    await tell(decided, actor, _SAID[to], ticket_messages.across(answer))
    return decided


async def _ticket(ticket_id: UUID, actor: Actor) -> Ticket:
    ticket = await ticket_rows.get(ticket_id)
    if ticket is None or not tickets.reaches(actor, ticket):
        raise NotFound
    return ticket


async def _held(referral_id: UUID) -> Referral:
    referral = await repository.get(referral_id)
    if referral is None:
        raise NotFound
    return referral


async def _offered(referral_id: UUID) -> Referral:
    referral = await _held(referral_id)
    if referral.side != "in":
        raise NotFound
    if referral.state is State.WITHDRAWN:
        raise model.AlreadyWithdrawn
    if referral.state is not State.OFFERED:
        raise model.AlreadyDecided
    return referral


async def step(referral: Referral, actor: Actor, verb: str, note: str = "") -> None:
    """A line in the timeline of this side's ticket, which stays where it is."""
    if referral.ticket_id is None:
        return
    ticket = await ticket_rows.get(referral.ticket_id)
    if ticket is not None:
        detail: dict[str, object] = {"referral": str(referral.id), "other": referral.other_slug}
        await tickets.move(ticket, actor, Move(verb, ticket.state, note, detail))


async def tell(referral: Referral, actor: Actor, verb: str, *outbox: OutboxMessage) -> None:
    """Audit, the message to the other tenant, and the open screens; no word of anybody in the audit."""
    detail: dict[str, object] = {
        "side": referral.side, "other": referral.other_slug, "state": referral.state.value,
        "reference": referral.reference,
    }  # fmt: skip
    if referral.mandate_id:
        detail["mandate"] = str(referral.mandate_id)
    entry = journal.AuditEntry(f"referral.{verb}", "referral", str(referral.id), detail)
    await journal.write(actor.person, actor.kind, [entry], outbox)
    slug = actor.here.slug
    after_commit(lambda: announce(slug, "referral", str(referral.id), referral.version))
    if outbox:
        after_commit(wake)
