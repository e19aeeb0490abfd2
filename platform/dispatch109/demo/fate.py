"""What becomes of a ticket: who reacts, how long the work takes, what the applicant says. Pure."""

from datetime import datetime, timedelta
from random import Random

from dispatch109.callbacks.model import Outcome
from dispatch109.catalogue.service import next_service
from dispatch109.demo.life import Life
from dispatch109.demo.model import Cast, NotYet, Person
from dispatch109.demo.texts import Texts
from dispatch109.tickets.model import ALMATY, State
from tenancy109.model import Catalogue

SILENT = 0.07  # assignments that nobody accepts in time
GIVEN_AWAY = 0.35  # of these, assigned to the akimat's department by the senior operator
RETURNED = 0.04
PAUSED = 0.15  # where the category allows it
LATE = 0.14
NOT_DONE = 0.045
UNREACHABLE = 0.16
MOST_ROUNDS = 3
PHONE_FROM, PHONE_TO = 9, 20  # people are phoned in these hours (Almaty)


class Fate:
    """Leads tickets of one tenant through their lives."""

    def __init__(self, random: Random, cast: Cast, catalogue: Catalogue, texts: Texts) -> None:
        self._random, self._cast, self._catalogue, self._texts = random, cast, catalogue, texts

    def live(self, life: Life) -> None:
        """From the opening to the end, or to where the demo history ends."""
        try:
            for _ in range(MOST_ROUNDS):
                self._work(life, self._accepted(life))
                self._call_back(life)
                if life.state is State.CLOSED:
                    return
        except NotYet:
            return

    def _accepted(self, life: Life) -> datetime:
        """Until the responsible service has taken it over: silence and returns come before. The moment."""
        if self._random.random() < RETURNED:
            self._give_back(life)
        running = life.assignments[-1]
        reaction = running.react_by - running.assigned_at
        if self._random.random() >= SILENT:
            at = running.assigned_at + reaction * self._random.betavariate(1.6, 2.2)
        else:
            life.note_silence()
            at = self._after(running.react_by, reaction, 0.3, 4)
            if self._random.random() < GIVEN_AWAY:
                life.assign(at, self._cast.senior, self._department(life), self._note("assign", life))
                at += reaction * self._random.betavariate(1.6, 2.2)
        life.accept(at, self._executor(life))
        return at

    def _give_back(self, life: Life) -> None:
        running = life.assignments[-1]
        at = running.assigned_at + (running.react_by - running.assigned_at) * self._random.uniform(0.2, 0.9)
        category, point = life.opening.category.code, life.opening.place.point
        following = next_service(self._catalogue, category, point, {running.service_code})
        life.return_(at, self._executor(life), self._note("return", life), following)
        if following is None:
            at += timedelta(minutes=self._random.uniform(2, 90))
            life.assign(at, self._cast.senior, self._department(life), self._note("assign", life))

    def _work(self, life: Life, accepted_at: datetime) -> None:
        """From acceptance to “done”: most in time, some late, some paused in between."""
        by = self._executor(life)
        left = max(life.due_at - accepted_at, timedelta(minutes=30))
        late = self._random.random() < LATE
        end = accepted_at + left * (
            1.05 + self._random.expovariate(1.4) if late else self._random.betavariate(2, 1.6) * 0.97
        )
        at = accepted_at + (end - accepted_at) * self._random.uniform(0.05, 0.5)
        life.start(at, by)
        if life.opening.category.pause_allowed and self._random.random() < PAUSED:
            at += (end - at) * self._random.uniform(0.1, 0.5)
            life.pause(at, by, self._note("pause", life))
            pause = timedelta(hours=self._random.uniform(4, 60))
            at, end = at + pause, end + pause
            life.start(at, by)
        life.finish(max(end, at + timedelta(minutes=3)), by, self._note("finish", life))

    def _call_back(self, life: Life) -> None:
        """Phone the applicant until he says something or three hours have failed."""
        at, hopeless = life.updated_at, self._random.random() < 0.02
        by = self._random.choice(self._cast.operators)
        while True:
            callback = life.callbacks[-1]
            at = self._phoning_hour(max(at, callback.not_before), callback.hours)
            outcome = Outcome.UNREACHABLE if hopeless else self._answer(life)
            life.attempt(at, by, outcome, self._note(outcome.value, life))
            if outcome is not Outcome.UNREACHABLE:
                return
            if callback.closable:
                at += timedelta(minutes=self._random.uniform(1, 9))
                life.close_unreached(at, by, self._note("unreached", life))
                return

    def _answer(self, life: Life) -> Outcome:
        chance = self._random.random()
        if chance < UNREACHABLE:
            return Outcome.UNREACHABLE
        content = chance >= UNREACHABLE + NOT_DONE or life.reopened == MOST_ROUNDS - 1
        return Outcome.CONFIRMED if content else Outcome.NOT_DONE

    def _phoning_hour(self, after: datetime, tried: frozenset[int]) -> datetime:
        """A moment when people may be phoned, in an hour of the day that was not tried."""
        at = after + timedelta(hours=self._random.expovariate(1 / 3))
        while not PHONE_FROM <= (hour := at.astimezone(ALMATY).hour) < PHONE_TO or hour in tried:
            at = at.replace(minute=self._random.randrange(60)) + timedelta(hours=1)
        return at

    def _after(self, start: datetime, unit: timedelta, least: float, most: float) -> datetime:
        return start + unit * self._random.uniform(least, most)

    def _department(self, life: Life) -> str:
        """Whom the senior operator turns to: the tenant's own department, unless that was silent itself."""
        departments = [s.code for s in self._catalogue.services if s.kind == "department"]
        silent = life.assignments[-1].service_code
        return next((code for code in reversed(departments) if code != silent), silent)

    def _executor(self, life: Life) -> Person:
        return self._cast.executors[life.assignments[-1].service_code]

    def _note(self, step: str, life: Life) -> str:
        return self._texts.note(self._random, step, life.opening.language)
