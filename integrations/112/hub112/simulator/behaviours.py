"""How desks behave: for an emergency that came, what is said and when."""

from collections.abc import Callable

from msgspec import structs

from hub112.contract import CLOCKS, SERVICES, Reply, Service
from hub112.simulator.model import Called, Step, party
from hub112.simulator.spoiling import SPOILS

LATE_SECONDS = 2
Plan = Callable[[Called], list[Step]]


def prompt(called: Called) -> list[Step]:
    """Everything within seconds: received, seen, accepted, a crew on its way and on scene, closed."""
    return [
        Step(0, "receipt"), Step(0.5, "seen"), Step(1, "accept", Reply(external_id=called.number)),
        Step(2, "unit", crew="assigned"), Step(3, "unit", crew="departed"), Step(5, "unit", crew="on_scene"),
        Step(8, "close", Reply(reason="Помощь оказана, выезд завершён")),
    ]  # fmt: skip


def slow(called: Called) -> list[Step]:
    """The receipt a second before its clock, every later answer two seconds after its own."""
    clocks = CLOCKS[called.envelope.incident.priority if called.envelope.incident else "P3"]
    decided = clocks.decide + LATE_SECONDS
    crew = decided + clocks.unit + LATE_SECONDS
    return [
        Step(clocks.receipt - 1, "receipt"), Step(clocks.seen + LATE_SECONDS, "seen"),
        Step(decided, "accept", Reply(external_id=called.number)), Step(crew, "unit", crew="assigned"),
        Step(crew + 5, "unit", crew="departed"), Step(crew + 60, "unit", crew="on_scene"),
        Step(crew + 120, "close", Reply(reason="Выезд завершён")),
    ]  # fmt: skip


def silent(_: Called) -> list[Step]:
    """The machine takes the message, and nobody is there."""
    return []


def refuses(called: Called) -> list[Step]:
    """Declined at once: it is the task of another service, and of which."""
    reply = Reply(reason_code="wrong_service", reason="Не наш профиль", forward_to=party(another(called)))
    return [Step(0, "receipt"), Step(0.5, "seen"), Step(1, "decline", reply)]


def garbage(called: Called) -> list[Step]:
    """What a bad program can send, and then, over the same line, what a good one does."""
    bad = [Step(number / 10, "note", spoil=name) for number, name in enumerate(SPOILS)]
    good = [structs.replace(step, after=step.after + 1) for step in prompt(called)]
    # A number that was used already: only after the first good message there is one.
    return [*bad, good[0], Step(good[0].after, "note", spoil="stale"), *good[1:]]


def another(called: Called) -> Service:
    """The service to which a desk that refuses points: another one of the incident, else 112."""
    incident = called.envelope.incident
    asked: list[Service] = incident.services or [] if incident else []
    return next(service for service in (*asked, "112", *SERVICES) if service != called.service)


def cancelled(*, accepted: bool) -> list[Step]:
    """109 cancels: at once before the acceptance; after it the desk calls its crew back and confirms."""
    return [Step(0.5, "cancel", Reply(reason="Бригада отозвана"))] if accepted else []


BEHAVIOURS: dict[str, Plan] = {
    "prompt": prompt, "slow": slow, "silent": silent, "refuses": refuses, "garbage": garbage,
}  # fmt: skip
