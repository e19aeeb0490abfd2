"""The verbs of an emergency. One transaction each: state, chained event, audit and outbox together or not at all."""

from uuid import UUID

from chassis109.store.idempotency import RequestKey
from dispatch109.emergencies.model import Handoff, Incident
from dispatch109.emergencies.said import Said
from identity109.actor import Actor


async def hand_off(said: Said, actor: Actor, key: RequestKey | None = None) -> Incident:
    """Give an emergency to its services, once for each Idempotency-Key. Raises Invalid with every field at once
    (type, priority, services, hazards, relation, address, point, phone, …), WrongState of the ticket."""


async def amend(incident_id: UUID, version: int | None, said: Said, actor: Actor) -> Incident:
    """Correct what is known; every service that has it open is told at once. Raises StaleEmergency, Invalid."""


async def add_note(incident_id: UUID, text: str, actor: Actor) -> Incident:
    """Tell every service that has it open one thing more."""


async def add_service(incident_id: UUID, service: str, actor: Actor) -> Handoff:
    """Give it to one more service; raises AlreadyGiven while that one has it open."""


async def cancel(handoff_id: UUID, reason: str, actor: Actor) -> Handoff:
    """Take it back from a service: at once before it has accepted, else by asking it to confirm."""


async def reopen(handoff_id: UUID, reason: str, actor: Actor) -> Handoff:
    """Give it to the same service again within 24 hours of its end; raises TooLateToReopen."""


async def retry(handoff_id: UUID, actor: Actor) -> Handoff:
    """Send again what the hub could not take (state failed)."""


async def phoned(handoff_id: UUID, said_to: str, actor: Actor) -> Handoff:
    """The operator has phoned the service himself: the alarm is answered."""


async def take_back(incident_id: UUID, actor: Actor) -> Incident:
    """No service took it: its ticket goes back to its utility service. Raises NotGivenBack."""


async def note_published(tenant_id: int) -> int:
    """The hub's stream has acknowledged what these handoffs sent: they are in the hub; how many."""
