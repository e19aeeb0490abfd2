"""What the tenant that referred a ticket here is told of it, in the transaction that changed it."""

from typing import Any, Literal
from uuid import UUID

from chassis109.bus.announce import announce, wake
from chassis109.kernel import clock
from chassis109.kernel.messages import OutboxMessage
from chassis109.store.unit import after_commit
from dispatch109.tickets import messages, repository
from dispatch109.tickets.model import ENDED, State, Ticket, reference
from identity109.actor import Actor
from region109.contract import ReferralAnswer


async def told(ticket: Ticket, moves: Any, actor: Actor) -> list[OutboxMessage]:  # noqa: ANN401 - service.Move
    """For a ticket from elsewhere that has ended, or was opened again after that."""
    if ticket.origin_slug is None:
        return []
    if ticket.state in ENDED:
        return await answered(ticket.id, actor, ticket.state.value, confirmed=ticket.confirmed)
    if any(move.to is State.REOPENED for move in moves):
        return await answered(ticket.id, actor, None, confirmed=None)
    return []


async def answered(
    ticket_id: UUID, actor: Actor, ended_as: str | None, *, confirmed: bool | None
) -> list[OutboxMessage]:
    """The answer to whoever referred the ticket here: how it ended, or None that it goes on again."""
    state = "ended" if ended_as else "accepted"
    row = await repository.note_for_origin(ticket_id, state, ended_as, confirmed)
    said: dict[str, Any] = {"ticket_state": ended_as, "confirmed": confirmed}
    return _answer(row, actor, "ended" if ended_as else "reopened", said)


async def passed_on(ticket_id: UUID, actor: Actor, to: str, number: str | None) -> list[OutboxMessage]:
    """The answer to whoever referred the ticket here: another tenant has taken it over, under this number."""
    row = await repository.note_for_origin(ticket_id, "accepted", None, None)
    return _answer(row, actor, "passed_on", {"passed_to": to, "passed_reference": number})


def _answer(
    row: Any,  # noqa: ANN401 - a row of the repository, which knows the driver
    actor: Actor,
    state: Literal["ended", "reopened", "passed_on"],
    said: dict[str, Any],
) -> list[OutboxMessage]:
    """None when nobody referred the ticket here."""
    if row is None:
        return []
    slug = actor.here.slug
    common: dict[str, Any] = {"ticket_state": None, "confirmed": None}
    answer = ReferralAnswer(
        id=row["id"], sender=row["other_slug"], receiver=slug, sequence=row["answers"], state=state, at=clock.now(),
        by=actor.name, reason="", reference=reference(row["year"], row["number"]), **common | said,
    )  # fmt: skip
    after_commit(lambda: announce(slug, "referral", str(answer.id), row["version"]))
    after_commit(wake)
    return [messages.across(answer)]
