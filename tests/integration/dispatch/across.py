"""Two or three tenants and the broker between them: carries what stands in their outboxes, as often as a test says."""

from typing import Any
from uuid import UUID

import asyncpg
from tests import makers

from chassis109.kernel import clock
from chassis109.kernel.ids import uuid7
from chassis109.kernel.messages import Delivery
from chassis109.store import inbox, unit
from chassis109.store.unit import transaction
from dispatch109.callbacks import service as callbacks
from dispatch109.callbacks.model import Outcome
from dispatch109.execution import service as execution
from dispatch109.referrals import repository
from dispatch109.referrals import service as referrals
from dispatch109.referrals.handlers import on_across
from dispatch109.referrals.model import Referral
from dispatch109.tickets import reading
from dispatch109.tickets.model import Ticket
from identity109.actor import Actor
from tenancy109 import directory
from tenancy109.model import Tenant

Letter = tuple[str, bytes]
REASON = "Бұл үй сіздің ауданда"


async def tenant(slug: str) -> Tenant:
    found = await directory.find(slug)
    assert found is not None
    return found


async def keys() -> None:
    """As the worker does at its start."""
    await referrals.publish_keys({one.id: one.slug for one in await directory.all()})


async def letters(sender: Tenant, referral: UUID) -> list[Letter]:
    """What a tenant has said about a referral, the first first."""
    async with transaction(sender.id):
        rows = await unit.fetch(
            "SELECT subject, payload FROM chassis.outbox WHERE key = $1 ORDER BY id", f"referral:{referral}"
        )
    return [(row["subject"], row["payload"]) for row in rows]


async def deliver(letter: Letter, *, message: UUID | None = None, at: Any = None) -> None:
    """As the consumer does: one message, one transaction. `at`: when the broker stored it."""
    subject, payload = letter
    to = await tenant(subject.split(".")[2])
    delivery = Delivery(subject, message or uuid7(), payload, at or clock.now(), 1, f"REFERRAL:{to.slug}")
    async with transaction(to.id):
        if await inbox.once(delivery.source, delivery.message_id):
            await on_across(delivery)


async def carry(sender: Tenant, referral: UUID) -> None:
    """Everything that a tenant has said about a referral; what was heard before is heard again."""
    for letter in await letters(sender, referral):
        await deliver(letter)


async def kept(at: Tenant, referral: UUID) -> Referral:
    async with transaction(at.id):
        found = await repository.find(referral)
    assert found is not None
    return found


async def ticket_of(actor: Actor, ticket_id: UUID | None) -> Ticket:
    return await reading.known(str(ticket_id), actor)


async def put_aside(at: Tenant) -> list[str]:
    async with transaction(at.id):
        rows = await unit.fetch("SELECT error FROM chassis.quarantine ORDER BY at, message_id")
    return [row["error"] for row in rows]


async def everything(connection: asyncpg.Connection, at: Tenant) -> list[str]:
    """Every row of a tenant that a referral could change."""
    found = []
    for table in ("ticket", "history", "assignment", "referral", "contact", "callback"):
        rows = await connection.fetch(
            f"SELECT to_jsonb(t)::text AS row FROM dispatch.{table} t WHERE tenant_id = $1 ORDER BY 1", at.id
        )
        found += [row["row"] for row in rows]
    return found


async def sent(by: Actor, to: Actor, ticket: Ticket | None = None) -> tuple[Ticket, Referral]:
    """Offered, and arrived there."""
    ticket = ticket or await makers.opened(by, category="other")
    referral = await referrals.send(ticket.id, ticket.version, to.here.slug, REASON, by)
    await carry(by.here, referral.id)
    return ticket, referral


async def taken(by: Actor, to: Actor, ticket: Ticket | None = None) -> tuple[Ticket, Referral, Ticket]:
    """Accepted there, and known here; the ticket there comes last."""
    ticket, referral = await sent(by, to, ticket)
    theirs = await referrals.accept(referral.id, "other", to)
    await carry(to.here, referral.id)
    return await ticket_of(by, ticket.id), referral, theirs


async def done(theirs: Ticket, by: Actor) -> Ticket:
    """Worked and confirmed by the applicant."""
    worker = makers.executor(by.here, theirs.service_code)
    await makers.started(theirs.id, worker)
    finished = await execution.finish(theirs.id, None, "Жасалды", [], worker)
    call = await makers.owed_for(finished, by)
    await callbacks.record(call.id, Outcome.CONFIRMED, "", by)
    return await ticket_of(by, theirs.id)


async def verbs(actor: Actor, ticket: UUID) -> list[str]:
    async with transaction(actor.tenant_id):
        rows = await unit.fetch("SELECT verb FROM dispatch.history WHERE ticket_id = $1 ORDER BY seq", ticket)
    return [row["verb"] for row in rows]
