"""The Piccolo tables of the region, equal to what the migrations make (a test compares them)."""

from piccolo.columns import (
    JSONB,
    UUID,
    BigInt,
    Boolean,
    Bytea,
    Date,
    DoublePrecision,
    Integer,
    SmallInt,
    Text,
    Timestamptz,
)
from piccolo.table import Table

from chassis109.store.geometry import Geometry


class Territory(Table, schema="region", tablename="territory"):
    """A tenant that may speak here."""

    id = SmallInt(primary_key=True, default=None)
    slug = Text(default=None)
    kind = Text(default=None)
    names = JSONB(default=None)
    lon = DoublePrecision(default=None)
    lat = DoublePrecision(default=None)
    population = Integer(default=None)
    outline = Geometry(shape="MultiPolygon")
    active = Boolean(default=None)


class Category(Table, schema="region", tablename="category"):
    """A category that a territory may name."""

    territory = SmallInt(default=None)
    code = Text(primary_key=True, default=None)
    group_code = Text(default=None)
    group_names = JSONB(default=None)
    names = JSONB(default=None)
    position = SmallInt(default=None)


class Service(Table, schema="region", tablename="service"):
    """A responsible service of a territory."""

    territory = SmallInt(default=None)
    code = Text(primary_key=True, default=None)
    kind = Text(default=None)
    names = JSONB(default=None)


class Ticket(Table, schema="region", tablename="ticket"):
    """What a tenant told of a ticket."""

    territory = SmallInt(default=None)
    id = UUID(primary_key=True, default=None)
    reference = Text(default=None)
    version = Integer(default=None)
    category = Text(default=None)
    service = Text(null=True, default=None)
    service_kind = Text(null=True, default=None)
    state = Text(default=None)
    priority = SmallInt(default=None)
    opened_at = Timestamptz(default=None)
    updated_at = Timestamptz(default=None)
    react_by = Timestamptz(null=True, default=None)
    due_at = Timestamptz(default=None)
    statutory_due = Timestamptz(default=None)
    paused_at = Timestamptz(null=True, default=None)
    unanswered = Integer(default=None)
    reopened = Integer(default=None)
    done_at = Timestamptz(null=True, default=None)
    closed_at = Timestamptz(null=True, default=None)
    confirmed = Boolean(null=True, default=None)
    point = Geometry(shape="Point", null=True)
    origin = Text(null=True, default=None)
    origin_reference = Text(null=True, default=None)
    seq = BigInt(default=None)
    heard_at = Timestamptz(default=None)


class Handoff(Table, schema="region", tablename="handoff"):
    """Where a handoff of a tenant stands."""

    territory = SmallInt(default=None)
    id = UUID(primary_key=True, default=None)
    incident = Text(default=None)
    kind = Text(default=None)
    mode = Text(default=None)
    service = Text(default=None)
    state = Text(default=None)
    version = Integer(default=None)
    priority = Text(default=None)
    sent_at = Timestamptz(default=None)
    hub_at = Timestamptz(null=True, default=None)
    receipt_at = Timestamptz(null=True, default=None)
    seen_at = Timestamptz(null=True, default=None)
    decided_at = Timestamptz(null=True, default=None)
    unit_at = Timestamptz(null=True, default=None)
    ended_at = Timestamptz(null=True, default=None)
    decide_by = Timestamptz(default=None)
    late = Boolean(default=None)
    alarm = Text(null=True, default=None)
    seq = BigInt(default=None)
    heard_at = Timestamptz(default=None)


class Consultation(Table, schema="region", tablename="consultation"):
    """Calls answered on the spot, counted."""

    territory = SmallInt(default=None)
    day = Date(default=None)
    category = Text(primary_key=True, default=None)
    calls = Integer(default=None, db_column_name="count")  # a table of Piccolo has a count() of its own
    seq = BigInt(default=None)


class AuditHead(Table, schema="region", tablename="audit_head"):
    """The head of a tenant's audit chain."""

    territory = SmallInt(default=None)
    seq = BigInt(primary_key=True, default=None)
    last_id = BigInt(default=None)
    digest = Text(default=None)
    sealed_at = Timestamptz(default=None)


class Heard(Table, schema="region", tablename="heard"):
    """When a tenant was last heard."""

    territory = SmallInt(primary_key=True, default=None)
    heard_at = Timestamptz(default=None)
    pulse_at = Timestamptz(null=True, default=None)
    waiting = Integer(default=None)
    since = Timestamptz(null=True, default=None)
    tickets = Integer(default=None)
    versions = Integer(default=None)
    fact_at = Timestamptz(null=True, default=None)
    facts = BigInt(default=None)
    refused = BigInt(default=None)
    ever_tickets = Integer(default=None)
    ever_versions = BigInt(default=None)
    known_tickets = Integer(default=None)
    known_versions = BigInt(default=None)


class RefusedMessage(Table, schema="region", tablename="refused"):
    """A message without effect."""

    stream = Text(default=None)
    seq = BigInt(primary_key=True, default=None)
    subject = Text(default=None)
    territory = SmallInt(null=True, default=None)
    reason = Text(default=None)
    bytes = Integer(default=None)
    sha256 = Bytea(default=None)
    said_at = Timestamptz(default=None)
    heard_at = Timestamptz(default=None)


class Daily(Table, schema="region", tablename="daily"):
    """Figures of a day, a territory and a category."""

    day = Date(default=None)
    territory = SmallInt(default=None)
    category = Text(primary_key=True, default=None)
    registered = Integer(default=None)
    consulted = Integer(default=None)
    closed = Integer(default=None)
    on_time = Integer(default=None)
    did_not_react = Integer(default=None)
    reopened = Integer(default=None)
    confirmed = Integer(default=None)


class Overdue(Table, schema="region", tablename="overdue"):
    """Open and overdue at the end of a day."""

    day = Date(default=None)
    territory = SmallInt(default=None)
    category = Text(primary_key=True, default=None)
    open_overdue = Integer(default=None)


class Mandate(Table, schema="region", tablename="mandate"):
    """What the command centre ordered."""

    id = UUID(primary_key=True, default=None)
    territory = SmallInt(default=None)
    kind = Text(default=None)
    ticket_id = UUID(null=True, default=None)
    reference = Text(null=True, default=None)
    to_territory = SmallInt(null=True, default=None)
    reason = Text(default=None)
    deadline = Timestamptz(default=None)
    state = Text(default=None)
    version = Integer(default=None)
    issued_at = Timestamptz(default=None)
    issued_by = UUID(default=None)
    issued_name = Text(default=None)
    received_at = Timestamptz(null=True, default=None)
    answered_at = Timestamptz(null=True, default=None)
    answered_by = Text(null=True, default=None)
    answer = Text(null=True, default=None)


class Alert(Table, schema="region", tablename="alert"):
    """A warning to the operators."""

    id = UUID(primary_key=True, default=None)
    version = Integer(default=None)
    kind = Text(default=None)
    kk = Text(default=None)
    ru = Text(default=None)
    en = Text(default=None)
    issued_at = Timestamptz(default=None)
    issued_by = UUID(default=None)
    issued_name = Text(default=None)
    expires_at = Timestamptz(default=None)
    cancelled_at = Timestamptz(null=True, default=None)
    cancelled_name = Text(null=True, default=None)


class AlertReceipt(Table, schema="region", tablename="alert_receipt"):
    """Where an alert has arrived and who has read it."""

    alert_id = UUID(default=None)
    territory = SmallInt(primary_key=True, default=None)
    arrived_version = Integer(null=True, default=None)
    arrived_at = Timestamptz(null=True, default=None)
    read_version = Integer(null=True, default=None)
    read_at = Timestamptz(null=True, default=None)
    read_by = Text(null=True, default=None)


TABLES = (
    Territory, Category, Service, Ticket, Handoff, Consultation, AuditHead, Heard, RefusedMessage, Daily, Overdue,
    Mandate, Alert, AlertReceipt,
)  # fmt: skip
