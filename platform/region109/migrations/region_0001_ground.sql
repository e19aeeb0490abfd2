-- The region: what its tenants told it, what it ordered, and figures for ever. No personal data, so nothing here
-- belongs to one tenant alone.
CREATE SCHEMA region;
GRANT USAGE ON SCHEMA region TO dispatch_app, dispatch_relay;

-- The region is the one tenant of its own service: its people, audit and outbox. (In the database of 109: no kind of it.)
ALTER TABLE tenancy.tenant DROP CONSTRAINT tenant_kind_check;
ALTER TABLE tenancy.tenant ADD CONSTRAINT tenant_kind_check CHECK (kind = 'region');

CREATE TABLE region.territory (
    id         smallint PRIMARY KEY,
    slug       text NOT NULL UNIQUE CHECK (slug ~ '^[a-z][a-z0-9-]*$'),
    kind       text NOT NULL CHECK (kind IN ('city', 'district')),
    names      jsonb NOT NULL,
    lon        double precision NOT NULL,
    lat        double precision NOT NULL,
    population integer NOT NULL,
    outline    geometry(MultiPolygon, 4326) NOT NULL,
    active     boolean NOT NULL
);
COMMENT ON TABLE region.territory IS 'global: the tenants that may speak here, from the registry';

CREATE TABLE region.category (
    territory   smallint NOT NULL REFERENCES region.territory (id),
    code        text NOT NULL,
    group_code  text NOT NULL,
    group_names jsonb NOT NULL,
    names       jsonb NOT NULL,
    position    smallint NOT NULL,
    PRIMARY KEY (territory, code)
);
COMMENT ON TABLE region.category IS 'global: the categories a territory may name, from the registry; retired ones too';

CREATE TABLE region.service (
    territory smallint NOT NULL REFERENCES region.territory (id),
    code      text NOT NULL,
    kind      text NOT NULL,
    names     jsonb NOT NULL,
    PRIMARY KEY (territory, code)
);
COMMENT ON TABLE region.service IS 'global: the responsible services of a territory, from the registry';

-- `seq`: the message of FEED that the row is from; a rebuild takes away what it can read again.
CREATE TABLE region.ticket (
    territory        smallint NOT NULL REFERENCES region.territory (id),
    id               uuid NOT NULL,
    reference        text NOT NULL,
    version          integer NOT NULL,
    category         text NOT NULL,
    service          text,
    service_kind     text,
    state            text NOT NULL CHECK (state IN (
        'registered', 'assigned', 'accepted', 'in_progress', 'paused', 'returned', 'done', 'callback_due',
        'reopened', 'closed', 'rejected', 'cancelled', 'referred', 'handed_off')),
    priority         smallint NOT NULL,
    opened_at        timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    react_by         timestamptz,
    due_at           timestamptz NOT NULL,
    statutory_due    timestamptz NOT NULL,
    paused_at        timestamptz,
    unanswered       integer NOT NULL,
    reopened         integer NOT NULL,
    done_at          timestamptz,
    closed_at        timestamptz,
    confirmed        boolean,
    point            geometry(Point, 4326),
    origin           text,
    origin_reference text,
    seq              bigint NOT NULL,
    heard_at         timestamptz NOT NULL,
    PRIMARY KEY (territory, id)
);
COMMENT ON TABLE region.ticket IS 'global: what tenants told of their tickets; no personal data, the struct has no field for them';
CREATE INDEX ticket_open ON region.ticket (territory, category, due_at) INCLUDE (state, done_at, paused_at)
    WHERE state NOT IN ('closed', 'rejected', 'cancelled', 'referred');
CREATE INDEX ticket_opened ON region.ticket (opened_at, territory);
CREATE INDEX ticket_of_territory ON region.ticket (territory, opened_at, id);
CREATE INDEX ticket_reference ON region.ticket (territory, reference);
CREATE INDEX ticket_origin ON region.ticket (territory, origin_reference) WHERE origin_reference IS NOT NULL;
CREATE INDEX ticket_heard ON region.ticket (updated_at);
CREATE INDEX ticket_seq ON region.ticket (seq);

CREATE TABLE region.handoff (
    territory  smallint NOT NULL REFERENCES region.territory (id),
    id         uuid NOT NULL,
    incident   text NOT NULL,
    kind       text NOT NULL,
    mode       text NOT NULL CHECK (mode IN ('live', 'exercise', 'test')),
    service    text NOT NULL,
    state      text NOT NULL,
    version    integer NOT NULL,
    priority   text NOT NULL CHECK (priority IN ('P0', 'P1', 'P2', 'P3')),
    sent_at    timestamptz NOT NULL,
    hub_at     timestamptz,
    receipt_at timestamptz,
    seen_at    timestamptz,
    decided_at timestamptz,
    unit_at    timestamptz,
    ended_at   timestamptz,
    decide_by  timestamptz NOT NULL,
    late       boolean NOT NULL,
    alarm      text,
    seq        bigint NOT NULL,
    heard_at   timestamptz NOT NULL,
    PRIMARY KEY (territory, id)
);
COMMENT ON TABLE region.handoff IS 'global: where the handoffs of the tenants stand; no personal data';
CREATE INDEX handoff_sent ON region.handoff (sent_at) WHERE mode = 'live';
CREATE INDEX handoff_seq ON region.handoff (seq);

CREATE TABLE region.consultation (
    territory smallint NOT NULL REFERENCES region.territory (id),
    day       date NOT NULL,
    category  text NOT NULL,
    count     integer NOT NULL CHECK (count > 0),
    seq       bigint NOT NULL,
    PRIMARY KEY (territory, day, category)
);
COMMENT ON TABLE region.consultation IS 'global: calls answered on the spot, counted; category '''' when none was named';

CREATE TABLE region.audit_head (
    territory smallint NOT NULL REFERENCES region.territory (id),
    seq       bigint NOT NULL,
    last_id   bigint NOT NULL,
    digest    text NOT NULL,
    sealed_at timestamptz NOT NULL,
    PRIMARY KEY (territory, seq)
);
COMMENT ON TABLE region.audit_head IS 'global: the heads of the tenants'' audit chains, outside of their own databases';

CREATE TABLE region.heard (
    territory  smallint PRIMARY KEY REFERENCES region.territory (id),
    heard_at   timestamptz NOT NULL,
    pulse_at   timestamptz,
    waiting    integer NOT NULL DEFAULT 0,
    since      timestamptz,
    tickets    integer NOT NULL DEFAULT 0,
    versions   integer NOT NULL DEFAULT 0,
    fact_at    timestamptz,
    facts      bigint NOT NULL DEFAULT 0,
    refused    bigint NOT NULL DEFAULT 0,
    ever_tickets   integer NOT NULL DEFAULT 0,
    ever_versions  bigint NOT NULL DEFAULT 0,
    known_tickets  integer NOT NULL DEFAULT 0,
    known_versions bigint NOT NULL DEFAULT 0
);
COMMENT ON COLUMN region.heard.tickets IS 'what the last pulse said of the tickets opened since `since`; versions: the sum of theirs';
COMMENT ON COLUMN region.heard.ever_tickets IS 'the same of a pulse that spoke of all tickets; known_: what stands in region.ticket';
COMMENT ON COLUMN region.heard.facts IS 'versions of anything that are known here: the same however they came';
COMMENT ON TABLE region.heard IS 'global: when each tenant was last heard, what it says it has, and how much of it was refused';

-- The text of what was refused stays in the stream: it may hold what must not stand here.
CREATE TABLE region.refused (
    stream    text NOT NULL,
    seq       bigint NOT NULL,
    subject   text NOT NULL,
    territory smallint REFERENCES region.territory (id),
    reason    text NOT NULL CHECK (reason ~ '^[a-z-]+$'),
    bytes     integer NOT NULL,
    sha256    bytea NOT NULL,
    said_at   timestamptz NOT NULL,
    heard_at  timestamptz NOT NULL,
    PRIMARY KEY (stream, seq)
);
COMMENT ON TABLE region.refused IS 'global: messages without effect, why, and where they stand in their stream';
CREATE INDEX refused_heard ON region.refused (heard_at, stream, seq);

CREATE TABLE region.daily (
    day           date NOT NULL,
    territory     smallint NOT NULL REFERENCES region.territory (id),
    category      text NOT NULL,
    registered    integer NOT NULL DEFAULT 0,
    consulted     integer NOT NULL DEFAULT 0,
    closed        integer NOT NULL DEFAULT 0,
    on_time       integer NOT NULL DEFAULT 0,
    did_not_react integer NOT NULL DEFAULT 0,
    reopened      integer NOT NULL DEFAULT 0,
    confirmed     integer NOT NULL DEFAULT 0,
    PRIMARY KEY (day, territory, category)
);
COMMENT ON TABLE region.daily IS 'global: figures of a day in Almaty, a territory and a category; for ever';

CREATE TABLE region.overdue (
    day          date NOT NULL,
    territory    smallint NOT NULL REFERENCES region.territory (id),
    category     text NOT NULL,
    open_overdue integer NOT NULL,
    PRIMARY KEY (day, territory, category)
);
COMMENT ON TABLE region.overdue IS 'global: open and overdue at the end of a day, as it stood then; no later fact changes it';

-- What a ticket adds to the figures, by day: one rule for the running projection and for the rebuild. A ticket that
-- was referred here was registered where it came from; it is closed here, where it was done.
CREATE FUNCTION region.counted(t region.ticket)
    RETURNS TABLE (day date, registered integer, closed integer, on_time integer, did_not_react integer,
                   reopened integer, confirmed integer)
    LANGUAGE sql STABLE AS $$
    SELECT (t.opened_at AT TIME ZONE 'Asia/Almaty')::date, (t.origin IS NULL)::integer, 0, 0,
           (t.unanswered > 0)::integer, (t.reopened > 0)::integer, 0
    WHERE (t).id IS NOT NULL
    UNION ALL
    SELECT (t.closed_at AT TIME ZONE 'Asia/Almaty')::date, 0, 1, (coalesce(t.done_at, t.closed_at) <= t.due_at)::integer,
           0, 0, coalesce(t.confirmed, false)::integer
    WHERE t.state = 'closed' AND t.closed_at IS NOT NULL
$$;

CREATE TABLE region.mandate (
    id           uuid PRIMARY KEY,
    territory    smallint NOT NULL REFERENCES region.territory (id),
    kind         text NOT NULL CHECK (kind IN ('escalate', 'report', 'refer')),
    ticket_id    uuid,
    reference    text,
    to_territory smallint REFERENCES region.territory (id),
    reason       text NOT NULL,
    deadline     timestamptz NOT NULL,
    state        text NOT NULL CHECK (state IN ('sent', 'received', 'executed', 'refused')),
    version      integer NOT NULL,
    issued_at    timestamptz NOT NULL,
    issued_by    uuid NOT NULL,
    issued_name  text NOT NULL,
    received_at  timestamptz,
    answered_at  timestamptz,
    answered_by  text,
    answer       text,
    CHECK ((kind = 'refer') = (to_territory IS NOT NULL) AND (ticket_id IS NULL) = (reference IS NULL)
           AND (kind = 'report' OR ticket_id IS NOT NULL) AND (answered_at IS NULL) = (state IN ('sent', 'received')))
);
COMMENT ON TABLE region.mandate IS 'global: what the command centre ordered, and what became of it';
CREATE INDEX mandate_issued ON region.mandate (issued_at, id);
CREATE INDEX mandate_open ON region.mandate (deadline, id) WHERE answered_at IS NULL;
CREATE INDEX mandate_ticket ON region.mandate (territory, ticket_id);

CREATE TABLE region.alert (
    id             uuid PRIMARY KEY,
    version        integer NOT NULL,
    kind           text NOT NULL CHECK (kind IN ('flood', 'blizzard', 'road', 'other')),
    kk             text NOT NULL,
    ru             text NOT NULL,
    en             text NOT NULL,
    issued_at      timestamptz NOT NULL,
    issued_by      uuid NOT NULL,
    issued_name    text NOT NULL,
    expires_at     timestamptz NOT NULL CHECK (expires_at > issued_at),
    cancelled_at   timestamptz,
    cancelled_name text
);
COMMENT ON TABLE region.alert IS 'global: warnings to the operators';
CREATE INDEX alert_issued ON region.alert (issued_at, id);

CREATE TABLE region.alert_receipt (
    alert_id        uuid NOT NULL REFERENCES region.alert (id),
    territory       smallint NOT NULL REFERENCES region.territory (id),
    arrived_version integer,
    arrived_at      timestamptz,
    read_version    integer,
    read_at         timestamptz,
    read_by         text,
    PRIMARY KEY (alert_id, territory)
);
COMMENT ON TABLE region.alert_receipt IS 'global: the area of an alert, where it has arrived, and which shift has read it';

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['territory', 'category', 'service', 'ticket', 'handoff', 'consultation', 'audit_head', 'heard',
                             'refused', 'daily', 'overdue', 'mandate', 'alert', 'alert_receipt'] LOOP
        EXECUTE format('GRANT SELECT ON region.%I TO dispatch_app', t);
    END LOOP;
END $$;
GRANT INSERT ON region.ticket, region.handoff, region.consultation, region.audit_head, region.heard, region.refused,
    region.daily, region.overdue, region.mandate, region.alert, region.alert_receipt TO dispatch_app;
-- Nothing is deleted but by a rebuild, which its owner runs.
GRANT UPDATE ON region.ticket, region.handoff, region.consultation, region.heard, region.daily, region.mandate,
    region.alert, region.alert_receipt TO dispatch_app;
