"""The contract between the 109 of a city or district and the region: the only file both sides share.

Facts travel up (`sko.feed.<tenant>.<kind>`) with a pulse beside them (`sko.pulse.<tenant>`); orders travel down
(`sko.mandate.<tenant>`) and their answers up (`sko.answer.<tenant>`); referrals travel from one tenant to another
(`sko.referral.<to>.<from>`). The sender's name stands in each subject: the broker has proven it.

No fact has a field for a name, phone, text, address or photo. Free text travels only in orders and their answers,
where staff write it for staff, and sealed for the receiver in a referral.
"""

from datetime import date, datetime
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from chassis109.bus.subjects import token

MOST_BYTES = 64_000
POINT_DECIMALS = 3
"""About 110 m: the house, not the flat."""
PULSE_SECONDS = 5
STALE_SECONDS = 30
"""A tenant that was not heard for so long is stale, and the wall says since when."""

# Python's `$` also stands before a last line break.
_END = r"$(?!\n)"
Slug = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,39}" + _END)]
Code = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,63}" + _END)]
IncidentType = Annotated[str, Meta(pattern=r"^[a-z0-9]+([._-][a-z0-9]+){0,7}" + _END, max_length=64)]
Reference = Annotated[str, Meta(pattern=r"^109-[0-9]{2}-[0-9]{6,9}" + _END)]
IncidentId = Annotated[str, Meta(pattern=r"^[a-z0-9]{2,8}(\.[a-z0-9_-]{1,40}){3,9}" + _END)]
Count = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Version = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Moment = Annotated[datetime, Meta(tz=True)]
Words = Annotated[str, Meta(max_length=4000)]
Person = Annotated[str, Meta(max_length=200)]
"""The name of a member of staff."""
TicketState = Literal[
    "registered", "assigned", "accepted", "in_progress", "paused", "returned", "done", "callback_due", "reopened",
    "closed", "rejected", "cancelled", "referred", "handed_off",
]  # fmt: skip
HandoffState = Literal[
    "created", "dispatched", "received", "seen", "accepted", "units_assigned", "en_route", "on_scene", "closed",
    "declined", "deferred", "cancelled", "transferred", "expired", "failed",
]  # fmt: skip
HandoffAlarm = Literal[
    "no_hub", "no_receipt", "not_seen", "not_decided", "no_unit", "deferral_over", "expired", "failed", "declined",
]  # fmt: skip
MandateKind = Literal["escalate", "report", "refer"]
MANDATE_KINDS: tuple[MandateKind, ...] = get_args(MandateKind)
AlertKind = Literal["flood", "blizzard", "road", "other"]
ALERT_KINDS: tuple[AlertKind, ...] = get_args(AlertKind)


class _Message(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A field that the contract does not name is refused: it might hold what nobody may send."""


class TicketFact(_Message, frozen=True, tag="ticket/1"):
    """The state of a ticket at one version; `sko.feed.<tenant>.ticket`.

    `point` is WGS 84 (longitude, latitude), rounded to POINT_DECIMALS. `confirmed`: the applicant said that it is
    done. `origin`: the tenant that referred it here, where it was registered and counted.
    """

    tenant: Slug
    id: UUID
    reference: Reference
    version: Version
    category: Code
    service: Code | None
    service_kind: Code | None
    state: TicketState
    priority: Annotated[int, Meta(ge=1, le=3)]
    opened_at: Moment
    updated_at: Moment
    react_by: Moment | None
    due_at: Moment
    statutory_due: Moment
    paused_at: Moment | None
    unanswered: Count
    reopened: Count
    done_at: Moment | None
    closed_at: Moment | None
    confirmed: bool | None
    point: tuple[float, float] | None
    origin: Slug | None
    origin_reference: Reference | None


class HandoffFact(_Message, frozen=True, tag="handoff/1"):
    """Where a handoff to an emergency service stands; `sko.feed.<tenant>.handoff`."""

    tenant: Slug
    id: UUID
    incident: IncidentId
    kind: IncidentType
    mode: Literal["live", "exercise", "test"]
    service: Code
    state: HandoffState
    version: Version
    priority: Literal["P0", "P1", "P2", "P3"]
    sent_at: Moment
    hub_at: Moment | None
    receipt_at: Moment | None
    seen_at: Moment | None
    decided_at: Moment | None
    unit_at: Moment | None
    ended_at: Moment | None
    decide_by: Moment
    late: bool
    alarm: HandoffAlarm | None


class ConsultationFact(_Message, frozen=True, tag="consultation/1"):
    """How many calls of a day (in Almaty) were answered on the spot; `sko.feed.<tenant>.consultation`. It only
    grows, so it is its own version. `category` may be unknown."""

    tenant: Slug
    day: date
    category: Code | None
    count: Version


class AuditHeadFact(_Message, frozen=True):
    """The head of a tenant's audit chain, kept outside of its database; `sko.feed.<tenant>.audit`. `digest` in hex."""

    tenant: int
    seq: Version
    last_id: int
    digest: Annotated[str, Meta(pattern="^[0-9a-f]{64}" + _END)]
    sealed_at: Moment


class PulseFact(_Message, frozen=True, tag="pulse/1"):
    """A tenant is alive; `sko.pulse.<tenant>`, every PULSE_SECONDS, only the last is kept.

    `tickets` and `versions` count the tickets opened since `since` and add up their versions. Both only grow, so
    whatever the region has less of it has missed. `waiting` facts have not left yet.
    """

    tenant: Slug
    at: Moment
    waiting: Count
    since: Moment
    tickets: Count
    versions: Count


class Mandate(_Message, frozen=True, tag="mandate/1"):
    """What the region orders a tenant to do. A report may be about no ticket; `to` is named in a referral only."""

    id: UUID
    tenant: Slug
    kind: MandateKind
    ticket: UUID | None
    reference: Reference | None
    to: Slug | None
    reason: Annotated[str, Meta(min_length=1, max_length=2000)]
    deadline: Moment
    issued_at: Moment
    issued_by: UUID
    issued_name: Person


class Alert(_Message, frozen=True, tag="alert/1"):
    """A warning for the operators of a tenant, in each language; a higher version replaces the one before."""

    id: UUID
    tenant: Slug
    version: Version
    kind: AlertKind
    kk: Annotated[str, Meta(min_length=1, max_length=500)]
    ru: Annotated[str, Meta(min_length=1, max_length=500)]
    en: Annotated[str, Meta(min_length=1, max_length=500)]
    issued_at: Moment
    issued_name: Person
    expires_at: Moment
    cancelled_at: Moment | None


class Resend(_Message, frozen=True, tag="resend/1"):
    """Say every fact again that is about what changed at or after `since` (None: all of them)."""

    id: UUID
    tenant: Slug
    since: Moment | None


class MandateAnswer(_Message, frozen=True, tag="mandate-answer/1"):
    """What became of a mandate. `text`: why it was refused, or the report. `by`: who answered."""

    id: UUID
    tenant: Slug
    state: Literal["received", "executed", "refused"]
    at: Moment
    by: Person
    text: Words


class AlertAnswer(_Message, frozen=True, tag="alert-answer/1"):
    """A shift has read an alert of this version; `by` None: it has only arrived."""

    id: UUID
    tenant: Slug
    version: Version
    at: Moment
    by: Person | None


class Referral(_Message, frozen=True, tag="referral/1"):
    """A ticket offered to another tenant: number and both clocks travel in the open, everything about the person
    in `sealed` (chassis109.kernel.sealed_box, for the key `key_id` of the receiver).

    `chain`: the tenants it went through, the first registered it; whoever stands there is never offered it again.
    """

    id: UUID
    sender: Slug
    receiver: Slug
    ticket: UUID
    reference: Reference
    chain: Annotated[tuple[Slug, ...], Meta(min_length=1, max_length=20)]
    category: Code
    priority: Annotated[int, Meta(ge=1, le=3)]
    opened_at: Moment
    due_at: Moment
    statutory_due: Moment
    reason: Annotated[str, Meta(min_length=1, max_length=2000)]
    mandate: UUID | None
    sent_at: Moment
    sent_by: Person
    key_id: str
    sealed: Annotated[bytes, Meta(max_length=48_000)]


class ReferralAnswer(_Message, frozen=True, tag="referral-answer/1"):
    """What became of a referral: accepted (duties are the answerer's now), refused with `reason`, withdrawn as the
    sender asked, passed on (`passed_to` has accepted it from there), ended (with the final `ticket_state` there and
    whether the applicant confirmed) or reopened after that. `reference`: its number there. `sequence` grows with each
    answer about one referral."""

    id: UUID
    sender: Slug
    receiver: Slug
    sequence: Version
    state: Literal["accepted", "refused", "withdrawn", "passed_on", "ended", "reopened"]
    at: Moment
    by: Person
    reason: Words
    reference: Reference | None
    ticket_state: TicketState | None
    confirmed: bool | None
    passed_to: Slug | None = None
    passed_reference: Reference | None = None


class ReferralWithdrawn(_Message, frozen=True, tag="referral-withdrawn/1"):
    """The sender asks for an offer back. Only the receiver knows whether it has decided already: it answers that the
    offer is withdrawn, or has answered before. Until then the ticket is offered to nobody else."""

    id: UUID
    sender: Slug
    receiver: Slug
    at: Moment
    by: Person
    reason: Annotated[str, Meta(max_length=2000)]


Fact = TicketFact | HandoffFact | ConsultationFact | AuditHeadFact
Order = Mandate | Alert | Resend
Answer = MandateAnswer | AlertAnswer
Across = Referral | ReferralAnswer | ReferralWithdrawn
_FACTS: dict[str, type[Fact]] = {
    "ticket": TicketFact, "handoff": HandoffFact, "consultation": ConsultationFact, "audit": AuditHeadFact,
}  # fmt: skip
FACT_KINDS = tuple(_FACTS)


class MessageRefused(Exception):
    """A message that has no effect. `reason` is a word of ours and never repeats what was sent."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def feed(tenant: str, kind: str) -> str:
    """Where facts of a kind go; stream FEED."""
    return f"sko.feed.{token(tenant)}.{token(kind)}"


def pulse(tenant: str) -> str:
    """Where a tenant's pulse goes; stream PULSE."""
    return f"sko.pulse.{token(tenant)}"


def mandate(tenant: str) -> str:
    """Where orders to a tenant go; stream MANDATE."""
    return f"sko.mandate.{token(tenant)}"


def answer(tenant: str) -> str:
    """Where a tenant's answers to orders go; stream ANSWER."""
    return f"sko.answer.{token(tenant)}"


def referral(to: str, sender: str) -> str:
    """Where what `sender` says to `to` about a referral goes; stream REFERRAL."""
    return f"sko.referral.{token(to)}.{token(sender)}"


def encode(message: Struct) -> bytes:
    """A message as it travels."""
    return msgspec.json.encode(message)


def decode_fact(subject: str, payload: bytes) -> Fact:
    """The fact of a subject of FEED; raises MessageRefused: subject, size, json, schema, sender, point."""
    parts = subject.split(".")
    kind = parts[3] if len(parts) == 4 else ""
    if kind not in _FACTS or parts[:2] != ["sko", "feed"]:
        raise MessageRefused("subject")
    fact: Fact = _decoded(payload, _FACTS[kind])
    if not isinstance(fact, AuditHeadFact):
        _require_sender(fact.tenant, parts[2])
    if isinstance(fact, TicketFact) and fact.point is not None:
        _require_point(*fact.point)
    return fact


def decode_pulse(subject: str, payload: bytes) -> PulseFact:
    """The pulse of a subject of PULSE; raises MessageRefused."""
    found: PulseFact = _decoded(payload, PulseFact)
    _require_sender(found.tenant, subject.split(".")[2])
    return found


def decode_order(subject: str, payload: bytes) -> Order:
    """The order of a subject of MANDATE; raises MessageRefused."""
    order: Order = _decoded(payload, Order)
    _require_sender(order.tenant, subject.split(".")[2])
    return order


def decode_answer(subject: str, payload: bytes) -> Answer:
    """The answer of a subject of ANSWER; raises MessageRefused."""
    found: Answer = _decoded(payload, Answer)
    _require_sender(found.tenant, subject.split(".")[2])
    return found


def decode_across(subject: str, payload: bytes) -> Across:
    """What one tenant says to another; raises MessageRefused. A referral and its withdrawal come from the sender, an
    answer from the receiver: the subject is `sko.referral.<to>.<from>`."""
    _, _, to, said_by = subject.split(".")
    message: Across = _decoded(payload, Across)
    ends = (message.receiver, message.sender)
    if ends != ((said_by, to) if isinstance(message, ReferralAnswer) else (to, said_by)):
        raise MessageRefused("sender")
    return message


def _decoded(payload: bytes, kind: Any) -> Any:  # noqa: ANN401 - a struct, or a union of tagged structs
    if len(payload) > MOST_BYTES:
        raise MessageRefused("size")
    try:
        return msgspec.json.decode(payload, type=kind)
    except msgspec.ValidationError as error:
        raise MessageRefused("schema") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MessageRefused("json") from error


def _require_sender(told: str, proven: str) -> None:
    if told != proven:
        raise MessageRefused("sender")


def _require_point(lon: float, lat: float) -> None:
    exact = (round(lon, POINT_DECIMALS), round(lat, POINT_DECIMALS)) != (lon, lat)
    if exact or not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise MessageRefused("point")
