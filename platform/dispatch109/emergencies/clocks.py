"""109's own clocks over a handoff: it must notice by itself when the hub, the broker or the desk is silent. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from dispatch109.emergencies.model import PHONE_NOW, Alarm, Handoff
from hub112.contract import UNDECIDED, State


def clocks(handoff: Handoff) -> Iterator[tuple[datetime, Alarm]]:
    """The clocks that run now: when each is due, and which alarm it raises."""
    h = handoff
    if h.open and h.hub_at is None and h.state is not State.FAILED:
        yield h.hub_by, Alarm.NO_HUB
    if h.state in (State.CREATED, *UNDECIDED) and h.state is not State.DEFERRED:
        if h.receipt_at is None:
            yield h.receipt_by, Alarm.NO_RECEIPT
        if h.seen_at is None:
            yield h.seen_by, Alarm.NOT_SEEN
        yield h.decide_by, Alarm.NOT_DECIDED
        yield h.expires_at, Alarm.EXPIRED
    if h.state is State.DEFERRED and h.deferred_until is not None:
        yield h.deferred_until, Alarm.DEFERRAL_OVER
    if h.state is State.ACCEPTED and h.unit_at is None and h.decided_at is not None:
        yield h.decided_at + timedelta(seconds=h.unit_seconds), Alarm.NO_UNIT


def next_due(handoff: Handoff, at: datetime) -> datetime | None:
    """When the sweep must look again: the next clock after `at`. One that has passed is looked at once."""
    return min((due for due, _ in clocks(handoff) if due > at), default=None)


def standing(handoff: Handoff, at: datetime) -> Alarm | None:
    """The alarm that stands at `at`: of those whose clock has passed the one nearest to the cause, but never one
    that lets the operator wait before one that makes him phone. What a message raised stays until it is answered,
    whatever clock passes meanwhile.
    """
    if handoff.state in (State.EXPIRED, State.FAILED):
        return Alarm(handoff.state.value)
    told = handoff.alarm if handoff.alarm in (Alarm.DECLINED, Alarm.FAILED) else None
    if told and not handoff.answered:
        return told
    passed = [alarm for due, alarm in clocks(handoff) if due <= at]
    urgent = [alarm for alarm in passed if alarm in PHONE_NOW]
    if passed:
        return (urgent or passed)[0]
    return told
