"""One step of a handoff in one transaction: its state, the chained event, the joint log, audit and messages."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from uuid import UUID

from chassis109.bus import announce
from chassis109.kernel import chain, clock
from chassis109.kernel.errors import NotFound
from chassis109.kernel.messages import OutboxMessage
from chassis109.store import journal
from chassis109.store.unit import after_commit
from hub112.contract import OPEN, Event, Party, Side, State
from hub112.desks import messages, repository
from hub112.desks.messages import Posted, Said
from hub112.desks.model import Handoff, Step
from identity109.actor import Actor

RUNG, UNIT_NEWS, GAP = "rung", "unit", "gap"
"""Events that only write something down, beside those of the contract: each moves like a note."""


@dataclass(frozen=True, slots=True)
class Did:
    """What happened. `name` stands in the history instead of the event when it tells more than `note`."""

    event: Event
    side: Side
    note: str = ""
    detail: dict[str, object] = field(default_factory=dict)
    name: str = ""
    to_dispatch: Said | None = None
    to_machine: Said | None = None
    across: Sequence[Posted] = ()
    speaker: Party | None = None
    """Who speaks to the machine; None: the desk itself."""


@dataclass(frozen=True, slots=True)
class Held:
    """A handoff under its row lock, and the desks whose screens show its incident."""

    handoff: Handoff
    desks: Sequence[int]


async def hold(handoff_id: UUID) -> Held:
    """Lock a handoff of the running unit's desk; raises NotFound for another desk's as for one that is not there."""
    found = await repository.locked(handoff_id)
    if found is None:
        raise NotFound
    return Held(*found)


async def take(held: Held, did: Did, actor: Actor, **changes: Any) -> Held:  # noqa: ANN401 - columns of Handoff
    """Lead a held handoff one step on; raises WrongState. Nobody hears of it before the commit."""
    before = held.handoff
    to, now = before.after(did.event, did.side), clock.now()
    after = replace(
        before, state=to, version=before.version + 1, events=before.events + 1,
        return_seq=before.return_seq + (did.to_dispatch is not None),
        desk_seq=before.desk_seq + (did.to_machine is not None),
        **({"ended_at": None if to in OPEN else before.ended_at or now} | changes),
    )  # fmt: skip
    step = written(after, did, actor, before.state)
    after = replace(after, chain=step.digest, due_at=after.next_due())
    await repository.save(before, after, step)
    await tell(Held(after, held.desks), did, actor)
    return Held(after, held.desks)


def written(after: Handoff, did: Did, actor: Actor, before: State) -> Step:
    """The event that leads to `after`, linked to the one before it."""
    step = Step(
        after.events, clock.now(), did.name or did.event.value, did.side.value, before.value, after.state.value,
        actor.person, actor.name, did.note, did.detail, b"",
    )  # fmt: skip
    return replace(step, digest=chain.link(after.chain, step.content(after.tenant_id, after.id)))


async def tell(held: Held, did: Did, actor: Actor) -> None:
    """Audit and messages in the running unit; screens and relay after it."""
    handoff = held.handoff
    name = did.name or did.event.value
    detail: dict[str, object] = {
        "incident": handoff.incident_id, "mode": handoff.mode, "state": handoff.state.value, "side": did.side.value,
    }  # fmt: skip
    entry = journal.AuditEntry(f"handoff.{name}", "handoff", str(handoff.id), detail)
    await journal.write(actor.person, actor.kind, [entry], post(*_messages(handoff, did, actor), *did.across))
    for desk in {handoff.tenant_id, *held.desks}:
        news = partial(announce.announce, str(desk), "handoff", str(handoff.id), handoff.version)
        after_commit(news)
    after_commit(announce.wake)


def post(*posted: Posted) -> list[OutboxMessage]:
    """Messages as the outbox keeps them."""
    return [OutboxMessage(p.subject, p.key, p.payload, p.message_id) for p in posted]


def _messages(handoff: Handoff, did: Did, actor: Actor) -> list[Posted]:
    line, said = messages.line(handoff), []
    if did.to_dispatch is not None:
        said.append(messages.to_dispatch(line, did.to_dispatch, handoff.return_seq, handoff.ref_message_id))
    if did.to_machine is not None:
        speaker = did.speaker or messages.desk(handoff.service, actor.name)
        said.append(
            messages.to_machine(line, did.to_machine, handoff.desk_seq, handoff.ref_message_id, speaker)
        )
    return said
