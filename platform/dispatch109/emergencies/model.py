"""An emergency as 109 knows it, the handoffs it was given away by, and the clocks that watch them. Pure."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from chassis109.kernel.errors import Conflict
from hub112.contract import MOVES, OPEN, REOPEN_SECONDS, Event, Mode, Side, State

_REFERENCE = re.compile(r"(?:kz\.sko\.([a-z0-9-]+)\.)?(\d{4})\.(\d{1,9})", re.ASCII)
RELATIONS = frozenset({"victim", "relative", "witness", "official", "alarm", "unknown"})
COUNT_KINDS = frozenset({"exact", "several", "many", "unknown"})


class Alarm(StrEnum):
    """Why an operator must look at a handoff himself."""

    NO_HUB = "no_hub"
    NO_RECEIPT = "no_receipt"
    NOT_SEEN = "not_seen"
    NOT_DECIDED = "not_decided"
    NO_UNIT = "no_unit"
    DEFERRAL_OVER = "deferral_over"
    EXPIRED = "expired"
    FAILED = "failed"
    DECLINED = "declined"


PHONE_NOW = frozenset(
    {Alarm.NO_HUB, Alarm.NO_RECEIPT, Alarm.NOT_DECIDED, Alarm.EXPIRED, Alarm.FAILED, Alarm.DECLINED}
)
"""Alarms with which nobody waits any longer: the operator phones the service."""
WAITING = frozenset({Alarm.NO_HUB, Alarm.NO_RECEIPT, Alarm.NOT_SEEN, Alarm.NOT_DECIDED})
"""One phone call answers all of these: the service has not decided yet."""


STAGES = (
    "saved",
    "in_hub",
    "received",
    "seen",
    "accepted",
    "units_assigned",
    "en_route",
    "on_scene",
    "closed",
)
"""The operator's bar."""
_REACHED = {
    State.DISPATCHED: 1, State.RECEIVED: 2, State.SEEN: 3, State.DEFERRED: 3, State.ACCEPTED: 4,
    State.UNITS_ASSIGNED: 5, State.EN_ROUTE: 6, State.ON_SCENE: 7, State.CLOSED: 8,
}  # fmt: skip


class WrongState(Conflict):
    """This is not possible now: the handoff to {service} is in the state “{state}”."""

    def __init__(self, handoff: "Handoff") -> None:
        self._handoff = handoff
        super().__init__(service=handoff.service, state=handoff.state)

    def members(self) -> dict[str, object]:
        """The present state, and who decided."""
        h = self._handoff
        return {
            "state": h.state.value, "version": h.version, "decided_by": h.decided_by,
            "decided_at": h.decided_at.isoformat() if h.decided_at else None,
        }  # fmt: skip


class TooLateToReopen(Conflict):
    """More than 24 hours have passed since it ended: hand it off anew."""


class AlreadyGiven(Conflict):
    """{service} has this emergency already."""


class NotGivenBack(Conflict):
    """A service is still responsible, or has done its work: there is nothing to take back."""


class StaleEmergency(Conflict):
    """Someone changed this emergency in the meantime: look at it again, then decide."""

    def __init__(self, incident: "Incident") -> None:
        self.incident = incident
        super().__init__()

    def members(self) -> dict[str, object]:
        """The present version."""
        return {"version": self.incident.version}


@dataclass(frozen=True, slots=True)
class Victims:
    """What is known of people hurt. None: unknown. Colours are triage categories."""

    count: int | None = None
    count_kind: str = ""
    trapped: bool | None = None
    red: int | None = None
    yellow: int | None = None
    green: int | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """What leads a crew from the street to the door."""

    house: str = ""
    entrance: str = ""
    floor: str = ""
    flat: str = ""
    intercom: str = ""


@dataclass(frozen=True, slots=True)
class Incident:
    """An emergency. Times are UTC; `point` is WGS 84 (longitude, latitude) in degrees."""

    id: UUID
    year: int
    number: int
    mode: Mode
    version: int
    contact_id: UUID
    ticket_id: UUID | None
    type: str
    priority: str
    text: str
    address: str
    landmark: str
    place: Place
    victims: Victims
    hazards: tuple[str, ...]
    relation: str
    can_talk: bool | None
    point: tuple[float, float] | None
    opened_at: datetime
    opened_by: UUID
    opened_name: str
    ended_at: datetime | None

    @property
    def number_said(self) -> str:
        """The number as people say it: `2026.17`, unique within the tenant."""
        return f"{self.year}.{self.number}"

    def reference(self, slug: str) -> str:
        """The number as all services know it: `kz.sko.petropavl.2026.17`."""
        return f"kz.sko.{slug}.{self.number_said}"


@dataclass(frozen=True, slots=True)
class Handoff:
    """An incident as one service was given it, with 109's own clocks. Times are UTC."""

    id: UUID
    incident_id: UUID
    service: str
    parent_id: UUID | None
    relation: str | None
    state: State
    version: int
    priority: str
    message_id: UUID
    sent_seq: int
    last_seq: int
    events: int
    chain: bytes
    created_at: datetime
    sent_at: datetime
    expires_at: datetime
    hub_by: datetime
    receipt_by: datetime
    seen_by: datetime
    decide_by: datetime
    unit_seconds: int
    hub_at: datetime | None = None
    receipt_at: datetime | None = None
    seen_at: datetime | None = None
    decided_at: datetime | None = None
    decided_by: str | None = None
    deferred_until: datetime | None = None
    unit_at: datetime | None = None
    ended_at: datetime | None = None
    late: bool = False
    cancel_requested: bool = False
    reason_code: str | None = None
    reason: str | None = None
    forward_to: str | None = None
    external_id: str | None = None
    disposition: str | None = None
    fault: str | None = None
    alarm: Alarm | None = None
    alarm_at: datetime | None = None
    phoned_at: datetime | None = None
    phoned_by: str | None = None
    due_at: datetime | None = None
    reopened_by: UUID | None = None

    @property
    def open(self) -> bool:
        """Whether somebody still has to do something about it."""
        return self.state in OPEN

    @property
    def stage(self) -> int:
        """How far the bar is filled: an index of STAGES. What ended otherwise stays where it had come to."""
        stamps = (self.hub_at, self.receipt_at, self.seen_at)
        heard = max((n for n, at in enumerate(stamps, 1) if at), default=0)
        return _REACHED.get(self.state, heard)

    @property
    def answered(self) -> bool:
        """Whether the operator has phoned about the standing alarm."""
        if self.alarm is None or self.alarm_at is None or self.phoned_at is None:
            return False
        return self.alarm in WAITING or self.phoned_at >= self.alarm_at

    @property
    def proposed(self) -> str | None:
        """The service that the declining one named: one click adds it."""
        return self.forward_to if self.state is State.DECLINED else None

    def may(self, event: Event, side: Side = Side.DISPATCH) -> bool:
        """Whether the event is allowed now."""
        return (self.state, event, side) in MOVES

    def require(self, event: Event, side: Side = Side.DISPATCH) -> State:
        """The state after the event; raises WrongState."""
        after = MOVES.get((self.state, event, side))
        if after is None:
            raise WrongState(self)
        return after

    def require_recent(self, at: datetime) -> None:
        """Raise TooLateToReopen a day after it ended."""
        if self.ended_at is not None and at - self.ended_at > timedelta(seconds=REOPEN_SECONDS):
            raise TooLateToReopen


@dataclass(frozen=True, slots=True)
class Unit:
    """A crew as it was last heard of."""

    handoff_id: UUID
    unit_id: str
    call_sign: str
    kind: str
    status: str
    at: datetime
    eta: datetime | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One event of a handoff."""

    handoff_id: UUID
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


def number_of(written: str, slug: str) -> tuple[int, int] | None:
    """Year and number of `2026.17` or `kz.sko.<slug>.2026.17`; None for anything else, another slug too."""
    found = _REFERENCE.fullmatch(written)
    return (int(found[2]), int(found[3])) if found and found[1] in (None, slug) else None
