"""Reading one ticket: by id or number, as far as the actor's sight reaches."""

import re
from uuid import UUID

from chassis109.kernel.errors import NotFound
from chassis109.store.unit import transaction
from dispatch109.tickets import repository
from dispatch109.tickets.model import Ticket
from dispatch109.tickets.repository import Assignment, Step
from dispatch109.tickets.service import reaches
from identity109.actor import Actor

_REFERENCE = re.compile(r"109-(\d{2})-(\d{6,9})", re.ASCII)


def key_of(written: str) -> tuple[UUID | None, tuple[int, int] | None]:
    """An id or a `109-26-000123` as it stands in an address; raises NotFound for anything else."""
    if found := _REFERENCE.fullmatch(written):
        return None, (2000 + int(found[1]), int(found[2]))
    try:
        return UUID(written), None
    except ValueError as error:
        raise NotFound from error


async def ticket(written: str, actor: Actor) -> Ticket:
    """The ticket; a missing one, another tenant's and another service's all answer NotFound."""
    found = await known(written, actor)
    if not reaches(actor, found):
        raise NotFound
    return found


async def known(written: str, actor: Actor) -> Ticket:
    """The ticket of the tenant, whosever service it is: for verbs, which look again under their lock.

    Whoever repeats “return” after a lost answer no longer reaches the ticket, and still must be answered.
    """
    ticket_id, number = key_of(written)
    async with transaction(actor.tenant_id):
        found = await repository.find(ticket_id, number)
    if found is None:
        raise NotFound
    return found


async def story(of: Ticket, actor: Actor) -> tuple[list[Step], list[Assignment]]:
    """The timeline and the assignments of a ticket that the actor has read."""
    async with transaction(actor.tenant_id):
        return await repository.steps(of.id), await repository.assignments(of.id)
