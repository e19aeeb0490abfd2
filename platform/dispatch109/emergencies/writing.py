"""Leading handoffs from event to event: state, chained event, audit, messages and facts of one unit, written together.

A verb takes the incident in hand (its lock guards all its handoffs), lets things happen, and is done.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Self
from uuid import UUID

from chassis109.bus import announce
from chassis109.kernel import clock
from chassis109.kernel.chain import START, link
from chassis109.kernel.errors import NotFound
from chassis109.kernel.ids import uuid7
from chassis109.store import journal
from chassis109.store.unit import after_commit
from dispatch109.callbacks import service as callbacks
from dispatch109.contacts import service as contacts
from dispatch109.contacts.model import Contact
from dispatch109.emergencies import messages, repository
from dispatch109.emergencies.clocks import next_due, standing
from dispatch109.emergencies.model import Alarm, Handoff, Incident, Step, Unit
from dispatch109.emergencies.repository import Known
from dispatch109.tickets import repository as ticket_rows
from dispatch109.tickets import service as tickets
from dispatch109.tickets.model import State as TicketState
from hub112.contract import CLOCKS, OPEN, Clocks, Event, Kind, Side, State, encode
from identity109.actor import Actor
from region109.contract import encode as encode_fact


class Writing:
    """An incident in the hand of one verb. `handoffs` by id, as they are after what has happened so far."""

    def __init__(
        self, incident: Incident, contact: Contact, handoffs: Iterable[Handoff], actor: Actor
    ) -> None:
        self.incident, self.contact, self.actor, self.at = incident, contact, actor, clock.now()
        self.handoffs = {handoff.id: handoff for handoff in handoffs}
        self.crews: list[Unit] = []
        self._before = (incident, dict(self.handoffs))
        self._steps: list[Step] = []
        self._outbox: list[journal.OutboxMessage] = []

    @classmethod
    async def of(cls, known: Known | None, actor: Actor) -> Self:
        """With what `repository.locked` found; raises NotFound when that is nothing."""
        if known is None:
            raise NotFound
        incident, sealed = known
        given = await repository.handoffs([incident.id])
        return cls(incident, contacts.unseal(actor.here.id, sealed), given, actor)

    @classmethod
    async def many(cls, incidents: Sequence[UUID], actor: Actor) -> list[Self]:
        """Those of these incidents that nobody else holds."""
        given: dict[UUID, list[Handoff]] = defaultdict(list)
        held = await repository.locked_many(incidents)
        for handoff in await repository.handoffs([incident.id for incident, _ in held]):
            given[handoff.incident_id].append(handoff)
        tenant = actor.here.id
        return [
            cls(incident, contacts.unseal(tenant, sealed), given[incident.id], actor)
            for incident, sealed in held
        ]

    @property
    def happened(self) -> bool:
        """Whether there is anything to write."""
        return bool(self._steps or self._changed())

    @property
    def services(self) -> tuple[str, ...]:
        """Who has or had it, each once."""
        return tuple(dict.fromkeys(handoff.service for handoff in self.handoffs.values()))

    def give(self, service: str, clocks: Clocks, **more: Any) -> Handoff:  # noqa: ANN401 - fields of Handoff
        """One more handoff, not yet told of."""
        fresh = Handoff(
            id=more.pop("id", None) or uuid7(), incident_id=self.incident.id, service=service, version=0, sent_seq=0,
            last_seq=more.pop("last_seq", 0), events=0, chain=START, created_at=self.at, message_id=uuid7(),
            priority=self.incident.priority, parent_id=more.pop("parent_id", None), state=State.CREATED,
            relation=more.pop("relation", None), **deadlines(clocks, self.at), **more,
        )  # fmt: skip
        self.handoffs[fresh.id] = fresh
        return fresh

    def happen(
        self, handoff_id: UUID, event: str, side: Side = Side.DISPATCH, note: str = "", by: str = "",
        detail: dict[str, object] | None = None, **changes: Any,  # noqa: ANN401 - fields of Handoff
    ) -> Handoff:  # fmt: skip
        """Lead a handoff by an event of the contract's table, or write down one that moves nothing (alarm, phoned,
        rung); `changes` are fields of Handoff. Raises WrongState."""
        before = self.handoffs[handoff_id]
        after = replace(
            before, **{"state": _after(before, event, side), **changes}, version=before.version + 1
        )
        if after.state not in OPEN and before.state in OPEN:
            after = replace(after, ended_at=self.at)
        after = self._watched(before, after)
        told = {**(detail or {}), **_alarms(before, after)}
        fresh = before.events == 0
        step = Step(
            handoff_id, before.events + 1, self.at, str(event), side.value, None if fresh else before.state.value,
            after.state.value, self.actor.person, by or self.actor.name,
            note, told, b"",
        )  # fmt: skip
        step = replace(step, digest=link(before.chain, content(step)))
        self._steps.append(step)
        self.handoffs[handoff_id] = replace(after, events=step.seq, chain=step.digest)
        return self.handoffs[handoff_id]

    def send(self, handoff_id: UUID, kind: Kind, *notes: str) -> Handoff:
        """Tell the service of a handoff; the message leaves with the commit, after those before it."""
        before = self.handoffs[handoff_id]
        sent = replace(before, sent_seq=before.sent_seq + 1, message_id=uuid7())
        if kind == "reopen":
            sent = replace(sent, reopened_by=sent.message_id)
        case = self._case()
        envelope = messages.envelope(case, sent, kind, self.at, self.actor.name, notes)
        subject = messages.subject(case, sent)
        self._outbox.append(
            journal.OutboxMessage(subject, str(sent.id), encode(envelope), envelope.message_id)
        )
        self.handoffs[handoff_id] = sent
        return sent

    def arrive(self, handoff_id: UUID) -> None:
        """The handoff is in the hub: its stream has acknowledged it, or the hub has answered."""
        created = self.handoffs[handoff_id].state is State.CREATED
        event = Event.DISPATCH if created else Event.NOTE
        detail: dict[str, object] = {} if created else {"in_hub": True}
        self.happen(handoff_id, event, Side.HUB, by="hub", detail=detail, hub_at=self.at)

    async def done(self) -> None:
        """Write it all, end the incident when every handoff has ended, and tell screens and relay after the commit."""
        await write([self])

    def looked(self, handoff_id: UUID) -> None:
        """The sweep has written down every clock that had passed."""
        handoff = self.handoffs[handoff_id]
        self.handoffs[handoff_id] = replace(handoff, due_at=next_due(handoff, self.at))

    def _watched(self, before: Handoff, after: Handoff) -> Handoff:
        if after.alarm and (after.alarm, after.alarm_at) != (before.alarm, before.alarm_at):
            after = replace(after, alarm_at=self.at)  # raised anew: a call before that does not answer it
        alarm = standing(after, self.at)
        alarm_at = None if alarm is None else after.alarm_at if alarm == after.alarm else self.at
        due_at = next_due(after, self.at)
        if before.due_at is not None and before.due_at <= self.at:  # passed, and the sweep has not looked yet
            due_at = before.due_at
        return replace(after, alarm=alarm, alarm_at=alarm_at, due_at=due_at)

    def _changed(self) -> list[Handoff]:
        before = self._before[1]
        return [handoff for handoff in self.handoffs.values() if before.get(handoff.id) != handoff]

    def _news(self) -> list[journal.OutboxMessage]:
        """What services and region are told."""
        before = self._before[1]
        facts = [self._fact(h) for h in self._changed() if _told(before.get(h.id)) != _told(h)]
        return [*self._outbox, *facts]

    def _announce(self) -> None:
        slug, version = (
            self.actor.here.slug,
            self.incident.version + sum(h.version for h in self.handoffs.values()),
        )
        announce.announce(slug, "emergency", str(self.incident.id), version)

    def _case(self) -> messages.Case:
        return messages.Case(self.actor.here, self.incident, self.contact, self.services)

    def _fact(self, handoff: Handoff) -> journal.OutboxMessage:
        slug = self.actor.here.slug
        fact = encode_fact(messages.fact(slug, self.incident, handoff))
        # A key of its own: the region may be slow, the service may not wait for it.
        return journal.OutboxMessage(messages.fact_subject(slug), f"fact:{handoff.id}", fact)

    def _audit(self) -> list[journal.AuditEntry]:
        return [
            journal.AuditEntry(
                f"handoff.{step.event}", "handoff", str(step.handoff_id),
                {"incident": str(self.incident.id), "service": self.handoffs[step.handoff_id].service, "seq": step.seq,
                 "state": step.to_state},
            )
            for step in self._steps
        ]  # fmt: skip

    async def _end(self) -> None:
        """Once every handoff has ended. When a service has done its work the applicant is owed a call; when none has,
        the responsibility is the operator's again: until he answers what was declined and takes its ticket back."""
        given = self.handoffs.values()
        if self.incident.ended_at is not None or any(handoff.open for handoff in given):
            return
        done = any(handoff.state is State.CLOSED for handoff in given)
        if not done and (self.incident.ticket_id or any(h.alarm is Alarm.DECLINED for h in given)):
            return
        self.incident = replace(self.incident, ended_at=self.at)
        if done and self.incident.mode == "live":
            await self._owe()

    async def _owe(self) -> None:
        incident, actor = self.incident, self.actor
        ticket = await ticket_rows.get(incident.ticket_id) if incident.ticket_id else None
        if ticket is not None and ticket.state is TicketState.HANDED_OFF:
            ended = await tickets.end_emergency(ticket.id, incident.reference(actor.here.slug), actor)
            await callbacks.plan(ended, actor)
        elif ticket is None or ticket.state is not TicketState.CALLBACK_DUE:
            await callbacks.plan_incident(incident.id, incident.contact_id, actor)


async def write(writings: Sequence[Writing]) -> None:
    """Write what has happened to some incidents of one tenant, by one actor, in two statements."""
    if not writings:
        return
    for writing in writings:
        await writing._end()
        if writing.incident != writing._before[0]:
            await repository.change(writing.incident)
    await repository.save(
        [h for w in writings for h in w._changed()], [s for w in writings for s in w._steps],
        [crew for w in writings for crew in w.crews],
    )  # fmt: skip
    actor, news = writings[0].actor, [message for w in writings for message in w._news()]
    await journal.write(actor.person, actor.kind, [entry for w in writings for entry in w._audit()], news)
    for writing in writings:
        after_commit(writing._announce)
    if any(writing._outbox for writing in writings):
        after_commit(announce.wake)


def deadlines(clocks: Clocks, since: datetime) -> dict[str, Any]:
    """The fields of Handoff that its clocks set when it is sent."""
    marks = {
        "hub": "hub_by",
        "receipt": "receipt_by",
        "seen": "seen_by",
        "decide": "decide_by",
        "expires": "expires_at",
    }
    due = {field: since + timedelta(seconds=getattr(clocks, name)) for name, field in marks.items()}
    return {"sent_at": since, "unit_seconds": clocks.unit, **due}


async def clocks_of(services: Sequence[str], priority: str) -> dict[str, Clocks]:
    """The clocks of each service: the tenant's own, else its own for all, else the contract's."""
    own = await repository.clocks(priority)
    usual = own.get("*", CLOCKS[priority])
    return {service: own.get(service, usual) for service in services}


def content(step: Step) -> dict[str, object]:
    """What the digest of an event covers."""
    return {name: getattr(step, name) for name in Step.__dataclass_fields__ if name != "digest"}


def _after(handoff: Handoff, event: str, side: Side) -> State:
    return handoff.require(event, side) if isinstance(event, Event) and handoff.events else handoff.state


def _alarms(before: Handoff, after: Handoff) -> dict[str, object]:
    if before.alarm == after.alarm:
        return {}
    raised = {"alarm": after.alarm} if after.alarm else {}
    return {**raised, **({"cleared": before.alarm} if before.alarm else {})}


def _told(handoff: Handoff | None) -> tuple[object, ...] | None:
    """What the region hears of: a change of these."""
    return (handoff.state, handoff.alarm, handoff.hub_at, handoff.priority) if handoff else None
