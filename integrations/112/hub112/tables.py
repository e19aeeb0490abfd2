"""The Piccolo tables of the hub, equal to what the migration makes (a test compares them)."""

from piccolo.columns import (
    JSONB,
    UUID,
    BigInt,
    Boolean,
    Bytea,
    DoublePrecision,
    Integer,
    SmallInt,
    Text,
    Timestamptz,
)  # fmt: skip
from piccolo.table import Table


class Agency(Table, schema="hub", tablename="agency"):
    """A 109 that may send."""

    slug = Text(primary_key=True, default=None)
    names = JSONB(default=None)
    phone = Text(default=None)
    active = Boolean(default=None)


class Handoff(Table, schema="hub", tablename="handoff"):
    """What a desk was handed."""

    tenant_id = SmallInt(default=None)
    id = UUID(primary_key=True, default=None)
    number = BigInt(default=None)
    mode = Text(default=None)
    sender = Text(default=None)
    incident_id = Text(default=None)
    parent_id = UUID(null=True, default=None)
    parent_desk = SmallInt(null=True, default=None)
    relation = Text(null=True, default=None)
    state = Text(default=None)
    version = Integer(default=None)
    priority = Text(default=None)
    incident = JSONB(default=None)
    operator = Text(default=None)
    callback_phone = Text(default=None)
    sent_at = Timestamptz(default=None)
    arrived_at = Timestamptz(default=None)
    expires_at = Timestamptz(default=None)
    receipt_by = Timestamptz(default=None)
    seen_by = Timestamptz(default=None)
    decide_by = Timestamptz(default=None)
    region_by = Timestamptz(default=None)
    unit_seconds = Integer(default=None)
    receipt_at = Timestamptz(null=True, default=None)
    seen_at = Timestamptz(null=True, default=None)
    decided_at = Timestamptz(null=True, default=None)
    decided_by = Text(null=True, default=None)
    deferred_until = Timestamptz(null=True, default=None)
    unit_at = Timestamptz(null=True, default=None)
    ended_at = Timestamptz(null=True, default=None)
    late = Boolean(default=None)
    cancel_requested = Boolean(default=None)
    reason_code = Text(null=True, default=None)
    reason = Text(null=True, default=None)
    forward_to = SmallInt(null=True, default=None)
    external_id = Text(null=True, default=None)
    disposition = Text(null=True, default=None)
    ref_message_id = UUID(default=None)
    last_seq = Integer(default=None)
    last_reply_seq = Integer(default=None)
    return_seq = Integer(default=None)
    desk_seq = Integer(default=None)
    events = Integer(default=None)
    chain = Bytea(default=None)
    rung = SmallInt(default=None)
    due_at = Timestamptz(null=True, default=None)


class Event(Table, schema="hub", tablename="event"):
    """Every step of a handoff."""

    tenant_id = SmallInt(default=None)
    handoff_id = UUID(primary_key=True, default=None)
    seq = Integer(default=None)
    at = Timestamptz(default=None)
    event = Text(default=None)
    side = Text(default=None)
    from_state = Text(null=True, default=None)
    to_state = Text(default=None)
    actor_id = UUID(null=True, default=None)
    actor_name = Text(default=None)
    note = Text(default=None)
    detail = JSONB(default=None)
    digest = Bytea(default=None)


class Unit(Table, schema="hub", tablename="unit"):
    """The crews of a handoff as they were last heard of."""

    tenant_id = SmallInt(default=None)
    handoff_id = UUID(primary_key=True, default=None)
    unit_id = Text(default=None)
    call_sign = Text(default=None)
    kind = Text(default=None)
    status = Text(default=None)
    at = Timestamptz(default=None)
    eta = Timestamptz(null=True, default=None)
    lon = DoublePrecision(null=True, default=None)
    lat = DoublePrecision(null=True, default=None)


class Clock(Table, schema="hub", tablename="clock"):
    """A desk's own clocks."""

    tenant_id = SmallInt(default=None)
    sender = Text(primary_key=True, default=None)
    priority = Text(default=None)
    receipt_seconds = Integer(default=None)
    seen_seconds = Integer(default=None)
    decide_seconds = Integer(default=None)
    region_seconds = Integer(default=None)
    unit_seconds = Integer(default=None)


class JointLog(Table, schema="hub", tablename="joint_log"):
    """What the desks of an incident share."""

    id = BigInt(primary_key=True, default=None)
    incident_id = Text(default=None)
    handoff_id = UUID(default=None)
    desk = SmallInt(default=None)
    at = Timestamptz(default=None)
    side = Text(default=None)
    event = Text(default=None)
    state = Text(default=None)
    actor_name = Text(default=None)
    note = Text(default=None)


TABLES = (Agency, Handoff, Event, Unit, Clock, JointLog)
