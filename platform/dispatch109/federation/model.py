"""How far a tenant is in saying every fact again. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

Place = tuple[datetime, UUID] | None


class Step(StrEnum):
    """What is said again, in this order."""

    CONSULTATIONS = "consultations"
    HANDOFFS = "handoffs"
    TICKETS = "tickets"
    DONE = "done"


NEXT = {Step.CONSULTATIONS: Step.HANDOFFS, Step.HANDOFFS: Step.TICKETS, Step.TICKETS: Step.DONE}


@dataclass(frozen=True, slots=True)
class Resending:
    """An order that is not done. `after`: the keyset of the last page of its step."""

    id: UUID
    since: datetime | None
    step: Step
    after: Place
