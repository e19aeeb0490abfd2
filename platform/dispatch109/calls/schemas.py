"""What crosses HTTP at intake."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from dispatch109.calls.model import CallLine
from dispatch109.calls.service import Said
from dispatch109.tickets.schemas import Point, TicketOut, Version


class TicketIn(msgspec.Struct, forbid_unknown_fields=True):
    """What the caller said. One of address, landmark and point is needed."""

    phone: Annotated[str, msgspec.Meta(description="as people write it: 8 705 123 45 67, 705…, +7 (705) …")]
    category: Annotated[str, msgspec.Meta(description="a code from /categories")]
    text: str
    applicant: str = ""
    language: Annotated[str, msgspec.Meta(description="of the applicant: kk, ru or en")] = "kk"
    address: str = ""
    landmark: str = ""
    point: Point | None = None
    priority: (
        Annotated[int, msgspec.Meta(description="1 (at once) to 3 (planned); the category's own when absent")]
        | None
    ) = None

    def said(self) -> Said:
        """As the verb wants it."""
        return said_of(self, phone=self.phone, applicant=self.applicant, language=self.language)


class AmendIn(msgspec.Struct, forbid_unknown_fields=True):
    """What should stand on the ticket from now on."""

    version: Version
    category: str
    text: str
    address: str = ""
    landmark: str = ""
    point: Point | None = None
    priority: int | None = None

    def said(self) -> Said:
        """As the verb wants it."""
        return said_of(self)


class ConsultationIn(msgspec.Struct, forbid_unknown_fields=True):
    """A question answered on the spot; everything may be absent."""

    phone: str = ""
    applicant: str = ""
    language: str = "kk"
    category: str = ""
    text: str = ""


class ConsultationOut(msgspec.Struct):
    """The recorded call."""

    call: UUID


class NearOut(msgspec.Struct):
    """An open ticket near a point."""

    metres: int
    ticket: TicketOut


class CallerOut(msgspec.Struct):
    """Earlier tickets of a phone, newest first."""

    tickets: list[TicketOut]


class CallOut(msgspec.Struct):
    """One call of the log: what was asked, how it ended, who took it; never who called."""

    id: UUID
    at: datetime
    outcome: str
    category: str | None
    note: str
    ticket: str | None
    emergency: str | None
    operator: str

    @classmethod
    def of(cls, c: CallLine) -> "CallOut":
        """From the domain."""
        return cls(c.id, c.at, c.outcome, c.category_code, c.note, c.ticket, c.emergency, c.operator)


class CallsOut(msgspec.Struct):
    """A page of the log, the latest first; `next` is the cursor of the following page."""

    items: list[CallOut]
    next: str | None


def said_of(data: TicketIn | AmendIn, **more: str) -> Said:
    """The fields that intake and amendment share."""
    point = data.point
    return Said(
        category=data.category, text=data.text, address=data.address, landmark=data.landmark,
        lon=point.lon if point else None, lat=point.lat if point else None, priority=data.priority, **more,
    )  # fmt: skip
