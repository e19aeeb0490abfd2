"""How the screens say what became of a handoff: the operator's bar, alarms, steps, and the words for them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatch109.emergencies.clocks import clocks
from dispatch109.emergencies.model import PHONE_NOW, Alarm, Handoff, Step, TooLateToReopen, Unit
from hub112.contract import Event, State
from ui109.i18n import mark, translate

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
RUNGS: dict[str, str] = {
    "receipt": mark("No receipt in time: the desk and the second desk were rung"),
    "seen": mark("Not looked at in time: the shift supervisor was told"),
    "decide": mark("No decision in time: the duty officer was told, 109 is phoning"),
    "region": mark("Still no decision: the region was told"),
    "deferral": mark("The time that the desk asked for is over"), "unit": mark("Accepted, but no crew yet"),
}  # fmt: skip
SIDES: dict[str, str] = {"109": mark("109"), "hub": mark("Hub"), "desk": mark("Service")}
# Name, word, when it was reached, until when it is due; in the order of model.STAGES, crew and way as one.
_STEPS = (
    ("saved", mark("Saved"), "created_at", ""), ("in_hub", mark("In the hub"), "hub_at", "hub_by"),
    ("received", mark("Received"), "receipt_at", "receipt_by"), ("seen", mark("Seen"), "seen_at", "seen_by"),
    ("accepted", mark("Accepted"), "decided_at", "decide_by"), ("units", mark("Crew"), "unit_at", ""),
    ("on_scene", mark("On scene"), "", ""), ("closed", mark("Closed"), "ended_at", ""),
)  # fmt: skip
_ACCEPTED, _UNITS = 4, 5
_DEEDS = {
    "cancel": Event.CANCEL, "request_cancel": Event.REQUEST_CANCEL, "retry": Event.RETRY, "reopen": Event.REOPEN,
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
    kind: Alarm
    due: datetime
    stands: bool

    @property
    def level(self) -> str:
        """phone: the service must be phoned now; watch: look at it."""
        return "phone" if self.kind in PHONE_NOW else "watch"


def stages(handoff: Handoff, units: Iterable[Unit] = ()) -> list[Stage]:
    """The eight steps of a handoff as they stand now."""
    reached, ended = _reached(handoff), not handoff.open or handoff.state in (State.EXPIRED, State.FAILED)
    shown = []
    for place, (name, word, at, _) in enumerate(_STEPS):
        state = (
            "done"
            if place <= reached
            else "ahead"
            if place > reached + 1
            else "ended"
            if ended
            else "running"
        )
        when = (getattr(handoff, at) if at else _arrived(units)) if state == "done" else None
        shown.append(Stage(name, word, state, when, _due(handoff, place) if state == "running" else None))
    return shown


def warned(handoff: Handoff) -> list[Warned]:
    """The alarm that stands unanswered, and those that the page raises itself when it hears nothing more."""
    if handoff.phoned_at is not None and (handoff.alarm is None or handoff.answered):
        return []
    found = []
    if handoff.alarm and handoff.alarm_at:
        found.append(Warned(handoff, handoff.alarm, handoff.alarm_at, stands=True))
    return found + [
        Warned(handoff, kind, due, False) for due, kind in clocks(handoff) if kind != handoff.alarm
    ]


def told(step: Step) -> tuple[str, str]:
    """What an event of the log says, an English message id, and in whose words; alarms and rungs have no own words."""
    named = {"alarm": ALARMS, "rung": RUNGS}.get(step.event, {})
    if step.note in named:
        return named[step.note], ""
    return EVENTS.get(step.event, step.event), step.note


def choices(language: str) -> dict[str, list[tuple[str, str]]]:
    """The lists of the form in the person's language, as (value, word)."""
    lists = {"priorities": PRIORITIES, "relations": RELATIONS}
    return {
        name: [(code, translate(word, language)) for code, word in words.items()]
        for name, words in lists.items()
    }


def deeds(handoff: Handoff, now: datetime) -> frozenset[str]:
    """What 109 may do with a handoff now: cancel, request_cancel, retry, reopen, and forward to whom it names."""
    may = {name for name, event in _DEEDS.items() if handoff.may(event)}
    if handoff.cancel_requested:
        may.discard("request_cancel")
    try:
        handoff.require_recent(now)
    except TooLateToReopen:
        may.discard("reopen")
    return frozenset(may | ({"forward"} if handoff.proposed else set()))


def _reached(handoff: Handoff) -> int:
    """The last step that was reached; crew assigned and crew on its way are one."""
    stage = handoff.stage
    if stage < _ACCEPTED and handoff.decided_at and handoff.state in (State.CANCELLED, State.TRANSFERRED):
        stage = _UNITS if handoff.unit_at else _ACCEPTED
    return stage if stage <= _UNITS else stage - 1


def _due(handoff: Handoff, place: int) -> datetime | None:
    if handoff.state is State.DEFERRED:
        return handoff.deferred_until
    if place == _UNITS and handoff.decided_at:
        return handoff.decided_at + timedelta(seconds=handoff.unit_seconds)
    clock = _STEPS[place][3]
    return getattr(handoff, clock) if clock else None


def _arrived(units: Iterable[Unit]) -> datetime | None:
    return min((unit.at for unit in units if unit.status == "on_scene"), default=None)
