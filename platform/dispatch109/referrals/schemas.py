"""What crosses HTTP about referrals. Times are RFC 3339 UTC."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from dispatch109.referrals.model import Referral
from dispatch109.referrals.reading import Line
from dispatch109.tickets.schemas import Point, Version

Side = Literal["", "in", "out"]


class PersonOut(msgspec.Struct):
    """Who asked, and of what is offered here what was said. `masked`: hidden from this role."""

    name: str
    phone: str
    language: str
    text: str
    address: str
    landmark: str
    point: Point | None
    masked: bool


class ReferralOut(msgspec.Struct):
    """A referral on this side. `side`: `out` was sent by us, `in` was offered to us; `reference`: the number that the
    applicant was told; `to_tell`: the applicant must hear who is responsible now."""

    id: UUID
    side: str
    other: Annotated[str, msgspec.Meta(description="the tenant on the other side")]
    ticket: Annotated[UUID | None, msgspec.Meta(description="our ticket")]
    reference: str
    other_reference: Annotated[str | None, msgspec.Meta(description="side out: its number there")]
    chain: Annotated[
        list[str], msgspec.Meta(description="the tenants it went through, the first registered it")
    ]
    category: str
    priority: int
    opened_at: datetime
    due_at: datetime
    statutory_due: datetime
    reason: str
    mandate: Annotated[UUID | None, msgspec.Meta(description="the region ordered it")]
    state: str
    version: int
    sent_at: datetime
    sent_by: str
    decided_at: datetime | None
    decided_by: str | None
    decision: Annotated[
        str | None, msgspec.Meta(description="why it was refused; `loop`, `unreadable`: by rule")
    ]
    ended_at: datetime | None
    ended_as: str | None
    confirmed: bool | None
    to_tell: bool
    told_at: datetime | None
    told_by: str | None
    answer_by: Annotated[datetime, msgspec.Meta(description="when it counts as unanswered for too long")]
    withdrawn_at: Annotated[datetime | None, msgspec.Meta(description="when the sender asked for it back")]
    withdrawn_by: str | None
    withdrawal: Annotated[str | None, msgspec.Meta(description="why it was asked back")]
    crossed: Annotated[bool, msgspec.Meta(description="asked back after it had been decided: that counts")]
    passed_to: Annotated[str | None, msgspec.Meta(description="side out: where it went from there")]
    passed_reference: str | None

    @classmethod
    def of(cls, referral: Referral) -> "ReferralOut":
        """From the domain."""
        own = {name: getattr(referral, name) for name in cls.__struct_fields__ if hasattr(referral, name)}
        own |= {"other": referral.other_slug, "ticket": referral.ticket_id, "mandate": referral.mandate_id}
        return cls(**own | {"category": referral.category_code})


class ReferralsOut(msgspec.Struct):
    """A page of referrals without persons; `next` is the cursor of the following page."""

    items: list[ReferralOut]
    next: str | None


class OneOut(msgspec.Struct):
    """A referral and, while it is offered or the applicant must be told, the person."""

    referral: ReferralOut
    person: PersonOut | None

    @classmethod
    def of(cls, line: Line) -> "OneOut":
        """From the domain."""
        said = line.content
        person = None if said is None else PersonOut(
            said.name, said.phone, said.language, said.text, said.address, said.landmark,
            Point(*said.point) if said.point else None, line.masked,
        )  # fmt: skip
        return cls(ReferralOut.of(line.referral), person)


class ReferIn(msgspec.Struct, forbid_unknown_fields=True):
    """Offer a ticket to another tenant. The reason travels in the open: it names no applicant."""

    version: Version
    to: str
    reason: str


class AcceptIn(msgspec.Struct, forbid_unknown_fields=True):
    """Under which category of ours it goes on."""

    category: str


class RefuseIn(msgspec.Struct, forbid_unknown_fields=True):
    """Why it stays with the sender, who reads it: it names no applicant."""

    reason: str


class WithdrawIn(msgspec.Struct, forbid_unknown_fields=True):
    """Why the offer is taken back; they read it: it names no applicant."""

    reason: str = ""


class AcceptForm(msgspec.Struct):
    """The form of an acceptance."""

    category: str = ""


class RefuseForm(msgspec.Struct):
    """The form of a refusal."""

    reason: str = ""


class WithdrawForm(msgspec.Struct):
    """The form of a withdrawal."""

    reason: str = ""
