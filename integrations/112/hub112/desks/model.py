"""A handoff as its desk holds it: where it stands, what may happen to it, and when somebody must look again. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from chassis109.kernel.errors import Conflict
from hub112.contract import LADDER, MOVES, UNDERWAY, Clocks, Event, Incident, Mode, Service, Side, State

RUNGS = (*LADDER, "deferral", "unit")
"""The ladder of the contract, and above it what an answered handoff may still owe: a word after a deferral, a crew."""
DUTY_DESK: Service = "112"
"""Is called when the ladder ends, and answers what is meant for no desk."""
WAITING = (State.DISPATCHED, State.RECEIVED, State.SEEN, State.DEFERRED, State.EXPIRED)
"""States that still want an answer, on the left of the board."""
EXPIRING = (State.DISPATCHED, State.RECEIVED, State.SEEN)


class WrongState(Conflict):
    """This is not possible now: the handoff is in the state “{state}”."""

    def __init__(self, handoff: "Handoff") -> None:
        self._handoff = handoff
        super().__init__(state=handoff.state.value)  # said in words at the edge

    def members(self) -> dict[str, Any]:
        """What stands now and who decided: the loser of two sees the winner."""
        h = self._handoff
        decided_at = h.decided_at.isoformat() if h.decided_at else None
        return {
            "state": h.state.value,
            "version": h.version,
            "decided_by": h.decided_by,
            "decided_at": decided_at,
        }


class NoCancelAsked(WrongState):
    """109 has not asked to cancel this handoff."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handoff:
    """One emergency at one desk; `tenant_id` is the desk's number. Times are UTC, `unit_seconds` seconds."""

    tenant_id: int
    id: UUID
    number: int
    mode: Mode
    sender: str
    incident_id: str
    parent_id: UUID | None
    parent_desk: int | None
    relation: str | None
    state: State
    version: int
    priority: str
    incident: Incident
    operator: str
    callback_phone: str
    sent_at: datetime
    arrived_at: datetime
    expires_at: datetime
    receipt_by: datetime
    seen_by: datetime
    decide_by: datetime
    region_by: datetime
    unit_seconds: int
    receipt_at: datetime | None
    seen_at: datetime | None
    decided_at: datetime | None
    decided_by: str | None
    deferred_until: datetime | None
    unit_at: datetime | None
    ended_at: datetime | None
    late: bool
    cancel_requested: bool
    reason_code: str | None
    reason: str | None
    forward_to: int | None
    external_id: str | None
    disposition: str | None
    ref_message_id: UUID
    last_seq: int
    last_reply_seq: int
    return_seq: int
    desk_seq: int
    events: int
    chain: bytes
    rung: int
    due_at: datetime | None

    @property
    def service(self) -> Service:
        """The desk's service: its number is its name."""
        return str(self.tenant_id)  # type: ignore[return-value] # the five desks are the five services

    @property
    def reference(self) -> str:
        """`H-17`, unique within the desk: its own number unless a CAD gives another."""
        return f"H-{self.number}"

    def after(self, event: Event, side: Side) -> State:
        """Where `event` leads; raises WrongState when the contract's table does not know it here."""
        to = MOVES.get((self.state, event, side))
        if to is None:
            raise WrongState(self)
        return to

    def next_rung(self) -> tuple[str, datetime] | None:
        """The next rung that is due if nothing happens, and when; None: nobody has to be reminded."""
        if self.state is State.DEFERRED:
            return self._unless_climbed("deferral", self.deferred_until)
        if self.state in UNDERWAY and self.unit_at is None and self.decided_at is not None:
            return self._unless_climbed("unit", self.decided_at + timedelta(seconds=self.unit_seconds))
        if self.state not in EXPIRING:
            return None
        for name in LADDER[self.rung :]:
            if not self._met(name):
                return name, self._deadline(name)
        return None

    def next_due(self) -> datetime | None:
        """When the sweep must look again: the next rung or expiry."""
        rung = self.next_rung()
        moments = [rung[1]] if rung else []
        if self.state in EXPIRING:
            moments.append(self.expires_at)
        return min(moments, default=None)

    def _unless_climbed(self, name: str, at: datetime | None) -> tuple[str, datetime] | None:
        return (name, at) if at is not None and self.rung <= RUNGS.index(name) else None

    def _met(self, rung: str) -> bool:
        return {"receipt": self.receipt_at, "seen": self.seen_at}.get(rung) is not None

    def _deadline(self, rung: str) -> datetime:
        return {
            "receipt": self.receipt_by, "seen": self.seen_by, "decide": self.decide_by, "region": self.region_by,
        }[rung]  # fmt: skip


def deadlines(clocks: Clocks, since: datetime) -> dict[str, Any]:
    """The four deadlines of the ladder from `since`, and the seconds to the first crew, as columns of Handoff."""
    moments = {f"{name}_by": since + timedelta(seconds=getattr(clocks, name)) for name in LADDER}
    return {**moments, "unit_seconds": clocks.unit}


def tightened(handoff: Handoff, clocks: Clocks, since: datetime) -> dict[str, Any]:
    """The deadlines after an emergency has become more urgent: none is later than it was."""
    return {name: min(at, getattr(handoff, name)) for name, at in deadlines(clocks, since).items()}


def reopened(handoff: Handoff) -> Handoff:
    """As it was before anybody answered: a reopened handoff asks for everything again."""
    return replace(
        handoff, receipt_at=None, seen_at=None, decided_at=None, decided_by=None, deferred_until=None, unit_at=None,
        ended_at=None, late=False, cancel_requested=False, reason_code=None, reason=None, forward_to=None,
        external_id=None, disposition=None, rung=0,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Unit:
    """A crew as it was last heard of; WGS 84 degrees."""

    unit_id: str
    call_sign: str
    kind: str
    status: str
    at: datetime
    eta: datetime | None
    lon: float | None
    lat: float | None


@dataclass(frozen=True, slots=True)
class Step:
    """One event of a handoff; `digest` chains it to the one before."""

    seq: int
    at: datetime
    event: str
    side: str
    from_state: str | None
    to_state: str
    actor_id: UUID | None
    actor_name: str
    note: str
    detail: dict[str, object]
    digest: bytes

    def content(self, desk: int, handoff_id: UUID) -> dict[str, object]:
        """What the digest covers: everything but itself."""
        row = {name: getattr(self, name) for name in Step.__dataclass_fields__ if name != "digest"}
        return {**row, "tenant_id": desk, "handoff_id": handoff_id}


@dataclass(frozen=True, slots=True)
class LogLine:
    """What all desks of an incident see of one event."""

    id: int
    handoff_id: UUID
    desk: int
    at: datetime
    side: str
    event: str
    state: str
    actor_name: str
    note: str


@dataclass(frozen=True, slots=True)
class Other:
    """How far another service of the same incident is."""

    service: str
    handoff_id: UUID
    state: State
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the board; `others`: how far the other services of the incident are."""

    handoff: Handoff
    units: Sequence[Unit]
    others: Sequence[Other]


@dataclass(frozen=True, slots=True)
class Board:
    """What a desk has before it: `waiting` for an answer, the soonest deadline first, and `underway`."""

    waiting: Sequence[Row]
    underway: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Card:
    """One handoff with everything that belongs to its incident."""

    handoff: Handoff
    steps: Sequence[Step]
    units: Sequence[Unit]
    log: Sequence[LogLine]
    others: Sequence[Other]


@dataclass(frozen=True, slots=True)
class PutAside:
    """A message to or from this desk that had no effect; `error` is the name of the reason."""

    source: str
    message_id: UUID
    subject: str
    error: str
    attempts: int
    size: int
    at: datetime
