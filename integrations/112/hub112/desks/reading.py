"""What a desk may look at: its board, one card, what has ended, what was put aside."""

from datetime import datetime
from uuid import UUID

from chassis109.kernel.errors import NotFound
from chassis109.store.unit import transaction
from hub112.contract import State
from hub112.desks import repository
from hub112.desks.model import WAITING, Board, Card, Handoff, LogLine, Other, PutAside, Row
from identity109.actor import Actor

MOST_PUT_ASIDE = 200


async def handoff(handoff_id: UUID, actor: Actor) -> Handoff:
    """A handoff of the actor's desk as it is now; raises NotFound."""
    async with transaction(actor.tenant_id):
        return await _found(handoff_id)


async def board(actor: Actor, mode: str = "live") -> Board:
    """What the desk has before it in this mode. What was answered and is under way stands in the order of decisions."""
    async with transaction(actor.tenant_id):
        found = await repository.open_ones(mode)
        units = await repository.units([h.id for h in found])
        logs = await repository.logs([h.incident_id for h in found])
    rows = [Row(h, units.get(h.id, []), others(logs.get(h.incident_id, []), h.tenant_id)) for h in found]
    waiting = [row for row in rows if row.handoff.state in WAITING]
    underway = [row for row in rows if row.handoff.state not in WAITING]
    return Board(waiting, sorted(underway, key=lambda row: row.handoff.decided_at or row.handoff.arrived_at))


async def card(handoff_id: UUID, actor: Actor) -> Card:
    """A handoff with its history, crews, the joint log, and how far the other services are; raises NotFound."""
    async with transaction(actor.tenant_id):
        found = await _found(handoff_id)
        steps = await repository.steps(handoff_id)
        units = await repository.units([handoff_id])
        log = (await repository.logs([found.incident_id])).get(found.incident_id, [])
    return Card(found, steps, units.get(handoff_id, []), log, others(log, found.tenant_id))


def others(log: list[LogLine], desk: int) -> list[Other]:
    """The latest of each handoff of another desk, in the order in which they joined."""
    latest = {line.handoff_id: line for line in log if line.desk != desk}
    return [
        Other(str(line.desk), line.handoff_id, State(line.state), line.at, line.actor_name)
        for line in latest.values()
    ]


async def ended(
    after: tuple[datetime, UUID] | None, most: int, actor: Actor, mode: str = "live", asked: str = ""
) -> list[Handoff]:
    """What has ended, the latest first, after the keyset (ended_at, id).

    `asked`: a number ("H-17" or the CAD's), an incident's name or its last part; nothing finds nothing else.
    """
    async with transaction(actor.tenant_id):
        return await repository.ended(after, most, mode, asked.strip().removeprefix("H-"))


async def put_aside(actor: Actor) -> list[PutAside]:
    """Messages of this desk that had no effect, the latest first."""
    async with transaction(actor.tenant_id):
        return await repository.put_aside(MOST_PUT_ASIDE)


async def _found(handoff_id: UUID) -> Handoff:
    found = await repository.get(handoff_id)
    if found is None:
        raise NotFound
    return found
