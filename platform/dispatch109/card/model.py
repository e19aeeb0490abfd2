"""How the card says what happened: every verb of the timeline, every end of an assignment and of a callback."""

from collections.abc import Sequence

from dispatch109.referrals.model import OFFERED_FROM, Referral
from dispatch109.tickets.model import MOVES, OPEN, State, Ticket
from identity109.actor import Actor
from identity109.permissions import Permission as P
from ui109.i18n import mark

VERBS: dict[str, str] = {
    "open": mark("The request was registered"),
    "assign": mark("Responsible from now on: {service}"),
    "accept": mark("The service accepted the ticket"),
    "start": mark("The work began"),
    "go_on": mark("The work goes on"),
    "pause": mark("The work was paused"),
    "return": mark("Returned by {service}: not theirs"),
    "amend": mark("The record was corrected: {fields}"),
    "finish": mark("The service reported the work as done"),
    "add_photo": mark("A photo was added"),
    "plan_callback": mark("The applicant is owed a call"),
    "close": mark("The ticket was closed"),
    "reopen": mark("Reopened: the applicant says that it is not done"),
    "hand_off": mark("Handed to the emergency services: {emergency}"),
    "end_emergency": mark("The emergency services have ended their work: {emergency}"),
    "take_back": mark("No emergency service took it: {emergency}"),
    "escalate": mark("The region raised the priority"),
    "take_over": mark("Taken over from {other}: its number there is {number}"),
    "refer": mark("Offered to {other}"),
    "refer_withdraw": mark("Asked back from {other}"),
    "refer_withdrawn": mark("Taken back before {other} decided"),
    "refer_too_late": mark("{other} had decided before it was asked back: the acceptance counts"),
    "refer_asked_back": mark("{other} asked for it back after we had taken it over: the acceptance counts"),
    "refer_passed_on": mark("{other} has passed it on to {to}: its number there is {number}"),
    "refer_accepted": mark("{other} has taken it over: its number there is {number}"),
    "refer_crossed": mark(
        "{other} has taken it over as well, while the work here went on: its number there is {number}"
    ),
    "refer_refused": mark("{other} did not take it"),
    "refer_told": mark("The applicant was told that {other} is responsible"),
    "refer_ended": mark("It has ended at {other}"),
    "refer_reopened": mark("It goes on at {other}"),
    "did_not_react": mark("{service} did not react in time"),
}
FIELDS: dict[str, str] = {
    "category_code": mark("Category"), "text": mark("What is asked"), "address": mark("Address"),
    "landmark": mark("Landmark"), "point": mark("Point on the map"), "priority": mark("Priority"),
}  # fmt: skip
ENDS: dict[str, str] = {
    "returned": mark("returned"), "reassigned": mark("given to another service"), "done": mark("reported done"),
    "handed_off": mark("handed to the emergency services"), "referred": mark("taken over by another tenant"),
}  # fmt: skip
CALLS: dict[str, str] = {
    "due": mark("Call is due"), "confirmed": mark("The applicant confirmed"),
    "not_done": mark("The applicant says: not done"), "unreached": mark("Closed without reaching the applicant"),
    "unreachable": mark("No answer"),
}  # fmt: skip
PRIORITIES: dict[str, str] = {
    "1": mark("1, at once"), "2": mark("2, today"), "3": mark("3, planned"),
}  # fmt: skip


def may_amend(ticket: Ticket, actor: Actor) -> bool:
    """Whether the actor may correct the record now."""
    return actor.may(P.TICKET_OPEN) and ticket.state in OPEN


def may_hand_off(ticket: Ticket, actor: Actor) -> bool:
    """Whether the actor may hand the ticket to the emergency services now."""
    return actor.may(P.EMERGENCY_HAND_OFF) and State.HANDED_OFF in MOVES[ticket.state]


def may_assign(ticket: Ticket, actor: Actor) -> bool:
    """Whether the actor may make another service responsible now."""
    return actor.may(P.TICKET_ASSIGN) and State.ASSIGNED in MOVES[ticket.state]


def may_withdraw(referrals: Sequence[Referral], actor: Actor) -> Referral | None:
    """The unanswered offer that the actor may ask back now."""
    if not actor.may(P.REFERRAL_SEND):
        return None
    return next(
        (one for one in referrals if one.side == "out" and one.waits and one.withdrawn_at is None), None
    )


def may_refer(ticket: Ticket, referrals: Sequence[Referral], actor: Actor) -> bool:
    """Whether the actor may offer the ticket to another tenant now."""
    waits = any(one.side == "out" and one.waits for one in referrals)
    return actor.may(P.REFERRAL_SEND) and ticket.state in OFFERED_FROM and not waits
