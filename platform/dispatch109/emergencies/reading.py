"""Reading emergencies: one with all that belongs to it, lists, alarms."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from dispatch109.contacts.model import Contact
from dispatch109.emergencies.model import Handoff, Incident, Step, Unit
from identity109.actor import Actor


@dataclass(frozen=True, slots=True)
class Emergency:
    """An emergency on one page. `masked`: name and phone are hidden from this role. `phones`: of the services'
    duty desks, by service. `ticket`: the reference of its ticket, if any."""

    incident: Incident
    contact: Contact
    masked: bool
    handoffs: Sequence[Handoff]
    steps: Sequence[Step]
    units: Sequence[Unit]
    phones: dict[str, str]
    ticket: str | None


@dataclass(frozen=True, slots=True)
class Line:
    """An emergency in a list, with its handoffs in the order in which they were given."""

    incident: Incident
    handoffs: Sequence[Handoff]


@dataclass(frozen=True, slots=True)
class Alert:
    """A handoff that an operator must look at, and whom to phone (E.164, '' when the tenant knows none)."""

    incident: Incident
    handoff: Handoff
    phone: str


async def emergency(written: str, actor: Actor) -> Emergency:
    """By id, `2026.17` or `kz.sko.<tenant>.2026.17`; NotFound for a missing one and another tenant's."""


async def open_ones(actor: Actor, mode: str = "live") -> list[Line]:
    """Those that have not ended, newest first (at most 200)."""


async def page(
    after: tuple[datetime, UUID] | None, most: int, actor: Actor, mode: str = "live"
) -> list[Line]:
    """All after the keyset (opened_at, id), newest first."""


async def alarms(actor: Actor, mode: str = "live") -> list[Alert]:
    """What is not answered yet, the oldest first."""


async def of_ticket(ticket_id: UUID, actor: Actor) -> list[Line]:
    """The emergencies of a ticket that the actor has read, newest first."""
