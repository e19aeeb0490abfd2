"""One ticket of the demo: every method writes the rows that the verb of that name writes. Pure.

Nothing of this is written through the verbs themselves: a history of 60 days would take an hour. A test leads
tickets through `MOVES` and compares the rows with each other, so that the two ways cannot drift far apart.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

import msgspec

from dispatch109.callbacks.model import ATTEMPTS, DUE_WITHIN, Outcome, next_hour
from dispatch109.demo.model import SYSTEM, NotYet, Person, Rows, uuid7_at
from dispatch109.demo.places import Place
from dispatch109.tickets.model import ALMATY, State, statutory_due
from dispatch109.tickets.service import Move
from tenancy109.model import Category

S = State


@dataclass(frozen=True, slots=True)
class Opening:
    """How a ticket begins."""

    number: int
    category: Category
    service: str
    contact_id: UUID
    language: str
    text: str
    place: Place
    folded: str
    at: datetime
    operator: Person


@dataclass(slots=True)
class Assignment:
    """Fields in the order of the table's columns after `ticket_id`."""

    id: UUID
    service_code: str
    assigned_at: datetime
    assigned_by: UUID | None
    react_by: datetime
    accepted_at: datetime | None = None
    accepted_by: UUID | None = None
    unanswered_at: datetime | None = None
    ended_at: datetime | None = None
    end_reason: str | None = None


@dataclass(slots=True)
class Callback:
    """A call that is owed."""

    id: UUID
    planned_at: datetime
    not_before: datetime
    state: str = "due"
    version: int = 1
    attempts: int = 0
    hours: frozenset[int] = frozenset()
    ended_at: datetime | None = None

    @property
    def closable(self) -> bool:
        """Whether three attempts at different hours have failed."""
        return len(self.hours) >= ATTEMPTS


class Life:
    """A ticket from its opening to where it stands at `until`; raises NotYet for a step after that."""

    def __init__(self, random: Random, opening: Opening, rows: Rows, until: datetime) -> None:
        self._random, self._rows, self._until = random, rows, until
        self.opening, self.id = opening, uuid7_at(random, opening.at)
        self.state, self.version, self.updated_at = S.REGISTERED, 0, opening.at
        self.service: str | None = opening.service
        self.due_at = opening.at + timedelta(seconds=opening.category.resolution_seconds)
        self.react_by: datetime | None = None
        self.paused_at: datetime | None = None
        self.done_at: datetime | None = None
        self.closed_at: datetime | None = None
        self.confirmed: bool | None = None
        self.unanswered = self.reopened = 0
        self.assignments: list[Assignment] = []
        self.callbacks: list[Callback] = []
        self._open()

    def _open(self) -> None:
        at, by, service = self.opening.at, self.opening.operator, self.opening.service
        self._history(at, by, None, Move("open", S.REGISTERED))
        self._history(at, by, S.REGISTERED, Move("assign", S.ASSIGNED))
        self.state = S.ASSIGNED
        self._assignment(at, service, None)
        self._audit(at, by, "ticket.open", self.id, {"version": self.version, "service": service})

    def accept(self, at: datetime, by: Person) -> None:
        """The service takes it over."""
        self._move(at, by, Move("accept", S.ACCEPTED))
        self.react_by = None
        self.assignments[-1].accepted_at, self.assignments[-1].accepted_by = at, by.subject

    def start(self, at: datetime, by: Person) -> None:
        """The work begins, or goes on after a pause."""
        paused = at - self.paused_at if self.paused_at else timedelta()
        self._move(at, by, Move("start", S.IN_PROGRESS))
        self.due_at, self.paused_at = self.due_at + paused, None

    def pause(self, at: datetime, by: Person, reason: str) -> None:
        """The work waits."""
        self._move(at, by, Move("pause", S.PAUSED, reason))
        self.paused_at = at

    def return_(self, at: datetime, by: Person, reason: str, following: str | None) -> None:
        """“Not ours”; goes to the `following` service, or waits for the senior operator."""
        again = [Move("assign", S.ASSIGNED, detail={"service": following})] if following else []
        self._move(at, by, Move("return", S.RETURNED, reason, {"service": self.service}), *again)
        self._end_assignment(at, "returned")
        self.service, self.react_by = None, None
        if following is not None:
            self._assignment(at, following, by)

    def assign(self, at: datetime, by: Person, service: str, note: str) -> None:
        """The senior operator makes a service responsible."""
        self._move(at, by, Move("assign", S.ASSIGNED, note, {"service": service}))
        self._end_assignment(at, "reassigned")
        self._assignment(at, service, by)

    def note_silence(self) -> None:
        """The reaction deadline passed; the watchdog notes it within two seconds."""
        running = self.assignments[-1]
        at = running.react_by + timedelta(milliseconds=self._random.randint(50, 1900))
        self._move(at, SYSTEM, Move("did_not_react", self.state, "", {"service": self.service}))
        running.unanswered_at, self.unanswered = at, self.unanswered + 1

    def finish(self, at: datetime, by: Person, note: str) -> None:
        """The service reports it done; a call is owed."""
        done = Move("finish", S.DONE, note, {"photos": 0})
        self._move(at, by, done, Move("plan_callback", S.CALLBACK_DUE))
        self._end_assignment(at, "done")
        self.done_at = at
        self.callbacks.append(Callback(uuid7_at(self._random, at), at, at))
        self._callback_audit(at, by, "plan")

    def attempt(self, at: datetime, by: Person, outcome: Outcome, note: str) -> None:
        """A try to reach the applicant: closes, reopens, or leaves another try at another hour."""
        self._require(at)
        callback = self.callbacks[-1]
        callback.attempts += 1
        callback.version += 1
        callback.not_before = next_hour(at)
        row = (callback.id, callback.attempts, at, by.subject, outcome.value, note)
        self._rows.callback_attempt.append(row)
        self._callback_audit(at, by, f"attempt_{outcome.value}")
        if outcome is Outcome.UNREACHABLE:
            callback.hours |= {at.astimezone(ALMATY).hour}
            return
        callback.state, callback.ended_at = outcome.value, at
        if outcome is Outcome.CONFIRMED:
            self._close(at, by, note, confirmed=True)
        else:
            self._reopen(at, by, note)

    def close_unreached(self, at: datetime, by: Person, note: str) -> None:
        """Three attempts at different hours have failed."""
        self._require(at)
        callback = self.callbacks[-1]
        callback.state, callback.ended_at, callback.version = "unreached", at, callback.version + 1
        self._callback_audit(at, by, "close_unreached")
        self._close(at, by, note, confirmed=False)

    def write(self) -> None:
        """Hand over the rows that changed during the life: ticket, call, assignments, callbacks."""
        o, rows = self.opening, self._rows
        year = o.at.astimezone(ALMATY).year
        lon, lat = o.place.point or (None, None)
        rows.ticket.append((
            self.id, year, o.number, self.state.value, self.version, o.contact_id, o.category.code, self.service,
            o.category.priority, o.text, o.place.address, o.place.landmark, o.folded, o.language, lon, lat, o.at,
            o.operator.subject, self.updated_at, self.react_by, self.due_at, statutory_due(o.at), self.paused_at,
            self.unanswered, self.reopened, self.done_at, self.closed_at, self.confirmed,
        ))  # fmt: skip
        call_id = uuid7_at(self._random, o.at)
        rows.call.append(
            (call_id, o.contact_id, o.operator.subject, o.at, "ticket", o.category.code, self.id, "")
        )
        for a in self.assignments:
            rows.assignment.append((
                a.id, self.id, a.service_code, a.assigned_at, a.assigned_by, a.react_by, a.accepted_at,
                a.accepted_by, a.unanswered_at, a.ended_at, a.end_reason,
            ))  # fmt: skip
        for c in self.callbacks:
            due_at = c.planned_at + DUE_WITHIN
            rows.callback.append((
                c.id, self.id, o.contact_id, c.state, c.version, c.planned_at, c.not_before, due_at, c.ended_at,
            ))  # fmt: skip

    def _close(self, at: datetime, by: Person, note: str, *, confirmed: bool) -> None:
        self._move(at, by, Move("close", S.CLOSED, note))
        self.closed_at, self.confirmed = at, confirmed

    def _reopen(self, at: datetime, by: Person, reason: str) -> None:
        service = self.assignments[-1].service_code
        again = Move("assign", S.ASSIGNED, detail={"service": service})
        self._move(at, by, Move("reopen", S.REOPENED, reason), again)
        self.done_at, self.closed_at, self.confirmed, self.reopened = None, None, None, self.reopened + 1
        self.due_at = at + timedelta(seconds=self.opening.category.resolution_seconds)
        self._assignment(at, service, by)

    def _assignment(self, at: datetime, service: str, by: Person | None) -> None:
        self.service, self.paused_at = service, None
        self.react_by = at + timedelta(seconds=self.opening.category.reaction_seconds)
        new = Assignment(
            uuid7_at(self._random, at), service, at, None if by is None else by.subject, self.react_by
        )
        self.assignments.append(new)

    def _end_assignment(self, at: datetime, reason: str) -> None:
        running = self.assignments[-1]
        if running.ended_at is None:
            running.ended_at, running.end_reason = at, reason

    def _move(self, at: datetime, by: Person, *moves: Move) -> None:
        self._require(at)
        for move in moves:
            self._history(at, by, self.state, move)
            self.state = move.to
        self.updated_at = at
        for move in moves:
            self._audit(at, by, f"ticket.{move.verb}", self.id, {"version": self.version, **move.detail})

    def _require(self, at: datetime) -> None:
        if at > self._until:
            raise NotYet

    def _history(self, at: datetime, by: Person, before: State | None, move: Move) -> None:
        self.version += 1
        said = msgspec.json.encode(move.detail).decode()
        states = (before and before.value, move.to.value)
        row = (self.id, self.version, at, by.subject, by.name, move.verb, *states, move.note, said)
        self._rows.history.append(row)

    def _callback_audit(self, at: datetime, by: Person, verb: str) -> None:
        self._audit(at, by, f"callback.{verb}", self.callbacks[-1].id, {"ticket": str(self.id)}, "callback")

    def _audit(
        self, at: datetime, by: Person, action: str, about: UUID, detail: object, kind: str = "ticket"
    ) -> None:
        actor_kind = "system" if by is SYSTEM else "person"
        said = msgspec.json.encode(detail).decode()
        self._rows.audit.append((at, by.subject, actor_kind, action, kind, str(about), said))
