"""Makes people, tickets and photos for tests. What a test does not name is plausible and valid in Petropavl."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

from PIL import Image

from chassis109.kernel.ids import uuid7
from dispatch109.callbacks import service as callbacks
from dispatch109.callbacks.model import Callback
from dispatch109.calls import service as calls
from dispatch109.calls.service import Said
from dispatch109.execution import service as execution
from dispatch109.tickets import service as tickets
from dispatch109.tickets.model import State, Ticket
from identity109.actor import Actor
from tenancy109.model import Tenant

NAMES = {"kk": "Есіл", "ru": "Есиль", "en": "Esil"}
NOON = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)  # a Monday, noon in Almaty
PETROPAVL = (69.1401, 54.8701)


def tenant(number: int = 1, slug: str = "petropavl") -> Tenant:
    """A tenant that stands in no database."""
    return Tenant(
        id=number, slug=slug, kind="city", names=NAMES, centre_names=NAMES, centre=PETROPAVL, kato="5910",
        dial_code="7152", population=1, duty_phones={},
    )  # fmt: skip


def person(tenant: Tenant, *roles: str, service: str | None = None, subject: UUID | None = None) -> Actor:
    """Somebody signed in at a tenant."""
    return Actor(
        subject=subject or uuid4(), name="Әлия Нұрланова", kind="person", tenant=tenant, roles=frozenset(roles),
        service=service, language="ru", session_id=None,
    )  # fmt: skip


def operator(tenant: Tenant) -> Actor:
    """Takes calls."""
    return person(tenant, "operator")


def senior(tenant: Tenant) -> Actor:
    """Takes calls and assigns."""
    return person(tenant, "senior")


def executor(tenant: Tenant, service: str | None) -> Actor:
    """Works for a responsible service."""
    return person(tenant, "executor", service=service)


def said(**changes: Any) -> Said:
    """What a caller said."""
    usual = Said(
        phone="8 (705) 123-45-67", applicant="Айгүл Сәрсенова", language="kk", category="water-no-supply",
        text="Үйде су жоқ", address="Жұмабаев көшесі 109",
    )  # fmt: skip
    return replace(usual, **changes)


def ticket(**changes: Any) -> Ticket:
    """A ticket that stands in no database."""
    usual = Ticket(
        id=uuid7(), year=2026, number=123, state=State.ASSIGNED, version=2, contact_id=uuid7(),
        category_code="water-no-supply", service_code="water", priority=1, text="Нет воды", address="Жұмабаев 109",
        landmark="", language="kk", point=PETROPAVL, opened_at=NOON, opened_by=uuid4(), updated_at=NOON,
        react_by=NOON + timedelta(minutes=30), due_at=NOON + timedelta(hours=4),
        statutory_due=NOON + timedelta(days=21), paused_at=None, unanswered=0, reopened=0, done_at=None, closed_at=None,
    )  # fmt: skip
    return replace(usual, **changes)


async def opened(actor: Actor, **changes: Any) -> Ticket:
    """A ticket that an operator has just registered."""
    return await calls.register(said(**changes), actor)


async def started(ticket_id: UUID, by: Actor) -> Ticket:
    """Accepted and begun."""
    await tickets.accept(ticket_id, None, by)
    return await tickets.start(ticket_id, None, by)


async def worked(actor: Actor, **changes: Any) -> tuple[Ticket, Actor]:
    """A ticket in progress and the executor who works on it."""
    made = await opened(actor, **changes)
    by = executor(actor.here, made.service_code)
    return await started(made.id, by), by


async def owed(actor: Actor, **changes: Any) -> tuple[Ticket, Callback]:
    """A ticket whose work is done and the callback that is owed for it."""
    made, by = await worked(actor, **changes)
    done = await execution.finish(made.id, None, "Жасалды", [], by)
    return done, await owed_for(done, actor)


async def owed_for(ticket: Ticket, actor: Actor) -> Callback:
    """The open callback of a ticket."""
    due = await callbacks.due(None, 1000, actor)
    return next(callback for callback in due if callback.ticket_id == ticket.id)


def photo(kind: str = "JPEG", size: tuple[int, int] = (64, 48), colour: str = "red", **saved: Any) -> bytes:
    """An image file."""
    out = BytesIO()
    Image.new("RGB", size, colour).save(out, kind, **saved)
    return out.getvalue()
