"""How the screens say what became of a handoff: the operator's bar, alarms, steps, and the words for them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatch109.emergencies.model import Handoff, Unit
from hub112.contract import MOVES, OPEN, REOPEN_SECONDS, UNDERWAY, Event, Side, State
from ui109.i18n import mark

SERVICES: dict[str, str] = {
    "101": mark("Fire service"), "102": mark("Police"), "103": mark("Ambulance"), "104": mark("Gas service"),
    "112": mark("Rescue service"),
}  # fmt: skip
PRIORITIES: dict[str, str] = {
    "P0": mark("P0, life in danger"), "P1": mark("P1, at once"), "P2": mark("P2, soon"), "P3": mark("P3, can wait"),
}  # fmt: skip
HAZARDS: dict[str, str] = {
    "fire": mark("Fire"), "smoke": mark("Smoke"), "gas": mark("Gas"), "explosion": mark("Explosion"),
    "collapse": mark("Collapse"), "electric": mark("Electricity"), "chemical": mark("Chemicals"),
    "biological": mark("Infection"), "radiation": mark("Radiation"), "flood": mark("Water"), "weapon": mark("Weapon"),
    "violent_person": mark("Violent person"), "animal": mark("Animal"), "no_access": mark("No access"),
    "traffic": mark("Traffic"), "unknown": mark("Not known yet"),
}  # fmt: skip
RELATIONS: dict[str, str] = {
    "unknown": mark("Not known"), "victim": mark("Victim"), "relative": mark("Relative"), "witness": mark("Witness"),
    "official": mark("Official"), "alarm": mark("Alarm system"),
}  # fmt: skip
GROUPS: dict[str, str] = {
    "fire": mark("Fire"), "gas": mark("Gas"), "explosion": mark("Explosion"), "collapse": mark("Collapse"),
    "rescue": mark("Rescue"), "traffic": mark("Road traffic"), "medical": mark("Medical"), "police": mark("Police"),
    "flood": mark("Flood"), "electric": mark("Electricity"), "hazmat": mark("Hazardous substances"),
    "utility": mark("Heat in winter"), "unknown": mark("Not known yet"),
}  # fmt: skip
REASONS: dict[str, str] = {
    "wrong_service": mark("Not our kind of emergency"), "out_of_area": mark("Not our area"),
    "duplicate": mark("Already known"), "insufficient_data": mark("Too little is known"),
    "no_resources": mark("No crew is free"), "already_closed": mark("Already ended"),
    "false_alarm": mark("False alarm"), "technical": mark("Technical fault"), "other": mark("Another reason"),
}  # fmt: skip
UNIT_STATES: dict[str, str] = {
    "assigned": mark("assigned"), "departed": mark("on the way"), "on_scene": mark("on scene"),
    "transporting": mark("takes a patient to hospital"), "at_hospital": mark("at the hospital"),
    "cleared": mark("has finished"), "returning": mark("returns"), "available": mark("free again"),
    "cancelled": mark("called back"),
}  # fmt: skip
ALARMS: dict[str, str] = {
    "no_hub": mark("{service} was not reached: nothing arrived at the hub"),
    "no_receipt": mark("{service} has not confirmed that it arrived"),
    "not_seen": mark("Nobody at {service} has opened it"),
    "not_decided": mark("{service} has not accepted"),
    "no_unit": mark("{service} has assigned no crew"),
    "deferral_over": mark("{service} asked for time, and the time is over"),
    "expired": mark("{service} did not accept in time"),
    "failed": mark("{service}: it could not be delivered"),
    "declined": mark("{service} declined"),
}  # fmt: skip
EVENTS: dict[str, str] = {
    "create": mark("Handed to {service}"), "dispatch": mark("In the hub"),
    "receipt": mark("Arrived at {service}"), "seen": mark("Opened by a person"), "accept": mark("Accepted"),
    "defer": mark("Asked for time"), "decline": mark("Declined"), "assign_unit": mark("Crew assigned"),
    "depart": mark("Crew on the way"), "arrive": mark("Crew on scene"), "close": mark("Closed by {service}"),
    "cancel": mark("Cancelled by 109"), "request_cancel": mark("109 asks to cancel"),
    "confirm_cancel": mark("{service} confirmed the cancellation"), "forward": mark("Passed on by {service}"),
    "transfer": mark("Taken over by another service"), "expire": mark("Not accepted in time"),
    "fail": mark("Could not be delivered"), "retry": mark("Sent again"), "reopen": mark("Reopened by 109"),
    "update": mark("109 sent new facts"), "note": mark("Note"), "alarm": mark("Alarm"), "phoned": mark("109 phoned"),
    "rung": mark("Raised to the next level"),
}  # fmt: skip
SIDES: dict[str, str] = {"109": mark("109"), "hub": mark("Hub"), "desk": mark("Service")}
# A service that has not taken responsibility must be phoned; the others are looked after by their own people.
WATCHED = frozenset({"not_seen", "no_unit", "deferral_over"})
_CLOCKS = (
    ("no_hub", "hub_by"),
    ("no_receipt", "receipt_by"),
    ("not_seen", "seen_by"),
    ("not_decided", "decide_by"),
)
_STAGES = (
    ("saved", mark("Saved"), "created_at", ""), ("in_hub", mark("In the hub"), "hub_at", "hub_by"),
    ("received", mark("Received"), "receipt_at", "receipt_by"), ("seen", mark("Seen"), "seen_at", "seen_by"),
    ("accepted", mark("Accepted"), "decided_at", "decide_by"), ("units", mark("Crew"), "unit_at", ""),
    ("on_scene", mark("On scene"), "", ""), ("closed", mark("Closed"), "ended_at", ""),
)  # fmt: skip
_REACHED = {
    State.CREATED: 0, State.DISPATCHED: 1, State.RECEIVED: 2, State.SEEN: 3, State.ACCEPTED: 4,
    State.UNITS_ASSIGNED: 5, State.EN_ROUTE: 5, State.ON_SCENE: 6, State.CLOSED: 7,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of the bar. state: done, running (`due`: until when), ahead, or ended: it will not be reached."""

    name: str
    word: str
    state: str
    at: datetime | None
    due: datetime | None


@dataclass(frozen=True, slots=True)
class Warned:
    """An alarm that stands, or one that the page raises by itself at `due` when nothing was heard until then."""

    handoff: Handoff
    kind: str
    due: datetime
    stands: bool

    @property
    def level(self) -> str:
        """phone: the service must be phoned now; watch: look at it."""
        return "watch" if self.kind in WATCHED else "phone"


def stages(handoff: Handoff, units: Iterable[Unit] = ()) -> list[Stage]:
    """The eight steps of a handoff as they stand now."""
    reached = _reached(handoff)
    running = handoff.state in OPEN and handoff.state is not State.EXPIRED
    shown = []
    for place, (name, word, at, due) in enumerate(_STAGES):
        done = place <= reached
        state = "done" if done else ("running" if running else "ended") if place == reached + 1 else "ahead"
        when = getattr(handoff, at) if at else _arrived(units)
        until = _due(handoff, name, due) if state == "running" else None
        shown.append(Stage(name, word, state, when if done else None, until))
    return shown


def warnings(handoff: Handoff) -> list[Warned]:
    """The alarm that stands unanswered, and those that the page raises itself when it hears nothing more."""
    if handoff.phoned_at is not None and (handoff.alarm_at is None or handoff.phoned_at >= handoff.alarm_at):
        return []
    found = []
    if handoff.alarm and handoff.alarm_at:
        found.append(Warned(handoff, handoff.alarm, handoff.alarm_at, stands=True))
    reached = _reached(handoff)
    if handoff.state in {State.CREATED, State.DISPATCHED, State.RECEIVED, State.SEEN}:
        found += [
            Warned(handoff, kind, getattr(handoff, due), stands=False)
            for place, (kind, due) in enumerate(_CLOCKS, 1)
            if place > reached and kind != handoff.alarm
        ]
    return found


def deeds(handoff: Handoff, now: datetime) -> frozenset[str]:
    """What 109 may do with a handoff now: cancel, request_cancel, retry, reopen, forward."""
    may = {
        name
        for name, event in (
            ("cancel", Event.CANCEL), ("request_cancel", Event.REQUEST_CANCEL), ("retry", Event.RETRY),
            ("reopen", Event.REOPEN),
        )
        if (handoff.state, event, Side.DISPATCH) in MOVES
    }  # fmt: skip
    if handoff.cancel_requested:
        may.discard("request_cancel")
    if handoff.ended_at is None or now - handoff.ended_at > timedelta(seconds=REOPEN_SECONDS):
        may.discard("reopen")
    return frozenset(may | ({"forward"} if handoff.state is State.DECLINED and handoff.forward_to else set()))


def _reached(handoff: Handoff) -> int:
    """The last step that was reached; what ended otherwise stands where its times say."""
    if handoff.state in _REACHED:
        return _REACHED[State(handoff.state)]
    if handoff.unit_at:
        return 5
    if handoff.decided_at and handoff.state in {State.CANCELLED, State.TRANSFERRED}:
        return 4
    return next(
        (n for n, at in ((3, handoff.seen_at), (2, handoff.receipt_at), (1, handoff.hub_at)) if at), 0
    )


def _due(handoff: Handoff, name: str, clock: str) -> datetime | None:
    if handoff.state is State.DEFERRED:
        return handoff.deferred_until
    if name == "units" and handoff.decided_at:
        return handoff.decided_at + timedelta(seconds=handoff.unit_seconds)
    return getattr(handoff, clock) if clock else None


def _arrived(units: Iterable[Unit]) -> datetime | None:
    return min((unit.at for unit in units if unit.status == "on_scene"), default=None)


def underway(handoff: Handoff) -> bool:
    """Whether the service has taken responsibility and works on it."""
    return handoff.state in UNDERWAY
