"""The verbs of a mandate: it is issued here, carried out or refused in the tenant, and its answer is kept."""

from dataclasses import replace
from datetime import datetime
from typing import cast
from uuid import UUID

from chassis109.bus.announce import announce, wake
from chassis109.kernel import clock
from chassis109.kernel.errors import NotFound
from chassis109.kernel.ids import uuid7
from chassis109.kernel.text import Form
from chassis109.store import journal
from chassis109.store.idempotency import RequestKey, claim, once
from chassis109.store.unit import after_commit, transaction
from identity109.actor import Actor
from region109 import contract
from region109.contract import MANDATE_KINDS, MandateAnswer, MandateKind, MessageRefused, encode
from region109.mandates import repository
from region109.mandates.model import LONGEST, MOST_REASON, RANK, Mandate, Wish
from region109.territories import service as territories
from region109.territories.model import HOME_ID
from tenancy109.model import REGION

MOST_WAITING = 200


async def issue(wish: Wish, actor: Actor, key: RequestKey | None = None) -> Mandate:
    """Order it, once for each Idempotency-Key. Raises Invalid with every field that must be corrected."""
    mandate = await _checked(wish, actor)

    async def record() -> Mandate:
        async with transaction(actor.tenant_id):
            await claim(key, mandate.id)
            await repository.insert(mandate)
            order = contract.Mandate(
                id=mandate.id, tenant=mandate.territory, kind=mandate.kind, ticket=mandate.ticket_id,
                reference=mandate.reference, to=mandate.to, reason=mandate.reason, deadline=mandate.deadline,
                issued_at=mandate.issued_at, issued_by=mandate.issued_by, issued_name=mandate.issued_name,
            )  # fmt: skip
            message = journal.OutboxMessage(
                contract.mandate(mandate.territory), str(mandate.id), encode(order), mandate.id
            )
            await _tell(mandate, actor, "issue", [message])
            after_commit(wake)
        return mandate

    return await once(HOME_ID, key, record, lambda of: read(of, actor))


async def take(answer: MandateAnswer) -> None:
    """What a tenant answered, inside the consumer's unit. An answer moves a mandate up, never down; raises
    MessageRefused for what was never ordered there."""
    mandate = await repository.get(answer.id)
    if mandate is None or mandate.territory != answer.tenant:
        raise MessageRefused("unknown-mandate")
    if RANK[answer.state] <= RANK[mandate.state]:
        return
    now = clock.now()
    moved = replace(
        mandate, state=answer.state, version=mandate.version + 1, received_at=mandate.received_at or now
    )
    if not moved.open:
        moved = replace(moved, answered_at=answer.at, answered_by=answer.by, answer=answer.text)
    await repository.save(moved)
    await _tell(moved, None, answer.state)


async def read(mandate_id: UUID, actor: Actor) -> Mandate:
    """One order; raises NotFound."""
    async with transaction(actor.tenant_id):
        found = await repository.get(mandate_id)
    if found is None:
        raise NotFound
    return found


async def waiting(territory: str, actor: Actor) -> list[Mandate]:
    """What is not answered, the nearest deadline first; of one territory when it is named."""
    async with transaction(actor.tenant_id):
        return list(await repository.waiting(territory, MOST_WAITING))


async def answered(
    territory: str, after: tuple[datetime, UUID] | None, most: int, actor: Actor
) -> list[Mandate]:
    """What is answered, after the keyset (issued_at, id), the latest first."""
    async with transaction(actor.tenant_id):
        return await repository.answered(territory, after, most)


async def late(actor: Actor) -> int:
    """How many answers are overdue."""
    async with transaction(actor.tenant_id):
        return await repository.late(clock.now())


async def reference(territory: str, ticket_id: UUID, actor: Actor) -> str | None:
    """The number of a ticket of this territory; None when the region knows none such."""
    async with transaction(actor.tenant_id):
        return await repository.ticket(territory, ticket_id)


async def _checked(wish: Wish, actor: Actor) -> Mandate:
    form, now = Form(), clock.now()
    slugs = {one.slug for one in await territories.all_() if one.active}
    territory = form.choice("territory", wish.territory, slugs)
    kind = cast(MandateKind, form.choice("kind", wish.kind, set(MANDATE_KINDS)))
    reason = form.text("reason", wish.reason, most=MOST_REASON, required=True)
    to = form.choice("to", wish.to, slugs - {territory}) if kind == "refer" else ""
    number = await reference(territory, wish.ticket, actor) if territory and wish.ticket else None
    if wish.ticket is not None and territory and number is None:
        form.refuse("ticket", "unknown", "The region knows no such ticket of this territory.")
    elif wish.ticket is None and kind in {"escalate", "refer"}:
        form.refuse("ticket", "required", "Say which ticket is meant.")
    if wish.deadline is None or not now < wish.deadline <= now + LONGEST:
        form.refuse("deadline", "range", "The deadline lies in the future, at most 30 days ahead.")
    form.done()
    return Mandate(
        id=uuid7(), territory=territory, kind=kind, ticket_id=wish.ticket, reference=number, to=to or None,
        reason=reason, deadline=wish.deadline or now, state="sent", version=1, issued_at=now, issued_by=actor.subject,
        issued_name=actor.name,
    )  # fmt: skip


async def _tell(
    mandate: Mandate, actor: Actor | None, verb: str, outbox: list[journal.OutboxMessage] | None = None
) -> None:
    entry = journal.AuditEntry(
        f"mandate.{verb}", "mandate", str(mandate.id),
        {"territory": mandate.territory, "kind": mandate.kind, "state": mandate.state, "reference": mandate.reference},
    )  # fmt: skip
    person, kind = (actor.person, actor.kind) if actor else (None, "system")
    await journal.write(person, kind, [entry], outbox or [])
    after_commit(lambda: announce(REGION, "mandate", str(mandate.id), mandate.version))
