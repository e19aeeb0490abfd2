"""What the screens of a desk say, and which buttons a handoff has now. Pure."""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Any

from chassis109.kernel import clock
from chassis109.kernel.errors import Conflict
from hub112.contract import MOVES, Event, Side, State, Text
from hub112.desks.model import Handoff, Row, WrongState
from ui109.i18n import mark

# Receipt and "seen" are reported by the browser itself, what crews report stands with each crew.
_BUTTONS = frozenset(
    {
        Event.ACCEPT, Event.DECLINE, Event.DEFER, Event.FORWARD, Event.ASSIGN_UNIT, Event.CLOSE, Event.CONFIRM_CANCEL,
        Event.NOTE,
    }
)  # fmt: skip

PRIORITIES = {
    "P0": mark("P0, life in danger"), "P1": mark("P1, at once"), "P2": mark("P2, soon"), "P3": mark("P3, can wait"),
}  # fmt: skip
REASONS = {
    "wrong_service": mark("Not our kind of emergency"), "out_of_area": mark("Not our area"),
    "duplicate": mark("Already known"), "insufficient_data": mark("Too little is known"),
    "no_resources": mark("No crew is free"), "already_closed": mark("Already ended"),
    "false_alarm": mark("False alarm"), "technical": mark("Technical fault"), "other": mark("Another reason"),
}  # fmt: skip
HAZARDS = {
    "fire": mark("Fire"), "smoke": mark("Smoke"), "gas": mark("Gas"), "explosion": mark("Explosion"),
    "collapse": mark("Collapse"), "electric": mark("Electricity"), "chemical": mark("Chemicals"),
    "biological": mark("Infection"), "radiation": mark("Radiation"), "flood": mark("Water"), "weapon": mark("Weapon"),
    "violent_person": mark("Violent person"), "animal": mark("Animal"), "no_access": mark("No access"),
    "traffic": mark("Traffic"), "unknown": mark("Not known yet"),
}  # fmt: skip
RELATIONS = {
    "unknown": mark("Not known"), "victim": mark("Victim"), "relative": mark("Relative"), "witness": mark("Witness"),
    "official": mark("Official"), "alarm": mark("Alarm system"),
}  # fmt: skip
UNIT_KINDS = {
    "fire_engine": mark("Fire engine"), "ladder": mark("Ladder"), "rescue": mark("Rescue"), "patrol": mark("Patrol"),
    "investigator": mark("Investigator"), "als": mark("Intensive care ambulance"), "bls": mark("Ambulance"),
    "helicopter": mark("Helicopter"), "gas_crew": mark("Gas crew"), "utility_crew": mark("Utility crew"),
    "command": mark("Command vehicle"), "other": mark("Other unit"),
}  # fmt: skip
USUAL_KINDS: dict[str, tuple[str, ...]] = {
    "101": ("fire_engine", "ladder", "rescue", "command"), "102": ("patrol", "investigator", "command"),
    "103": ("bls", "als", "helicopter"), "104": ("gas_crew", "command"), "112": ("rescue", "command", "helicopter"),
}  # fmt: skip
"""What a desk sends as a rule, the most usual first; every other kind may be chosen below it."""

UNIT_STATUSES = {
    "assigned": ("assigned", mark("assigned")), "departed": ("progress", mark("on the way")),
    "on_scene": ("progress", mark("on scene")), "transporting": ("progress", mark("takes a patient to hospital")),
    "at_hospital": ("progress", mark("at the hospital")), "cleared": ("done", mark("has finished")),
    "returning": ("done", mark("returns")), "available": ("done", mark("free again")),
    "cancelled": ("rejected", mark("called back")),
}  # fmt: skip
"""Look and word of a crew's status."""
NEXT_STATUS = {
    "assigned": ("departed", mark("En route")), "departed": ("on_scene", mark("On scene")),
    "on_scene": ("cleared", mark("Finished")),
}  # fmt: skip
"""What a crew reports after a status, with the word of its button."""
OUTCOMES = {
    "helped": mark("Help was given"), "hospital": mark("Taken to hospital"), "removed": mark("The danger is removed"),
    "nobody": mark("Nobody was there"), "refused": mark("Help was refused"), "false_alarm": mark("False alarm"),
    "other": mark("Other"),
}  # fmt: skip
RUNGS = {
    "receipt": mark("No receipt in time: the desk and the second desk were rung"),
    "seen": mark("Not looked at in time: the shift supervisor was told"),
    "decide": mark("No decision in time: the duty officer was told, 109 is phoning"),
    "region": mark("Still no decision: the region was told"),
    "deferral": mark("The time that the desk asked for is over"), "unit": mark("Accepted, but no crew yet"),
}  # fmt: skip
"""What each rung means for the desk; the keys are RUNGS of desks.model."""
EVENTS = {
    "create": mark("109 handed over"), "dispatch": mark("In the hub"), "receipt": mark("Received by the desk"),
    "seen": mark("Seen at the desk"), "accept": mark("Accepted"), "defer": mark("Deferred"),
    "decline": mark("Declined"), "assign_unit": mark("A crew was assigned"), "depart": mark("A crew is en route"),
    "arrive": mark("A crew is on scene"), "unit": mark("News of a crew"), "close": mark("Closed"),
    "cancel": mark("Cancelled by 109"), "request_cancel": mark("109 asks to cancel"),
    "confirm_cancel": mark("The cancellation was confirmed"),
    "forward": mark("Forwarded"), "transfer": mark("Taken over by another service"),
    "expire": mark("Not accepted in time"), "fail": mark("Could not be delivered"), "retry": mark("Sent again"),
    "reopen": mark("Reopened by 109"), "update": mark("109 sent new facts"), "note": mark("Note"),
    "rung": mark("Raised to the next level"), "gap": mark("A message is missing"),
    "error": mark("A message was refused"),
}  # fmt: skip

FAULTS = {
    "unrecognised_format": mark("No message of ours"), "unsupported_version": mark("A version we do not understand"),
    "invalid_message": mark("Against the contract"), "sender_mismatch": mark("In another's name"),
    "unknown_sender": mark("Unknown sender"), "expired": mark("Came too late"), "unroutable": mark("No such desk"),
    "wrong_sequence": mark("Out of order"), "unknown_handoff": mark("About an unknown emergency"),
    "case_exists": mark("This emergency was here already"), "wrong_state": mark("Not possible in that state"),
    "insufficient_data": mark("Neither a place nor a text"), "technical": mark("Technical fault"),
}  # fmt: skip
"""Why a message was put aside: the error catalogue of the contract."""


class AnsweredBefore(Conflict):
    """{name} answered first, at {time}: {state}."""

    def __init__(self, refused: WrongState, zone: tzinfo) -> None:
        self._members = refused.members()
        at = datetime.fromisoformat(self._members["decided_at"]).astimezone(zone)
        super().__init__(
            name=self._members["decided_by"], time=at.strftime("%H:%M:%S"), state=self._members["state"]
        )

    def members(self) -> dict[str, Any]:
        """What stands now, as the refused verb says it."""
        return self._members


def acts(state: State, *, cancel_requested: bool) -> frozenset[Event]:
    """What the desk may do with a handoff now. One that has just come counts as received: its receipt is under way."""
    at = State.RECEIVED if state is State.DISPATCHED else state
    allowed = {event for (of, event, side) in MOVES if of is at and side is Side.DESK} & _BUTTONS
    return frozenset(allowed if cancel_requested else allowed - {Event.CONFIRM_CANCEL})


def rings(handoff: Handoff) -> bool:
    """Whether nobody has answered: a deferral is an answer until its time is over."""
    deferred = handoff.state is State.DEFERRED and handoff.deferred_until
    return not deferred or deferred <= clock.now()


def urgency(row: Row) -> tuple[bool, str, datetime]:
    """The order of what waits: by priority (a life in danger before rubbish that has burnt for long), then by deadline,
    and behind all that can still be in time what has expired."""
    handoff = row.handoff
    return handoff.state is State.EXPIRED, handoff.priority, handoff.decide_by


def kinds_for(service: str) -> Sequence[str]:
    """Every kind of unit, the usual ones of a service first."""
    usual = USUAL_KINDS.get(service, ())
    return (*usual, *(kind for kind in UNIT_KINDS if kind not in usual))


def said(text: Text, language: str) -> tuple[str, str]:
    """A text of the contract in the language of the page, else in any it has; and which one that is."""
    for tongue in (language, "kk", "ru", "en"):
        if found := getattr(text, tongue):
            return str(found), tongue
    return "", language
