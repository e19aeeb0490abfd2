"""The Piccolo tables of dispatch, equal to what the migrations make (a test compares them)."""

from piccolo.columns import JSONB, UUID, Array, Boolean, Bytea, Integer, SmallInt, Text, Timestamptz
from piccolo.table import Table

from chassis109.store.geometry import Geometry


class Contact(Table, schema="dispatch", tablename="contact"):
    """Who asked; sealed personal data."""

    tenant_id = SmallInt(default=None)
    id = UUID(primary_key=True, default=None)
    name_sealed = Bytea(null=True, default=None)
    phone_sealed = Bytea(null=True, default=None)
    phone_index = Bytea(null=True, default=None)
    key_id = Text(default=None)
    language = Text(default=None)
    created_at = Timestamptz(default=None)
    anonymised_at = Timestamptz(null=True, default=None)


class TicketNumber(Table, schema="dispatch", tablename="ticket_number"):
    """The last ticket number given in a year."""

    tenant_id = SmallInt(default=None)
    year = SmallInt(primary_key=True, default=None)
    last = Integer(default=None)


class Ticket(Table, schema="dispatch", tablename="ticket"):
    """A registered request."""

    tenant_id = SmallInt(default=None)
    id = UUID(primary_key=True, default=None)
    year = SmallInt(default=None)
    number = Integer(default=None)
    state = Text(default=None)
    version = Integer(default=None)
    contact_id = UUID(default=None)
    category_code = Text(default=None)
    service_code = Text(null=True, default=None)
    priority = SmallInt(default=None)
    text = Text(default=None)
    address = Text(default=None)
    landmark = Text(default=None)
    folded = Text(default=None)
    language = Text(default=None)
    point = Geometry(shape="Point", null=True)
    opened_at = Timestamptz(default=None)
    opened_by = UUID(default=None)
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
    origin_slug = Text(null=True, default=None)
    origin_reference = Text(null=True, default=None)


class Call(Table, schema="dispatch", tablename="call"):
    """One phone contact and how it ended."""

    tenant_id = SmallInt(default=None)
    id = UUID(primary_key=True, default=None)
    contact_id = UUID(default=None)
    operator_id = UUID(default=None)
    at = Timestamptz(default=None)
    outcome = Text(default=None)
    category_code = Text(null=True, default=None)
    ticket_id = UUID(null=True, default=None)
    note = Text(default=None)
    incident_id = UUID(null=True, default=None)


class History(Table, schema="dispatch", tablename="history"):
    """Every step of a ticket."""

    tenant_id = SmallInt(default=None)
    ticket_id = UUID(primary_key=True, default=None)
    seq = Integer(default=None)
    at = Timestamptz(default=None)
    actor_id = UUID(null=True, default=None)
    actor_name = Text(default=None)
    verb = Text(default=None)
    from_state = Text(null=True, default=None)
    to_state = Text(default=None)
    note = Text(default=None)
    detail = JSONB(default=None)


class Assignment(Table, schema="dispatch", tablename="assignment"):
    """Who was responsible, from when, and whether he reacted."""

    tenant_id = SmallInt(default=None)
    id = UUID(primary_key=True, default=None)
    ticket_id = UUID(default=None)
    service_code = Text(default=None)
    assigned_at = Timestamptz(default=None)
    assigned_by = UUID(null=True, default=None)
    react_by = Timestamptz(default=None)
    accepted_at = Timestamptz(null=True, default=None)
    accepted_by = UUID(null=True, default=None)
    unanswered_at = Timestamptz(null=True, default=None)
    ended_at = Timestamptz(null=True, default=None)
    end_reason = Text(null=True, default=None)


class Attachment(Table, schema="dispatch", tablename="attachment"):
    """Photos that show the work."""

    tenant_id = SmallInt(default=None)
    id = UUID(primary_key=True, default=None)
    ticket_id = UUID(default=None)
    media_type = Text(default=None)
    bytes = Integer(default=None)
    width = Integer(default=None)
    height = Integer(default=None)
    sha256 = Bytea(default=None)
    added_at = Timestamptz(default=None)
    added_by = UUID(default=None)


class Callback(Table, schema="dispatch", tablename="callback"):
    """The applicant is owed a call."""

    tenant_id = SmallInt(default=None)
    id = UUID(primary_key=True, default=None)
    ticket_id = UUID(null=True, default=None)
    contact_id = UUID(default=None)
    state = Text(default=None)
    version = Integer(default=None)
    planned_at = Timestamptz(default=None)
    not_before = Timestamptz(default=None)
    due_at = Timestamptz(default=None)
    ended_at = Timestamptz(null=True, default=None)
    incident_id = UUID(null=True, default=None)


class CallbackAttempt(Table, schema="dispatch", tablename="callback_attempt"):
    """Each try to reach the applicant."""

    tenant_id = SmallInt(default=None)
    callback_id = UUID(primary_key=True, default=None)
    seq = SmallInt(default=None)
    at = Timestamptz(default=None)
    actor_id = UUID(default=None)
    outcome = Text(default=None)
    note = Text(default=None)


class IncidentNumber(Table, schema="dispatch", tablename="incident_number"):
    """The last incident number given in a year."""

    tenant_id = SmallInt(default=None)
    year = SmallInt(primary_key=True, default=None)
    last = Integer(default=None)


class Incident(Table, schema="dispatch", tablename="incident"):
    """An emergency."""

    tenant_id = SmallInt(default=None)
    id = UUID(primary_key=True, default=None)
    year = SmallInt(default=None)
    number = Integer(default=None)
    mode = Text(default=None)
    version = Integer(default=None)
    contact_id = UUID(default=None)
    ticket_id = UUID(null=True, default=None)
    type = Text(default=None)
    priority = Text(default=None)
    text = Text(default=None)
    address = Text(default=None)
    landmark = Text(default=None)
    place = JSONB(default=None)
    victims = JSONB(default=None)
    hazards = Array(base_column=Text(), default=None)
    relation = Text(default=None)
    can_talk = Boolean(null=True, default=None)
    point = Geometry(shape="Point", null=True)
    opened_at = Timestamptz(default=None)
    opened_by = UUID(default=None)
    opened_name = Text(default=None)
    ended_at = Timestamptz(null=True, default=None)


class Handoff(Table, schema="dispatch", tablename="handoff"):
    """An emergency as one service was given it."""

    tenant_id = SmallInt(default=None)
    id = UUID(primary_key=True, default=None)
    incident_id = UUID(default=None)
    service = Text(default=None)
    parent_id = UUID(null=True, default=None)
    relation = Text(null=True, default=None)
    state = Text(default=None)
    version = Integer(default=None)
    priority = Text(default=None)
    message_id = UUID(default=None)
    sent_seq = Integer(default=None)
    last_seq = Integer(default=None)
    events = Integer(default=None)
    chain = Bytea(default=None)
    created_at = Timestamptz(default=None)
    sent_at = Timestamptz(default=None)
    expires_at = Timestamptz(default=None)
    hub_by = Timestamptz(default=None)
    receipt_by = Timestamptz(default=None)
    seen_by = Timestamptz(default=None)
    decide_by = Timestamptz(default=None)
    unit_seconds = Integer(default=None)
    hub_at = Timestamptz(null=True, default=None)
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
    forward_to = Text(null=True, default=None)
    external_id = Text(null=True, default=None)
    disposition = Text(null=True, default=None)
    fault = Text(null=True, default=None)
    alarm = Text(null=True, default=None)
    alarm_at = Timestamptz(null=True, default=None)
    phoned_at = Timestamptz(null=True, default=None)
    phoned_by = Text(null=True, default=None)
    due_at = Timestamptz(null=True, default=None)
    reopened_by = UUID(null=True, default=None)


class HandoffEvent(Table, schema="dispatch", tablename="handoff_event"):
    """Every step of a handoff, chained."""

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


class HandoffUnit(Table, schema="dispatch", tablename="handoff_unit"):
    """The crews of a handoff."""

    tenant_id = SmallInt(default=None)
    handoff_id = UUID(primary_key=True, default=None)
    unit_id = Text(default=None)
    call_sign = Text(default=None)
    kind = Text(default=None)
    status = Text(default=None)
    at = Timestamptz(default=None)
    eta = Timestamptz(null=True, default=None)


class HandoffClock(Table, schema="dispatch", tablename="handoff_clock"):
    """A tenant's own clocks for a service and priority."""

    tenant_id = SmallInt(default=None)
    service = Text(primary_key=True, default=None)
    priority = Text(default=None)
    hub_seconds = Integer(default=None)
    receipt_seconds = Integer(default=None)
    seen_seconds = Integer(default=None)
    decide_seconds = Integer(default=None)
    unit_seconds = Integer(default=None)


TABLES = (
    Contact, TicketNumber, Ticket, Call, History, Assignment, Attachment, Callback, CallbackAttempt, IncidentNumber,
    Incident, Handoff, HandoffEvent, HandoffUnit, HandoffClock,
)  # fmt: skip
