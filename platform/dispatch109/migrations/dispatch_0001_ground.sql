-- Calls, tickets, assignments, history, evidence and callbacks of the tenants.
CREATE SCHEMA dispatch;
GRANT USAGE ON SCHEMA dispatch TO dispatch_app, dispatch_relay;

-- Personal data stand alone, sealed per tenant; the index finds a phone without opening it.
CREATE TABLE dispatch.contact (
    tenant_id     smallint NOT NULL,
    id            uuid NOT NULL,
    name_sealed   bytea,
    phone_sealed  bytea,
    phone_index   bytea,
    key_id        text NOT NULL,
    language      text NOT NULL CHECK (language IN ('kk', 'ru', 'en')),
    created_at    timestamptz NOT NULL,
    anonymised_at timestamptz,
    PRIMARY KEY (tenant_id, id)
);
COMMENT ON TABLE dispatch.contact IS 'tenant: who asked; sealed personal data';
CREATE INDEX contact_phone ON dispatch.contact (tenant_id, phone_index, id);

CREATE TABLE dispatch.ticket_number (
    tenant_id smallint NOT NULL,
    year      smallint NOT NULL,
    last      integer NOT NULL,
    PRIMARY KEY (tenant_id, year)
) WITH (fillfactor = 50);
COMMENT ON TABLE dispatch.ticket_number IS 'tenant: the last ticket number given in a year';

CREATE TABLE dispatch.ticket (
    tenant_id     smallint NOT NULL,
    id            uuid NOT NULL,
    year          smallint NOT NULL,
    number        integer NOT NULL,
    state         text NOT NULL CHECK (state IN (
        'registered', 'assigned', 'accepted', 'in_progress', 'paused', 'returned', 'done', 'callback_due',
        'reopened', 'closed', 'rejected', 'cancelled', 'referred', 'handed_off')),
    version       integer NOT NULL,
    contact_id    uuid NOT NULL,
    category_code text NOT NULL,
    service_code  text,
    priority      smallint NOT NULL CHECK (priority BETWEEN 1 AND 3),
    text          text NOT NULL,
    address       text NOT NULL,
    landmark      text NOT NULL,
    folded        text NOT NULL,
    language      text NOT NULL CHECK (language IN ('kk', 'ru', 'en')),
    point         geometry(Point, 4326),
    opened_at     timestamptz NOT NULL,
    opened_by     uuid NOT NULL,
    updated_at    timestamptz NOT NULL,
    react_by      timestamptz,
    due_at        timestamptz NOT NULL,
    statutory_due timestamptz NOT NULL,
    paused_at     timestamptz,
    unanswered    integer NOT NULL DEFAULT 0,
    reopened      integer NOT NULL DEFAULT 0,
    done_at       timestamptz,
    closed_at     timestamptz,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, year, number),
    FOREIGN KEY (tenant_id, contact_id) REFERENCES dispatch.contact (tenant_id, id),
    FOREIGN KEY (tenant_id, category_code) REFERENCES tenancy.category (tenant_id, code),
    FOREIGN KEY (tenant_id, service_code) REFERENCES tenancy.service (tenant_id, code)
);
COMMENT ON TABLE dispatch.ticket IS 'tenant: a registered request';
CREATE INDEX ticket_open ON dispatch.ticket (tenant_id, due_at, id) WHERE closed_at IS NULL;
CREATE INDEX ticket_state ON dispatch.ticket (tenant_id, state, due_at, id) WHERE closed_at IS NULL;
CREATE INDEX ticket_service ON dispatch.ticket (tenant_id, service_code, due_at, id) WHERE closed_at IS NULL;
CREATE INDEX ticket_opened ON dispatch.ticket (tenant_id, opened_at, id);
CREATE INDEX ticket_contact ON dispatch.ticket (tenant_id, contact_id);
CREATE INDEX ticket_point ON dispatch.ticket USING gist (tenant_id, point);
CREATE INDEX ticket_folded ON dispatch.ticket USING gin (tenant_id, folded gin_trgm_ops);

CREATE TABLE dispatch.call (
    tenant_id     smallint NOT NULL,
    id            uuid NOT NULL,
    contact_id    uuid NOT NULL,
    operator_id   uuid NOT NULL,
    at            timestamptz NOT NULL,
    outcome       text NOT NULL CHECK (outcome IN ('ticket', 'consultation')),
    category_code text,
    ticket_id     uuid,
    note          text NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, contact_id) REFERENCES dispatch.contact (tenant_id, id),
    FOREIGN KEY (tenant_id, ticket_id) REFERENCES dispatch.ticket (tenant_id, id),
    FOREIGN KEY (tenant_id, category_code) REFERENCES tenancy.category (tenant_id, code),
    CHECK ((outcome = 'ticket') = (ticket_id IS NOT NULL))
);
COMMENT ON TABLE dispatch.call IS 'tenant: one phone contact and how it ended';
CREATE INDEX call_at ON dispatch.call (tenant_id, at, id);

CREATE TABLE dispatch.history (
    tenant_id  smallint NOT NULL,
    ticket_id  uuid NOT NULL,
    seq        integer NOT NULL,
    at         timestamptz NOT NULL,
    actor_id   uuid,
    actor_name text NOT NULL,
    verb       text NOT NULL,
    from_state text,
    to_state   text NOT NULL,
    note       text NOT NULL,
    detail     jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (tenant_id, ticket_id, seq),
    FOREIGN KEY (tenant_id, ticket_id) REFERENCES dispatch.ticket (tenant_id, id)
);
COMMENT ON TABLE dispatch.history IS 'tenant: every step of a ticket; append-only';

CREATE TABLE dispatch.assignment (
    tenant_id     smallint NOT NULL,
    id            uuid NOT NULL,
    ticket_id     uuid NOT NULL,
    service_code  text NOT NULL,
    assigned_at   timestamptz NOT NULL,
    assigned_by   uuid,
    react_by      timestamptz NOT NULL,
    accepted_at   timestamptz,
    accepted_by   uuid,
    unanswered_at timestamptz,
    ended_at      timestamptz,
    end_reason    text CHECK (end_reason IN ('returned', 'reassigned', 'done')),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, ticket_id) REFERENCES dispatch.ticket (tenant_id, id),
    FOREIGN KEY (tenant_id, service_code) REFERENCES tenancy.service (tenant_id, code)
);
COMMENT ON TABLE dispatch.assignment IS 'tenant: who was responsible, from when, and whether he reacted';
CREATE INDEX assignment_ticket ON dispatch.assignment (tenant_id, ticket_id, assigned_at);
CREATE INDEX assignment_waiting ON dispatch.assignment (tenant_id, react_by)
    WHERE accepted_at IS NULL AND ended_at IS NULL AND unanswered_at IS NULL;

CREATE TABLE dispatch.attachment (
    tenant_id  smallint NOT NULL,
    id         uuid NOT NULL,
    ticket_id  uuid NOT NULL,
    media_type text NOT NULL CHECK (media_type IN ('image/jpeg', 'image/png', 'image/webp')),
    bytes      integer NOT NULL,
    width      integer NOT NULL,
    height     integer NOT NULL,
    sha256     bytea NOT NULL,
    added_at   timestamptz NOT NULL,
    added_by   uuid NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, ticket_id) REFERENCES dispatch.ticket (tenant_id, id)
);
COMMENT ON TABLE dispatch.attachment IS 'tenant: photos that show the work; the files lie under the tenant';
CREATE INDEX attachment_ticket ON dispatch.attachment (tenant_id, ticket_id, added_at);

CREATE TABLE dispatch.callback (
    tenant_id  smallint NOT NULL,
    id         uuid NOT NULL,
    ticket_id  uuid NOT NULL,
    contact_id uuid NOT NULL,
    state      text NOT NULL CHECK (state IN ('due', 'confirmed', 'not_done', 'unreached')),
    version    integer NOT NULL,
    planned_at timestamptz NOT NULL,
    not_before timestamptz NOT NULL,
    due_at     timestamptz NOT NULL,
    ended_at   timestamptz,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, ticket_id) REFERENCES dispatch.ticket (tenant_id, id),
    FOREIGN KEY (tenant_id, contact_id) REFERENCES dispatch.contact (tenant_id, id)
);
COMMENT ON TABLE dispatch.callback IS 'tenant: the applicant is owed a call';
CREATE INDEX callback_due ON dispatch.callback (tenant_id, due_at, id) WHERE ended_at IS NULL;
CREATE INDEX callback_ticket ON dispatch.callback (tenant_id, ticket_id, planned_at);

CREATE TABLE dispatch.callback_attempt (
    tenant_id   smallint NOT NULL,
    callback_id uuid NOT NULL,
    seq         smallint NOT NULL,
    at          timestamptz NOT NULL,
    actor_id    uuid NOT NULL,
    outcome     text NOT NULL CHECK (outcome IN ('confirmed', 'not_done', 'unreachable')),
    note        text NOT NULL,
    PRIMARY KEY (tenant_id, callback_id, seq),
    FOREIGN KEY (tenant_id, callback_id) REFERENCES dispatch.callback (tenant_id, id)
);
COMMENT ON TABLE dispatch.callback_attempt IS 'tenant: each try to reach the applicant; append-only';

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['contact', 'ticket_number', 'ticket', 'call', 'history', 'assignment', 'attachment',
                             'callback', 'callback_attempt'] LOOP
        EXECUTE format('ALTER TABLE dispatch.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE dispatch.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY tenant ON dispatch.%I USING (tenant_id = (SELECT app.tenant()))'
                       ' WITH CHECK (tenant_id = (SELECT app.tenant()))', t);
        EXECUTE format('GRANT SELECT, INSERT ON dispatch.%I TO dispatch_app', t);
    END LOOP;
END $$;

-- Nothing is deleted; history, calls, attachments and attempts are never changed either.
GRANT UPDATE ON dispatch.contact, dispatch.ticket_number, dispatch.ticket, dispatch.assignment, dispatch.callback
    TO dispatch_app;
-- The worker learns which tenants have a deadline behind them, and nothing else of them.
GRANT SELECT (tenant_id, react_by, accepted_at, ended_at, unanswered_at) ON dispatch.assignment TO dispatch_relay;
