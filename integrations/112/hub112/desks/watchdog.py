"""The clocks of a desk: each rung of the ladder is climbed once and told, whether the hub was restarted or not."""

from dataclasses import replace
from uuid import UUID

import structlog

from chassis109.kernel import clock
from chassis109.kernel.errors import Unavailable
from chassis109.store.unit import transaction
from hub112.contract import Event, Reply, Side
from hub112.desks import messages, repository
from hub112.desks.messages import Posted, Said
from hub112.desks.model import DUTY_DESK, RUNGS, Handoff
from hub112.desks.transition import RUNG, Did, Held, hold, take
from identity109.actor import Actor
from tenancy109 import directory

log = structlog.get_logger()

MOST = 500
NAME = "112"
"""Under this name the hub's own clocks stand in the history."""

# Which desks have a clock behind them: read as hub_relay, which sees nothing else of them.
TENANTS_WITH_OVERDUE = "SELECT DISTINCT tenant_id FROM hub.handoff WHERE due_at <= now()"


async def sweep(tenant_id: int) -> int:
    """Climb every rung of one desk that has become due, expire what was not accepted in time; how many events."""
    desk = await directory.by_id(tenant_id)
    if desk is None:
        return 0
    actor, count = replace(Actor.system(desk), name=NAME), 0
    async with transaction(tenant_id):
        overdue = await repository.due(clock.now(), MOST)
    for handoff_id in overdue:
        try:
            count += await _catch_up(handoff_id, actor)
        except Unavailable:
            raise
        except Exception as error:  # an outer edge: the trouble of one handoff must not silence the others
            log.error("handoff.clock_failed", handoff=str(handoff_id), error=type(error).__name__)
    if count:
        log.info("handoffs.overdue", tenant=desk.slug, count=count)
    return count


async def _catch_up(handoff_id: UUID, actor: Actor) -> int:
    """All that is due of one handoff, in one transaction; another worker or a verb may have been there before."""
    count = 0
    async with transaction(actor.tenant_id):
        held = await hold(handoff_id)
        while (due := held.handoff.due_at) is not None and due <= clock.now():
            held, count = await _climb(held, actor), count + 1
    return count


async def _climb(held: Held, actor: Actor) -> Held:
    """The one event that is due first."""
    handoff = held.handoff
    rung = handoff.next_rung()
    if rung is None or rung[1] > clock.now():
        return await take(held, _told(Event.EXPIRE, messages.EXPIRED), actor)
    name = rung[0]
    did = replace(_told(Event.NOTE, messages.RUNG + name), note=name, name=RUNG, across=_parallel(held, name))
    return await take(held, did, actor, rung=RUNGS.index(name) + 1)


def _told(event: Event, reason: str) -> Did:
    said = Said("note", reply=Reply(reason=reason))
    return Did(event, Side.HUB, to_dispatch=said, to_machine=said)


def _parallel(held: Held, rung: str) -> list[Posted]:
    """The highest rung of the highest priority calls 112 as well, unless it has a part in the incident already."""
    handoff: Handoff = held.handoff
    if rung != "region" or handoff.priority != "P0" or int(DUTY_DESK) in (handoff.tenant_id, *held.desks):
        return []
    return [messages.to_other_desk(handoff, DUTY_DESK, "create")]
