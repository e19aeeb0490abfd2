"""Tickets over JSON: reading, the timeline, and the verbs of operators and services."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, SkipValidation

from chassis109.kernel.text import Form
from chassis109.store import idempotency
from chassis109.store.idempotency import RequestKey
from dispatch109.tickets import applicant, reading
from dispatch109.tickets import service as tickets
from dispatch109.tickets.model import Ticket
from dispatch109.tickets.schemas import (
    ApplicantOut,
    AssignIn,
    AssignmentOut,
    HistoryOut,
    ReasonIn,
    StepOut,
    TicketOut,
    UnmaskIn,
    VersionIn,
)
from identity109.actor import Actor
from identity109.permissions import Permission as P
from identity109.permissions import requires

Acting = NamedDependency[SkipValidation[Actor]]
Key = NamedDependency[SkipValidation[RequestKey | None]]
ONE = "/api/v1/t/{slug:str}/tickets/{ticket_id:str}"


@get(ONE, opt=requires(P.TICKET_READ), tags=["tickets"])
async def read(ticket_id: FromPath[str], actor: Acting) -> TicketOut:
    """A ticket by its id or its number (`109-26-000123`)."""
    return TicketOut.of(await reading.ticket(ticket_id, actor))


@get(f"{ONE}/history", opt=requires(P.TICKET_READ), tags=["tickets"])
async def history(ticket_id: FromPath[str], actor: Acting) -> HistoryOut:
    """Every step with who and when, and who was responsible."""
    steps, assignments = await reading.story(await reading.ticket(ticket_id, actor), actor)
    return HistoryOut([StepOut.of(s) for s in steps], [AssignmentOut.of(a) for a in assignments])


@get(f"{ONE}/applicant", opt=requires(P.TICKET_READ), tags=["tickets"])
async def who(ticket_id: FromPath[str], actor: Acting) -> ApplicantOut:
    """Who asked; masked unless the ticket is yours or a callback is due."""
    return _applicant(await applicant.of(await reading.ticket(ticket_id, actor), actor))


@post(f"{ONE}/unmask", opt=requires(P.CONTACT_UNMASK), tags=["tickets"], status_code=200)
async def unmask(ticket_id: FromPath[str], data: JSONBody[UnmaskIn], actor: Acting) -> ApplicantOut:
    """See the applicant for a reason, which is audited."""
    ticket = await reading.ticket(ticket_id, actor)
    return _applicant(await applicant.unmask(ticket.id, data.reason, actor))


@post(f"{ONE}/accept", opt=requires(P.TICKET_EXECUTE), tags=["service"], status_code=200)
async def accept(ticket_id: FromPath[str], data: JSONBody[VersionIn], actor: Acting, key: Key) -> TicketOut:
    """Take the ticket over; the reaction clock stops."""
    ticket = await reading.known(ticket_id, actor)
    return await moved(key, actor, ticket, lambda of: tickets.accept(of, data.version, actor))


@post(f"{ONE}/start", opt=requires(P.TICKET_EXECUTE), tags=["service"], status_code=200)
async def start(ticket_id: FromPath[str], data: JSONBody[VersionIn], actor: Acting, key: Key) -> TicketOut:
    """Begin to work, or go on after a pause."""
    ticket = await reading.known(ticket_id, actor)
    return await moved(key, actor, ticket, lambda of: tickets.start(of, data.version, actor))


@post(f"{ONE}/pause", opt=requires(P.TICKET_EXECUTE), tags=["service"], status_code=200)
async def pause(ticket_id: FromPath[str], data: JSONBody[ReasonIn], actor: Acting, key: Key) -> TicketOut:
    """Wait for a reason; the operational clock stands where the category allows it (else 409)."""
    reason = reason_of(data.reason)
    ticket = await reading.known(ticket_id, actor)
    return await moved(key, actor, ticket, lambda of: tickets.pause(of, data.version, reason, actor))


@post(f"{ONE}/return", opt=requires(P.TICKET_EXECUTE), tags=["service"], status_code=200)
async def return_(ticket_id: FromPath[str], data: JSONBody[ReasonIn], actor: Acting, key: Key) -> TicketOut:
    """“Not ours”: give the ticket back with a reason; it is routed again."""
    reason = reason_of(data.reason)
    ticket = await reading.known(ticket_id, actor)
    return await moved(key, actor, ticket, lambda of: tickets.return_(of, data.version, reason, actor))


@post(f"{ONE}/assign", opt=requires(P.TICKET_ASSIGN), tags=["tickets"], status_code=200)
async def assign(ticket_id: FromPath[str], data: JSONBody[AssignIn], actor: Acting, key: Key) -> TicketOut:
    """Make another service responsible; its reaction clock starts."""
    note = reason_of(data.note, field="note", required=False)
    ticket = await reading.known(ticket_id, actor)
    return await moved(
        key, actor, ticket, lambda of: tickets.assign(of, data.version, data.service, note, actor)
    )


def reason_of(typed: str, *, field: str = "reason", required: bool = True) -> str:
    """A reason as it will stand in the timeline; raises Invalid."""
    form = Form()
    reason = form.text(field, typed, most=1000, required=required)
    form.done()
    return reason


async def moved(
    key: RequestKey | None, actor: Actor, ticket: Ticket, verb: Callable[[UUID], Awaitable[Ticket]]
) -> TicketOut:
    """`settled`, as it crosses HTTP."""
    return TicketOut.of(await settled(key, actor, ticket, verb))


async def settled(
    key: RequestKey | None, actor: Actor, ticket: Ticket, verb: Callable[[UUID], Awaitable[Ticket]]
) -> Ticket:
    """Run a verb on a ticket once for each Idempotency-Key; a repetition answers the ticket as it is now."""

    async def again(ticket_id: UUID) -> Ticket:
        return await reading.known(str(ticket_id), actor)

    return await idempotency.settled(actor.here.id, key, ticket.id, lambda: verb(ticket.id), again)


def _applicant(shown: applicant.Applicant) -> ApplicantOut:
    return ApplicantOut(shown.name, shown.phone, shown.language, shown.masked)


ROUTES = (read, history, who, unmask, accept, start, pause, return_, assign)
