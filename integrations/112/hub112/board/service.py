"""What stands on the board, what people type there, checked, and what they do that concerns no handoff."""

from collections.abc import Mapping
from dataclasses import replace

from chassis109.kernel import clock
from chassis109.kernel.text import Form
from chassis109.store import journal
from chassis109.store.unit import transaction
from hub112.board.model import OUTCOMES, UNIT_KINDS, UNIT_STATUSES, rings, urgency
from hub112.contract import Unit, stamp
from hub112.desks import reading
from hub112.desks.model import Board, Handoff
from identity109.actor import Actor
from ui109.i18n import translate

SILENCE_SECONDS = 30


async def both(actor: Actor) -> dict[str, Board]:
    """What is live and what is drilled at the desk; what waits stands in the order of its urgency."""
    found = {mode: await reading.board(actor, mode) for mode in ("live", "exercise")}
    return {mode: replace(one, waiting=sorted(one.waiting, key=urgency)) for mode, one in found.items()}


def unanswered(boards: Mapping[str, Board]) -> list[Handoff]:
    """What the alarm is about, the live ones first."""
    return [row.handoff for board in boards.values() for row in board.waiting if rings(row.handoff)]


async def silence(reason: str, actor: Actor) -> None:
    """Write down that a person stopped the sound on the own screen, and why. Raises Invalid without a reason."""
    form = Form()
    said = form.text("reason", reason, most=300, required=True)
    form.done()
    async with transaction(actor.tenant_id):
        detail: dict[str, object] = {"reason": said, "seconds": SILENCE_SECONDS}
        entry = journal.AuditEntry("board.silence", "desk", actor.here.slug, detail)
        await journal.write(actor.subject, actor.kind, [entry])


def minutes(typed: str) -> int:
    """A number as it was typed; 0, which no verb takes, when it is none."""
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 6 else 0


def unit(unit_id: str, call_sign: str, kind: str, status: str) -> Unit:
    """A crew as the dialog or a button names it; a new one is known by its call sign. Raises Invalid."""
    form = Form()
    sign = form.text("call_sign", call_sign, most=40, required=True)
    form.choice("kind", kind, set(UNIT_KINDS))
    form.choice("status", status, set(UNIT_STATUSES))
    form.done()
    return Unit(
        unit_id=unit_id or sign, call_sign=sign, kind=kind, status=status, at=stamp(clock.now()),  # type: ignore[arg-type] # both were chosen from the contract's
    )  # fmt: skip


def disposition(outcome: str, text: str, language: str) -> str:
    """How it ended, in words: one of the usual outcomes, and what the person adds. Raises Invalid."""
    form = Form()
    form.choice("outcome", outcome, set(OUTCOMES))
    said = form.text("text", text, most=1000, required=outcome == "other")
    form.done()
    return (
        said
        if outcome == "other"
        else ". ".join(filter(None, (translate(OUTCOMES[outcome], language), said)))
    )
