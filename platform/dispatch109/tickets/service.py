"""The verbs of a ticket. One transaction each: state, history, audit and outbox together or not at all."""

from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from chassis109.bus.announce import announce
from chassis109.kernel import clock
from chassis109.kernel.errors import NotFound
from chassis109.kernel.folding import fold
from chassis109.kernel.ids import uuid7
from chassis109.store import journal
from chassis109.store.idempotency import RequestKey
from chassis109.store.unit import after_commit, transaction
from dispatch109.catalogue import service as catalogues
from dispatch109.contacts import service as contacts
from dispatch109.contacts.model import Contact
from dispatch109.tickets import messages, origin, repository
from dispatch109.tickets.model import ALMATY, OPEN, Origin, State, Ticket, WrongState, statutory_due
from dispatch109.tickets.repository import Step
from identity109.actor import Actor
from region109.contract import encode
from tenancy109.model import Catalogue
from tenancy109.routing import choose


@dataclass(frozen=True, slots=True)
class Request:
    """What an applicant asks for, already checked. `point` is WGS 84 (longitude, latitude)."""

    category_code: str
    text: str
    address: str
    landmark: str
    point: tuple[float, float] | None
    priority: int


@dataclass(frozen=True, slots=True)
class Move:
    """One step of a verb: its name, where it leads, and what the person said."""

    verb: str
    to: State
    note: str = ""
    detail: dict[str, object] = field(default_factory=dict)


async def open_(
    request: Request,
    contact: Contact,
    actor: Actor,
    key: RequestKey | None = None,
    came: Origin | None = None,
) -> Ticket:
    """Register a request, route it by category × place, and start both clocks; the ticket with its number. One that
    `came` from another tenant keeps its clocks, but for the reaction, and its number beside the new one."""
    tenant, now = actor.here, clock.now()
    async with transaction(tenant.id):
        catalogue = await catalogues.of(tenant)
        category = catalogues.category(catalogue, request.category_code)
        service = choose(catalogue, category.code, request.point)
        ticket = Ticket(
            id=uuid7(), year=now.astimezone(ALMATY).year, number=0, state=State.ASSIGNED, version=2,
            contact_id=contact.id, category_code=category.code, service_code=service, priority=request.priority,
            text=request.text, address=request.address, landmark=request.landmark, language=contact.language,
            point=request.point, opened_at=now, opened_by=actor.subject, updated_at=now,
            react_by=now + timedelta(seconds=category.reaction_seconds),
            due_at=now + timedelta(seconds=category.resolution_seconds), statutory_due=statutory_due(now),
            paused_at=None, unanswered=0, reopened=0, done_at=None, closed_at=None,
        )  # fmt: skip
        if came is not None:
            ticket = replace(ticket, **asdict(came))
        number = await repository.insert(
            ticket, contacts.seal(tenant.id, contact), folded(ticket), actor.name, key
        )
        ticket = replace(ticket, number=number)
        opened = Move("take_over" if came else "open", State.ASSIGNED, detail={"service": service})
        await _tell(ticket, actor, [opened])
    return ticket


async def accept(ticket_id: UUID, version: int | None, actor: Actor) -> Ticket:
    """The responsible service takes the ticket over; its reaction clock stops."""
    async with transaction(actor.tenant_id):
        ticket = await _locked(ticket_id, actor)
        ticket.require(State.ACCEPTED, version)
        await repository.accept_assignment(ticket.id, actor.subject)
        return await move(ticket, actor, Move("accept", State.ACCEPTED), react_by=None)


async def start(ticket_id: UUID, version: int | None, actor: Actor) -> Ticket:
    """The service begins to work, or goes on after a pause (the operational clock moves by the pause)."""
    async with transaction(actor.tenant_id):
        ticket = await _locked(ticket_id, actor)
        ticket.require(State.IN_PROGRESS, version)
        paused = clock.now() - ticket.paused_at if ticket.paused_at else timedelta()
        changes = {"paused_at": None, "due_at": ticket.due_at + paused}
        return await move(ticket, actor, Move("start", State.IN_PROGRESS), **changes)


async def pause(ticket_id: UUID, version: int | None, reason: str, actor: Actor) -> Ticket:
    """The work waits for a reason; raises PauseNotAllowed where the category does not let the clock stop."""
    async with transaction(actor.tenant_id):
        ticket = await _locked(ticket_id, actor)
        ticket.require(State.PAUSED, version)
        catalogues.require_pause(await catalogues.of(actor.here), ticket.category_code)
        return await move(ticket, actor, Move("pause", State.PAUSED, reason), paused_at=clock.now())


async def return_(ticket_id: UUID, version: int | None, reason: str, actor: Actor) -> Ticket:
    """“Not ours”: the service gives the ticket back with a reason, and it is routed again.

    It goes to the next service that its routes name and that has not returned it yet; when there is none it
    stays `returned` for the senior operator to assign.
    """
    async with transaction(actor.tenant_id):
        ticket = await _locked(ticket_id, actor)
        ticket.require(State.RETURNED, version)
        await repository.end_assignment(ticket.id, "returned")
        refused = {
            a.service_code for a in await repository.assignments(ticket.id) if a.end_reason == "returned"
        }
        catalogue = await catalogues.of(actor.here)
        back = Move("return", State.RETURNED, reason, {"service": ticket.service_code})
        following = catalogues.next_service(catalogue, ticket.category_code, ticket.point, refused)
        if following is None:
            return await move(ticket, actor, back, service_code=None, react_by=None, paused_at=None)
        return await _assign(ticket, following, actor, catalogue, back)


async def assign(ticket_id: UUID, version: int | None, service_code: str, note: str, actor: Actor) -> Ticket:
    """Make another service responsible (the senior operator's choice); its reaction clock starts anew."""
    async with transaction(actor.tenant_id):
        ticket = await _locked(ticket_id, actor)
        ticket.require(State.ASSIGNED, version)
        catalogue = await catalogues.of(actor.here)
        catalogues.require_service(catalogue, service_code)
        await repository.end_assignment(ticket.id, "reassigned")
        return await _assign(ticket, service_code, actor, catalogue, note=note)


async def amend(ticket_id: UUID, version: int | None, request: Request, actor: Actor) -> Ticket:
    """Correct what was written down; raises StaleVersion when someone else changed it meanwhile."""
    async with transaction(actor.tenant_id):
        ticket = await _locked(ticket_id, actor)
        if ticket.state not in OPEN:
            raise WrongState(ticket)
        ticket.require_version(version)
        if request.category_code != ticket.category_code:
            catalogues.category(await catalogues.of(actor.here), request.category_code)
        wanted = {name: getattr(request, name) for name in Request.__dataclass_fields__}
        changed = [name for name, value in wanted.items() if getattr(ticket, name) != value]
        if not changed:
            return ticket
        return await move(ticket, actor, Move("amend", ticket.state, detail={"fields": changed}), **wanted)


async def finish(ticket_id: UUID, version: int | None, note: str, actor: Actor, evidence: int) -> Ticket:
    """The service says that the work is done; the applicant is now owed a call. `evidence`: number of photos."""
    async with transaction(actor.tenant_id):
        ticket = await _locked(ticket_id, actor)
        ticket.require(State.DONE, version)
        await repository.end_assignment(ticket.id, "done")
        done = Move("finish", State.DONE, note, {"photos": evidence})
        return await move(ticket, actor, done, Move("plan_callback", State.CALLBACK_DUE), done_at=clock.now())


async def close(ticket_id: UUID, note: str, actor: Actor, *, confirmed: bool) -> Ticket:
    """End the ticket. Only the callback does this: confirmed by the applicant, or three failed attempts."""
    async with transaction(actor.tenant_id):
        ticket = await _locked(ticket_id, actor)
        ticket.require(State.CLOSED)
        closed = Move("close", State.CLOSED, note)
        return await move(ticket, actor, closed, closed_at=clock.now(), confirmed=confirmed)


async def reopen(ticket_id: UUID, reason: str, actor: Actor) -> Ticket:
    """The applicant says that it is not done: back to the same service with new clocks."""
    async with transaction(actor.tenant_id):
        ticket = await _locked(ticket_id, actor)
        ticket.require(State.REOPENED)
        catalogue = await catalogues.of(actor.here)
        again = Move("reopen", State.REOPENED, reason)
        served_by = [a.service_code for a in await repository.assignments(ticket.id)]
        reopened = replace(ticket, done_at=None, closed_at=None, confirmed=None, reopened=ticket.reopened + 1)
        seconds = catalogues.known(catalogue, ticket.category_code).resolution_seconds
        reopened = replace(reopened, due_at=clock.now() + timedelta(seconds=seconds))
        return await _assign(reopened, served_by[-1], actor, catalogue, again)


async def hand_off(ticket_id: UUID, emergency: str, actor: Actor) -> Ticket:
    """The ticket is an emergency: the emergency services are responsible now, and the utility service no longer."""
    async with transaction(actor.tenant_id):
        ticket = await _locked(ticket_id, actor)
        ticket.require(State.HANDED_OFF)
        await repository.end_assignment(ticket.id, "handed_off")
        given = Move("hand_off", State.HANDED_OFF, detail={"emergency": emergency})
        return await move(ticket, actor, given, react_by=None, paused_at=None)


async def end_emergency(ticket_id: UUID, emergency: str, actor: Actor) -> Ticket:
    """The emergency services have ended their work; the applicant is now owed a call."""
    async with transaction(actor.tenant_id):
        ticket = await _locked(ticket_id, actor)
        ticket.require(State.CALLBACK_DUE)
        ended = Move("end_emergency", State.CALLBACK_DUE, detail={"emergency": emergency})
        return await move(ticket, actor, ended, done_at=clock.now())


async def take_back(ticket_id: UUID, emergency: str, actor: Actor) -> Ticket:
    """No emergency service took it: the utility service that had it last is responsible again, with a new clock."""
    async with transaction(actor.tenant_id):
        ticket = await _locked(ticket_id, actor)
        if ticket.state is not State.HANDED_OFF:
            raise WrongState(ticket)
        served_by = [a.service_code for a in await repository.assignments(ticket.id)]
        catalogue = await catalogues.of(actor.here)
        back = Move("take_back", State.ASSIGNED, detail={"emergency": emergency})
        return await _assign(ticket, served_by[-1], actor, catalogue, back)


async def note_silence(ticket_id: UUID, actor: Actor) -> Ticket:
    """“Did not react”: the assignment was neither accepted nor returned in time. Called by the watchdog."""
    ticket = await _locked(ticket_id, actor)
    silent = Move("did_not_react", ticket.state, detail={"service": ticket.service_code})
    return await move(ticket, actor, silent, unanswered=ticket.unanswered + 1)


async def note_evidence(ticket_id: UUID, attachment_id: UUID, actor: Actor) -> Ticket:
    """A photo was added to the ticket, inside the caller's unit; raises WrongState once it has ended."""
    ticket = await _locked(ticket_id, actor)
    if ticket.state not in OPEN:
        raise WrongState(ticket)
    return await move(
        ticket, actor, Move("add_photo", ticket.state, detail={"attachment": str(attachment_id)})
    )


async def move(before: Ticket, actor: Actor, *moves: Move, **changes: Any) -> Ticket:  # noqa: ANN401 - fields of Ticket
    """Lead `before` through `moves` inside the running unit: state, timeline, audit and outbox."""
    now = clock.now()
    after = replace(
        before, state=moves[-1].to, version=before.version + len(moves), updated_at=now, **changes
    )
    steps, state = [], before.state
    for offset, m in enumerate(moves, 1):
        seq = before.version + offset
        steps.append(Step(seq, now, actor.person, actor.name, m.verb, state, m.to, m.note, m.detail))
        state = m.to
    await repository.save(before, after, folded(after), steps)
    await _tell(after, actor, moves)
    return after


async def _assign(
    ticket: Ticket, service_code: str, actor: Actor, catalogue: Catalogue, *before: Move, note: str = ""
) -> Ticket:
    seconds = catalogues.known(catalogue, ticket.category_code).reaction_seconds
    react_by = clock.now() + timedelta(seconds=seconds)
    await repository.add_assignment(ticket.id, service_code, react_by, actor.person)
    given = Move("assign", State.ASSIGNED, note, {"service": service_code})
    return await move(
        ticket, actor, *before, given,
        service_code=service_code, react_by=react_by, paused_at=None, due_at=ticket.due_at,
    )  # fmt: skip


async def _locked(ticket_id: UUID, actor: Actor) -> Ticket:
    ticket = await repository.get(ticket_id)
    if ticket is None or not reaches(actor, ticket):
        raise NotFound
    return ticket


def reaches(actor: Actor, ticket: Ticket) -> bool:
    """Whether the actor may know of the ticket: an executor only of those of his own service."""
    return actor.service is None or ticket.service_code == actor.service


async def _tell(ticket: Ticket, actor: Actor, moves: Any) -> None:  # noqa: ANN401
    tenant = actor.here
    told = messages.fact(tenant.slug, await catalogues.of(tenant), ticket)
    fact = journal.OutboxMessage(messages.subject(tenant.slug), str(ticket.id), encode(told))
    entries = [
        journal.AuditEntry(
            f"ticket.{m.verb}", "ticket", str(ticket.id), {"version": ticket.version, **m.detail}
        )
        for m in moves
    ]
    await journal.write(actor.person, actor.kind, entries, [fact, *await origin.told(ticket, moves, actor)])
    after_commit(lambda: announce(tenant.slug, "ticket", str(ticket.id), ticket.version))


def folded(ticket: Ticket) -> str:
    """What search looks in: text and place, with Kazakh letters folded to what people type."""
    return fold(f"{ticket.text} {ticket.address} {ticket.landmark}")
