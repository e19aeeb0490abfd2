"""The contract between 109 and the emergency services, `sko.handoff/1.0`: the only file both sides share.

Structs, the table of states, subjects, clocks and errors of handoff-112.md. A message is accepted when `decode`
returns it; everything else is one ContractError of the catalogue, which its sender is told.

`decode` and `json_schema` take what the published schema takes, but for what nobody means and no store can hold:
control characters, moments that do not exist, half characters, numbers that are no longer exact (beyond 2^53), a
`seq` beyond 32 bits, and messages larger than MOST_BYTES.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import IntEnum, StrEnum
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType, field

SCHEMA = "sko.handoff/1.0"
MOST_BYTES = 256_000
Service = Literal["101", "102", "103", "104", "112"]
SERVICES: tuple[Service, ...] = get_args(Service)
Mode = Literal["live", "exercise", "test"]
MODES: tuple[Mode, ...] = get_args(Mode)
Priority = Literal["P0", "P1", "P2", "P3"]
Kind = Literal[
    "create", "update", "cancel", "transfer", "reopen", "close", "receipt", "seen", "accept", "decline", "defer",
    "unit", "note", "error", "test",
]  # fmt: skip
Hazard = Literal[
    "fire", "smoke", "gas", "explosion", "collapse", "electric", "chemical", "biological", "radiation", "flood",
    "weapon", "violent_person", "animal", "no_access", "traffic", "unknown",
]  # fmt: skip
Reason = Literal[
    "wrong_service", "out_of_area", "duplicate", "insufficient_data", "no_resources", "already_closed",
    "false_alarm", "technical", "other",
]  # fmt: skip
UnitKind = Literal[
    "fire_engine", "ladder", "rescue", "patrol", "investigator", "als", "bls", "helicopter", "gas_crew",
    "utility_crew", "command", "other",
]  # fmt: skip
UnitStatus = Literal[
    "assigned", "departed", "on_scene", "transporting", "at_hospital", "cleared", "returning", "available",
    "cancelled",
]  # fmt: skip
MOST_SEQ = 2**31 - 1
MOST_EXACT = 2**53
# Python's `\d` knows the digits of every script, and its `$` a line break after it; JSON Schema's do not.
_END = r"$(?!\n)"
_DT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?[+-][0-9]{2}:[0-9]{2}" + _END
Stamp = Annotated[str, Meta(pattern=_DT, extra_json_schema={"format": "date-time"})]
Phone = Annotated[str, Meta(pattern=r"^\+[0-9]{5,18}" + _END)]
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}" + _END)]
Agency = Annotated[str, Meta(pattern=r"^kz\.sko\.[a-z0-9_.-]+" + _END)]
IncidentId = Annotated[str, Meta(pattern=r"^[a-z0-9]{2,8}(\.[a-z0-9_-]{1,24}){3,9}" + _END)]
_STAMPS = {"sentAt", "expiresAt", "createdAt", "occurredAt", "decidedAt", "at", "eta"}
_IDS = {"messageId", "handoffId", "parentHandoffId", "refMessageId"}
_UNKNOWN = re.compile(r"(?s)(Object contains unknown field) `(.*?)`( - at `\$[A-Za-z0-9_.\[\]]*`)?")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class _Part(
    Struct, kw_only=True, frozen=True, rename="camel", omit_defaults=True, forbid_unknown_fields=True
):
    """Fields that are not named in the schema are refused; absent ones are UNSET."""


class Party(_Part, frozen=True):
    """Who sends or receives."""

    agency: Agency
    service: Literal["109", "101", "102", "103", "104", "112"] | UnsetType = UNSET
    desk: str | UnsetType = UNSET
    operator_id: str | UnsetType = UNSET
    callback: Phone | UnsetType = UNSET


class Text(_Part, frozen=True):
    """One text in up to three languages, at least one."""

    ru: str | UnsetType = UNSET
    kk: str | UnsetType = UNSET
    en: str | UnsetType = UNSET


class Point(_Part, frozen=True):
    """WGS 84, degrees; radius in metres; confidence in per cent."""

    lat: Annotated[float, Meta(ge=-90, le=90)]
    lon: Annotated[float, Meta(ge=-180, le=180)]
    radius_m: float | UnsetType = field(default=UNSET, name="radius_m")
    confidence: Annotated[float, Meta(ge=0, le=100)] | UnsetType = UNSET
    source: Literal["caller", "aml", "cell", "map", "address_register", "gps", "unknown"] | UnsetType = UNSET
    at: Stamp | UnsetType = UNSET


class Location(_Part, frozen=True):
    """Where it happens."""

    text: Text
    kato: Annotated[str, Meta(pattern=r"^[0-9]{9}" + _END)] | UnsetType = UNSET
    street: str | UnsetType = UNSET
    house: str | UnsetType = UNSET
    flat: str | UnsetType = UNSET
    entrance: str | UnsetType = UNSET
    floor: str | UnsetType = UNSET
    intercom: str | UnsetType = UNSET
    landmark: str | UnsetType = UNSET
    geo: Point | UnsetType = UNSET
    precision: Literal["city", "street", "house", "exact", "unknown"] | UnsetType = UNSET
    polygon: list[Annotated[list[float], Meta(min_length=2, max_length=2)]] | UnsetType = UNSET
    object_id: str | UnsetType = UNSET


class Caller(_Part, frozen=True):
    """Who called 109: personal data."""

    name: str | UnsetType = UNSET
    phone: Phone | UnsetType = UNSET
    callback: str | UnsetType = UNSET
    language: Literal["kk", "ru", "en", "other"] | UnsetType = UNSET
    relation: Literal["victim", "relative", "witness", "official", "alarm", "unknown"] | UnsetType = UNSET
    can_talk: bool | UnsetType = UNSET
    anonymous: bool | UnsetType = UNSET
    channel: Literal["phone", "app", "web", "sms", "telegram", "radio", "sensor", "walk_in"] | UnsetType = (
        UNSET
    )


class Victims(_Part, frozen=True):
    """What is known of people hurt; colours are triage categories."""

    count: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    count_kind: Literal["exact", "several", "many", "unknown"] | UnsetType = UNSET
    trapped: bool | UnsetType = UNSET
    red: int | UnsetType = UNSET
    yellow: int | UnsetType = UNSET
    green: int | UnsetType = UNSET
    black: int | UnsetType = UNSET
    missing: int | UnsetType = UNSET


class Note(_Part, frozen=True):
    """One thing somebody added."""

    at: Stamp
    text: Annotated[str, Meta(max_length=4000)]
    by: str | UnsetType = UNSET


class Attachment(_Part, frozen=True):
    """A file by reference; its size in bytes."""

    uri: str
    mime_type: str
    size: int
    sha256: Sha256
    description: str | UnsetType = UNSET
    kind: Literal["photo", "audio", "video", "map", "document"] | UnsetType = UNSET


class Link(_Part, frozen=True):
    """How another incident belongs to this one."""

    incident_id: str
    role: Literal["parent", "child", "related", "duplicate_of", "merged_into", "split_from"]


class Incident(_Part, frozen=True):
    """The record that all services of an incident share."""

    type: Annotated[str, Meta(pattern=r"^[a-z]+(\.[a-z0-9_]+){1,2}" + _END)]
    priority: Priority
    status: Literal["active", "under_control", "cancelled", "closed", "reopened"]
    created_at: Stamp
    location: Location
    nomenclature: str | UnsetType = UNSET
    occurred_at: Stamp | UnsetType = UNSET
    title: Text | UnsetType = UNSET
    narrative: Annotated[str, Meta(max_length=8000)] | UnsetType = UNSET
    hazards: list[Hazard] | UnsetType = UNSET
    victims: Victims | UnsetType = UNSET
    caller: Caller | UnsetType = UNSET
    services: list[Service] | UnsetType = UNSET
    lead: Service | UnsetType = UNSET
    notes: list[Note] | UnsetType = UNSET
    attachments: Annotated[list[Attachment], Meta(max_length=20)] | UnsetType = UNSET
    links: list[Link] | UnsetType = UNSET


class Reply(_Part, frozen=True):
    """What a service decided."""

    reason_code: Reason | UnsetType = UNSET
    reason: Annotated[str, Meta(max_length=2000)] | UnsetType = UNSET
    forward_to: Party | UnsetType = UNSET
    external_id: str | UnsetType = UNSET
    eta_minutes: int | UnsetType = UNSET
    decided_by: str | UnsetType = UNSET
    decided_at: Stamp | UnsetType = UNSET
    auto_filled: bool | UnsetType = UNSET


class UnitPoint(_Part, frozen=True):
    """Where a unit is, WGS 84 degrees."""

    lat: float | UnsetType = UNSET
    lon: float | UnsetType = UNSET


class Unit(_Part, frozen=True):
    """A crew on its way."""

    unit_id: str
    kind: UnitKind
    status: UnitStatus
    at: Stamp
    call_sign: str | UnsetType = UNSET
    eta: Stamp | UnsetType = UNSET
    geo: UnitPoint | UnsetType = UNSET


class Fault(_Part, frozen=True):
    """An answer of the error catalogue."""

    code: int
    text: str
    name: str | UnsetType = UNSET
    retryable: bool | UnsetType = UNSET


class Envelope(_Part, frozen=True):
    """One message about one handoff. `messageId` is the Nats-Msg-Id; a retry reuses it."""

    schema: Literal["sko.handoff/1.0"]
    message_id: UUID
    handoff_id: UUID
    incident_id: IncidentId
    kind: Kind
    mode: Mode
    sender: Party
    recipient: Party
    sent_at: Stamp
    expires_at: Stamp
    seq: Annotated[int, Meta(ge=1, le=MOST_SEQ)]
    parent_handoff_id: UUID | UnsetType = UNSET
    also_sent_to: list[Party] | UnsetType = UNSET
    ref_message_id: UUID | UnsetType = UNSET
    traceparent: str | UnsetType = UNSET
    signature: str | UnsetType = UNSET
    incident: Incident | UnsetType = UNSET
    reply: Reply | UnsetType = UNSET
    units: list[Unit] | UnsetType = UNSET
    error: Fault | UnsetType = UNSET


# What a kind must bring along beside the fields that all have.
NEEDS: dict[str, str] = {
    **dict.fromkeys(("create", "transfer", "reopen"), "incident"),
    **dict.fromkeys(("receipt", "seen", "accept", "decline", "defer", "error"), "refMessageId"),
    "unit": "units",
}


class State(StrEnum):
    """Where a handoff stands (handoff-112.md §2)."""

    CREATED = "created"
    DISPATCHED = "dispatched"
    RECEIVED = "received"
    SEEN = "seen"
    ACCEPTED = "accepted"
    UNITS_ASSIGNED = "units_assigned"
    EN_ROUTE = "en_route"
    ON_SCENE = "on_scene"
    CLOSED = "closed"
    DECLINED = "declined"
    DEFERRED = "deferred"
    CANCELLED = "cancelled"
    TRANSFERRED = "transferred"
    EXPIRED = "expired"
    FAILED = "failed"


class Event(StrEnum):
    """What can happen to a handoff."""

    CREATE = "create"
    DISPATCH = "dispatch"
    RECEIPT = "receipt"
    SEEN = "seen"
    ACCEPT = "accept"
    DEFER = "defer"
    DECLINE = "decline"
    ASSIGN_UNIT = "assign_unit"
    DEPART = "depart"
    ARRIVE = "arrive"
    CLOSE = "close"
    CANCEL = "cancel"
    REQUEST_CANCEL = "request_cancel"
    CONFIRM_CANCEL = "confirm_cancel"
    FORWARD = "forward"
    TRANSFER = "transfer"
    EXPIRE = "expire"
    FAIL = "fail"
    RETRY = "retry"
    REOPEN = "reopen"
    UPDATE = "update"
    NOTE = "note"


class Side(StrEnum):
    """Who makes an event happen: 109, the hub itself (broker, clocks, transfers), or the service's desk."""

    DISPATCH = "109"
    HUB = "hub"
    DESK = "desk"


S, E = State, Event
UNDECIDED = (S.DISPATCHED, S.RECEIVED, S.SEEN, S.DEFERRED)
UNDERWAY = (S.ACCEPTED, S.UNITS_ASSIGNED, S.EN_ROUTE, S.ON_SCENE)
OPEN = frozenset({S.CREATED, *UNDECIDED, *UNDERWAY, S.EXPIRED, S.FAILED})
_REOPENED = (S.CLOSED, S.CANCELLED, S.DECLINED, S.EXPIRED)
_UNIT = {E.ASSIGN_UNIT: S.UNITS_ASSIGNED, E.DEPART: S.EN_ROUTE, E.ARRIVE: S.ON_SCENE}
# (from states, event, sides, to state; None: it stays where it is)
_TABLE: tuple[tuple[tuple[State | None, ...], Event, tuple[Side, ...], State | None], ...] = (
    ((None,), E.CREATE, (Side.DISPATCH,), S.CREATED),
    ((S.CREATED,), E.DISPATCH, (Side.HUB,), S.DISPATCHED),
    ((S.DISPATCHED,), E.RECEIPT, (Side.DESK,), S.RECEIVED),
    ((S.RECEIVED,), E.SEEN, (Side.DESK,), S.SEEN),
    # Deferred is not the end: a service that has said when it can may accept; expired: late, and marked so.
    ((S.RECEIVED, S.SEEN, S.DEFERRED, S.EXPIRED), E.ACCEPT, (Side.DESK,), S.ACCEPTED),
    ((S.RECEIVED, S.SEEN), E.DEFER, (Side.DESK,), S.DEFERRED),
    ((S.RECEIVED, S.SEEN, S.DEFERRED), E.DECLINE, (Side.DESK,), S.DECLINED),
    (UNDERWAY, E.CLOSE, (Side.DESK,), S.CLOSED),
    ((S.CREATED, *UNDECIDED, S.EXPIRED, S.FAILED), E.CANCEL, (Side.DISPATCH,), S.CANCELLED),
    # Nobody cancels another's crew: 109 asks, the service confirms.
    (UNDERWAY, E.REQUEST_CANCEL, (Side.DISPATCH,), None),
    (UNDERWAY, E.CONFIRM_CANCEL, (Side.DESK,), S.CANCELLED),
    ((S.RECEIVED, S.SEEN, S.DEFERRED, *UNDERWAY), E.FORWARD, (Side.DESK,), None),
    ((*UNDECIDED, *UNDERWAY, S.EXPIRED), E.TRANSFER, (Side.HUB,), S.TRANSFERRED),
    ((S.CREATED, S.DISPATCHED, S.RECEIVED, S.SEEN), E.EXPIRE, (Side.DISPATCH, Side.HUB), S.EXPIRED),
    ((S.CREATED, S.DISPATCHED), E.FAIL, (Side.HUB,), S.FAILED),
    ((S.FAILED,), E.RETRY, (Side.DISPATCH,), S.CREATED),
    (_REOPENED, E.REOPEN, (Side.DISPATCH,), S.DISPATCHED),
    ((S.CREATED, *UNDECIDED, *UNDERWAY, S.EXPIRED), E.UPDATE, (Side.DISPATCH,), None),
    (tuple(State), E.NOTE, tuple(Side), None),
    # A late unit status on a closed handoff is stored and marked, not refused.
    ((S.CLOSED,), E.ASSIGN_UNIT, (Side.DESK,), None),
    ((S.CLOSED,), E.DEPART, (Side.DESK,), None),
    ((S.CLOSED,), E.ARRIVE, (Side.DESK,), None),
)


def _moves() -> Iterator[tuple[tuple[State | None, Event, Side], State]]:
    for states, event, sides, to in _TABLE:
        for state in states:
            for side in sides:
                yield (state, event, side), to or state  # type: ignore[misc] # only CREATE begins with None
    for event, reached in _UNIT.items():  # a second crew that is assigned does not call back the first
        for state in UNDERWAY:
            yield (state, event, Side.DESK), max(state, reached, key=UNDERWAY.index)


MOVES: dict[tuple[State | None, Event, Side], State] = dict(_moves())
"""(state, event, side) → the state after it. What is not here is refused."""

UNIT_EVENTS: dict[str, Event] = {
    "assigned": E.ASSIGN_UNIT, "departed": E.DEPART, "on_scene": E.ARRIVE, "transporting": E.ARRIVE,
    "at_hospital": E.ARRIVE,
}  # fmt: skip
"""Statuses of a unit that lead the handoff on; the others are only written down."""

REOPEN_SECONDS = 24 * 3600


class Clocks(Struct, frozen=True):
    """Deadlines in seconds: PubAck (T0), receipt (T1), seen (T2), decision (T3), region, first unit (T5)."""

    hub: int
    receipt: int
    seen: int
    decide: int
    region: int
    unit: int
    expires: int


CLOCKS: dict[str, Clocks] = {
    "P0": Clocks(hub=5, receipt=10, seen=20, decide=30, region=60, unit=60, expires=900),
    "P1": Clocks(hub=5, receipt=10, seen=20, decide=30, region=120, unit=180, expires=1800),
    "P2": Clocks(hub=5, receipt=20, seen=40, decide=60, region=300, unit=900, expires=3600),
    "P3": Clocks(hub=5, receipt=60, seen=120, decide=300, region=900, unit=3600, expires=14400),
}
"""Defaults by priority; a tenant, a service or a desk may set others. Decision: 30 s is the confirmation norm of
decree 1931/2021, an analogue. `expires`: raise the alarm if not accepted by then, never delete."""

LADDER = ("receipt", "seen", "decide", "region")
"""The rungs in order; each is due at its clock after the handoff was sent and is an event when it is climbed:
ring the desk and the second desk · shift supervisor · hub duty officer, 109 phones now · region (P0: 112 as well)."""


class FaultCode(IntEnum):
    """The error catalogue. An error never answers an error."""

    UNRECOGNISED_FORMAT = 10
    UNSUPPORTED_VERSION = 11
    INVALID_MESSAGE = 12
    SENDER_MISMATCH = 20
    UNKNOWN_SENDER = 21
    EXPIRED = 30
    UNROUTABLE = 31
    WRONG_SEQUENCE = 32
    UNKNOWN_HANDOFF = 33
    CASE_EXISTS = 34
    WRONG_STATE = 35
    INSUFFICIENT_DATA = 36
    TECHNICAL = 50


RETRYABLE = frozenset({FaultCode.TECHNICAL})


class ContractError(Exception):
    """A message that is refused. `text` says why and where (JSON path); it never repeats what people said."""

    def __init__(self, code: FaultCode, text: str) -> None:
        self.code, self.text = code, text
        super().__init__(f"{code.name.lower()}: {text}")

    def fault(self) -> Fault:
        """As its sender is told."""
        return Fault(
            code=self.code, name=self.code.name.lower(), text=self.text, retryable=self.code in RETRYABLE
        )


class Address(Struct, frozen=True):
    """What a subject says: the broker has proven the sender's token."""

    mode: Mode
    direction: Literal["handoff", "return", "desk", "reply", "cross"]
    service: Service
    tenant: str
    handoff_id: UUID

    @property
    def subject(self) -> str:
        """The subject of this address."""
        first, second = (
            (self.tenant, self.service) if self.direction == "return" else (self.service, self.tenant)
        )
        if self.direction == "cross":
            return f"hub.{self.mode}.{first}.{second}.{self.handoff_id}"
        return f"sko.{self.mode}.{self.direction}.{first}.{second}.{self.handoff_id}"

    @classmethod
    def of(cls, subject: str) -> "Address":
        """Read a subject; raises ContractError UNROUTABLE when it is none of ours."""
        head, *tokens = subject.split(".")
        if head == "hub" and len(tokens) == 4:
            tokens.insert(1, "cross")
        try:
            mode, direction, first, second, handoff_id = tokens
            service, tenant = (second, first) if direction == "return" else (first, second)
            parts = {"mode": mode, "direction": direction, "service": service, "tenant": tenant}
            address = msgspec.convert({**parts, "handoff_id": handoff_id}, cls)
        except (ValueError, msgspec.ValidationError) as error:
            raise ContractError(FaultCode.UNROUTABLE, "no such mode, service or handoff") from error
        if address.subject != subject:  # an address is written in one way only
            raise ContractError(FaultCode.UNROUTABLE, "no such direction, or an id in another form")
        return address


def agency(tenant: str) -> str:
    """The agency name of a tenant's 109."""
    return f"kz.sko.{tenant}.109"


def missing_before(seq: int, last: int) -> int:
    """How many messages of a direction are missing before `seq`; raises WRONG_SEQUENCE behind its time."""
    if seq <= last:
        raise ContractError(FaultCode.WRONG_SEQUENCE, f"{seq} came after {last} - at `$.seq`")
    return seq - last - 1


def decode(payload: bytes) -> Envelope:
    """The message, checked against the whole contract; raises ContractError."""
    if len(payload) > MOST_BYTES:
        raise ContractError(FaultCode.INVALID_MESSAGE, f"larger than {MOST_BYTES} bytes")
    try:
        raw = _JSON.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ContractError(FaultCode.UNRECOGNISED_FORMAT, "this is not JSON in UTF-8") from error
    if not isinstance(raw, dict) or "schema" not in raw:
        raise ContractError(FaultCode.UNRECOGNISED_FORMAT, f"this is no {SCHEMA} envelope")
    if raw["schema"] != SCHEMA:
        raise ContractError(FaultCode.UNSUPPORTED_VERSION, f"only {SCHEMA} is understood here")
    try:
        envelope = msgspec.convert(raw, Envelope)
    except msgspec.ValidationError as error:
        raise ContractError(FaultCode.INVALID_MESSAGE, _told(str(error))) from error
    for path, rule in _broken(raw):
        raise ContractError(FaultCode.INVALID_MESSAGE, f"{rule} - at `{path}`")
    return envelope


def encode(envelope: Envelope) -> bytes:
    """The message as it travels."""
    return msgspec.json.encode(envelope)


def message_id_of(payload: bytes) -> UUID | None:
    """The message id even of a message that does not parse, so that its sender can be told."""
    found = re.search(rb'"messageId"\s*:\s*"([0-9a-fA-F-]{36})"', payload[:MOST_BYTES])
    try:
        return UUID(found[1].decode()) if found else None
    except ValueError:
        return None


def _told(why: str) -> str:
    """What msgspec says, without a value or a name that somebody wrote: it may be a person's, and of any length."""
    if found := _UNKNOWN.fullmatch(why):
        name = f" `{found[2]}`" if re.fullmatch(r"[A-Za-z0-9_]{1,40}", found[2]) else ""
        return f"{found[1]}{name}{found[3] or ''}"
    return re.sub(r"(?s)^Invalid enum value .*( - at `)", r"Invalid enum value\1", why)


def _broken(raw: dict[str, Any]) -> Iterator[tuple[str, str]]:
    needed = NEEDS.get(raw["kind"])
    if needed and needed not in raw:
        yield "$", f"`{raw['kind']}` needs the field `{needed}`"
    if raw["kind"] == "decline" and "reasonCode" not in raw.get("reply", {}):
        yield "$.reply", "`decline` needs the field `reasonCode`"
    incident = raw.get("incident", {})
    for path, text in (
        ("location.text", incident.get("location", {}).get("text")),
        ("title", incident.get("title")),
    ):
        if text == {}:
            yield f"$.incident.{path}", "needs one language at least"
    yield from _malformed(raw, "$")


def _malformed(value: object, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _malformed(inner, f"{path}.{name}")
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from _malformed(inner, f"{path}[{position}]")
    elif isinstance(value, str):
        yield from _miswritten(value, path)
    elif abs(value) > MOST_EXACT:  # type: ignore[arg-type] # a number: null is nowhere allowed
        yield path, "numbers this large are not exact"


def _miswritten(text: str, path: str) -> Iterator[tuple[str, str]]:
    name = path.rpartition(".")[2]
    if _CONTROL.search(text):
        yield path, "control characters are not allowed"
    if name in _STAMPS and not _exists(text):
        yield path, "there is no such moment"
    if name in _IDS and len(text) != len("00000000-0000-0000-0000-000000000000"):
        yield path, "a UUID is written with four hyphens"


def _exists(text: str) -> bool:
    try:
        moment(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return False
    return True


def _number(text: str) -> int | float:
    """JSON knows no integers apart: 1.0 is one."""
    value = float(text)
    return int(value) if value.is_integer() else value


_JSON = msgspec.json.Decoder(float_hook=_number)


def moment(stamp: str) -> datetime:
    """The aware moment of a checked Stamp."""
    return datetime.fromisoformat(stamp)


def stamp(at: datetime) -> str:
    """An aware moment as it stands in a message."""
    return at.isoformat(timespec="milliseconds")


class IncidentType(Struct, frozen=True):
    """One of the 44 kinds of emergency, a proposal that the services confirm. Codes of CAP, EMSI, EIDO, Hub Santé."""

    code: str
    names: dict[str, str]
    services: tuple[Service, ...]
    lead: Service
    priority: Priority
    hazards: tuple[Hazard, ...]
    cap: str
    emsi: str
    eido: str
    hubsante: str


@cache
def incident_types() -> dict[str, IncidentType]:
    """All kinds by code, in the order of incident_types.csv."""
    lines = files("hub112").joinpath("incident_types.csv").read_text(encoding="utf-8").splitlines()
    found = {}
    for line in lines[1:]:
        code, kk, ru, en, services, lead, priority, hazards, cap, emsi, eido, hubsante = line.split(",")
        raw = {
            "code": code, "names": {"kk": kk, "ru": ru, "en": en}, "services": services.split("|"), "lead": lead,
            "priority": priority, "hazards": hazards.split("|"), "cap": cap, "emsi": emsi, "eido": eido,
            "hubsante": hubsante,
        }  # fmt: skip
        found[code] = msgspec.convert(raw, IncidentType)
    return found


def json_schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of the envelope, equal in meaning to the published one (a test compares them)."""
    (_, definitions) = msgspec.json.schema_components([Envelope], ref_template="#/$defs/{name}")
    envelope = definitions.pop("Envelope")
    definitions["Text"]["minProperties"] = 1
    demands = [
        {"if": {"properties": {"kind": {"const": kind}}}, "then": {"required": [name]}}
        for kind, name in NEEDS.items()
    ]
    demands.append({
        "if": {"properties": {"kind": {"const": "decline"}}},
        "then": {"required": ["reply"], "properties": {"reply": {"required": ["reasonCode"]}}},
    })  # fmt: skip
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "urn:sko:handoff:1.0"}
    return {**head, **envelope, "allOf": demands, "$defs": definitions}
