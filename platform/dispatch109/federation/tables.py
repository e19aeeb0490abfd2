"""The Piccolo tables of what lies between a tenant, its neighbours and the region, equal to what the migrations make
(a test compares them)."""

from piccolo.columns import UUID, Array, Boolean, Bytea, Date, Integer, SmallInt, Text, Timestamptz
from piccolo.table import Table


class ConsultationDay(Table, schema="dispatch", tablename="consultation_day"):
    """Calls answered on the spot, by day and category."""

    tenant_id = SmallInt(default=None)
    day = Date(default=None)
    category_code = Text(primary_key=True, default=None)
    calls = Integer(default=None, db_column_name="count")  # a table of Piccolo has a count() of its own


class Resend(Table, schema="dispatch", tablename="resend"):
    """Every fact said again, and how far that is."""

    tenant_id = SmallInt(default=None)
    id = UUID(primary_key=True, default=None)
    since = Timestamptz(null=True, default=None)
    ordered_at = Timestamptz(default=None)
    step = Text(default=None)
    after_at = Timestamptz(null=True, default=None)
    after_id = UUID(null=True, default=None)
    said = Integer(default=None)
    ended_at = Timestamptz(null=True, default=None)


class Mandate(Table, schema="dispatch", tablename="mandate"):
    """What the region ordered."""

    tenant_id = SmallInt(default=None)
    id = UUID(primary_key=True, default=None)
    kind = Text(default=None)
    ticket_id = UUID(null=True, default=None)
    reference = Text(null=True, default=None)
    to_slug = Text(null=True, default=None)
    reason = Text(default=None)
    deadline = Timestamptz(default=None)
    state = Text(default=None)
    version = Integer(default=None)
    issued_at = Timestamptz(default=None)
    issued_by = UUID(default=None)
    issued_name = Text(default=None)
    received_at = Timestamptz(default=None)
    seen_at = Timestamptz(null=True, default=None)
    seen_by = Text(null=True, default=None)
    answered_at = Timestamptz(null=True, default=None)
    answered_by = Text(null=True, default=None)
    answer = Text(null=True, default=None)


class Alert(Table, schema="dispatch", tablename="alert"):
    """A warning of the region."""

    tenant_id = SmallInt(default=None)
    id = UUID(primary_key=True, default=None)
    version = Integer(default=None)
    kind = Text(default=None)
    kk = Text(default=None)
    ru = Text(default=None)
    en = Text(default=None)
    issued_at = Timestamptz(default=None)
    issued_name = Text(default=None)
    arrived_at = Timestamptz(default=None)
    expires_at = Timestamptz(default=None)
    cancelled_at = Timestamptz(null=True, default=None)


class AlertReader(Table, schema="dispatch", tablename="alert_reader"):
    """Who of the shift has read an alert."""

    tenant_id = SmallInt(default=None)
    alert_id = UUID(default=None)
    version = Integer(default=None)
    reader_id = UUID(primary_key=True, default=None)
    name = Text(default=None)
    at = Timestamptz(default=None)


class Referral(Table, schema="dispatch", tablename="referral"):
    """Its own row of a referral, on either side."""

    tenant_id = SmallInt(default=None)
    id = UUID(primary_key=True, default=None)
    side = Text(default=None)
    other_slug = Text(default=None)
    ticket_id = UUID(null=True, default=None)
    reference = Text(default=None)
    other_reference = Text(null=True, default=None)
    chain = Array(base_column=Text(), default=None)
    category_code = Text(default=None)
    priority = SmallInt(default=None)
    opened_at = Timestamptz(default=None)
    due_at = Timestamptz(default=None)
    statutory_due = Timestamptz(default=None)
    reason = Text(default=None)
    mandate_id = UUID(null=True, default=None)
    state = Text(default=None)
    version = Integer(default=None)
    answers = Integer(default=None)
    sent_at = Timestamptz(default=None)
    sent_by = Text(default=None)
    key_id = Text(null=True, default=None)
    sealed = Bytea(null=True, default=None)
    decided_at = Timestamptz(null=True, default=None)
    decided_by = Text(null=True, default=None)
    decision = Text(null=True, default=None)
    ended_at = Timestamptz(null=True, default=None)
    ended_as = Text(null=True, default=None)
    confirmed = Boolean(null=True, default=None)
    told_at = Timestamptz(null=True, default=None)
    told_by = Text(null=True, default=None)
    withdrawn_at = Timestamptz(null=True, default=None)
    withdrawn_by = Text(null=True, default=None)
    withdrawal = Text(null=True, default=None)
    passed_to = Text(null=True, default=None)
    passed_reference = Text(null=True, default=None)


class ReferralKey(Table, schema="dispatch", tablename="referral_key"):
    """A public key of a tenant."""

    slug = Text(default=None)
    key_id = Text(primary_key=True, default=None)
    public_key = Bytea(default=None)
    current = Boolean(default=None)


TABLES = (ConsultationDay, Resend, Mandate, Alert, AlertReader, Referral, ReferralKey)
