-- Emergencies: an incident given to the hub, one handoff for each service, and what became of them.
CREATE TABLE dispatch.incident_number (
    tenant_id smallint NOT NULL,
    year      smallint NOT NULL,
    last      integer NOT NULL,
    PRIMARY KEY (tenant_id, year)
) WITH (fillfactor = 50);
COMMENT ON TABLE dispatch.incident_number IS 'tenant: the last incident number given in a year; never given twice';

CREATE TABLE dispatch.incident (
    tenant_id   smallint NOT NULL,
    id          uuid NOT NULL,
    year        smallint NOT NULL,
    number      integer NOT NULL,
    mode        text NOT NULL CHECK (mode IN ('live', 'exercise', 'test')),
    version     integer NOT NULL,
    contact_id  uuid NOT NULL,
    ticket_id   uuid,
    type        text NOT NULL,
    priority    text NOT NULL CHECK (priority IN ('P0', 'P1', 'P2', 'P3')),
    text        text NOT NULL,
    address     text NOT NULL,
    landmark    text NOT NULL,
    place       jsonb NOT NULL,
    victims     jsonb NOT NULL,
    hazards     text[] NOT NULL,
    relation    text NOT NULL,
    can_talk    boolean,
    point       geometry(Point, 4326),
    opened_at   timestamptz NOT NULL,
    opened_by   uuid NOT NULL,
    opened_name text NOT NULL,
    ended_at    timestamptz,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, year, number),
    FOREIGN KEY (tenant_id, contact_id) REFERENCES dispatch.contact (tenant_id, id),
    FOREIGN KEY (tenant_id, ticket_id) REFERENCES dispatch.ticket (tenant_id, id)
);
COMMENT ON TABLE dispatch.incident IS 'tenant: an emergency as 109 knows it; place: house, entrance, floor, flat, intercom';
CREATE INDEX incident_open ON dispatch.incident (tenant_id, opened_at, id) WHERE ended_at IS NULL;
CREATE INDEX incident_opened ON dispatch.incident (tenant_id, opened_at, id);
CREATE INDEX incident_ticket ON dispatch.incident (tenant_id, ticket_id);

CREATE TABLE dispatch.handoff (
    tenant_id        smallint NOT NULL,
    id               uuid NOT NULL,
    incident_id      uuid NOT NULL,
    service          text NOT NULL CHECK (service IN ('101', '102', '103', '104', '112')),
    parent_id        uuid,
    relation         text CHECK (relation IN ('transfer', 'parallel')),
    state            text NOT NULL CHECK (state IN (
        'created', 'dispatched', 'received', 'seen', 'accepted', 'units_assigned', 'en_route', 'on_scene', 'closed',
        'declined', 'deferred', 'cancelled', 'transferred', 'expired', 'failed')),
    version          integer NOT NULL,
    priority         text NOT NULL CHECK (priority IN ('P0', 'P1', 'P2', 'P3')),
    message_id       uuid NOT NULL,
    sent_seq         integer NOT NULL,
    last_seq         integer NOT NULL DEFAULT 0,
    events           integer NOT NULL DEFAULT 0,
    chain            bytea NOT NULL,
    created_at       timestamptz NOT NULL,
    sent_at          timestamptz NOT NULL,
    expires_at       timestamptz NOT NULL,
    hub_by           timestamptz NOT NULL,
    receipt_by       timestamptz NOT NULL,
    seen_by          timestamptz NOT NULL,
    decide_by        timestamptz NOT NULL,
    unit_seconds     integer NOT NULL,
    hub_at           timestamptz,
    receipt_at       timestamptz,
    seen_at          timestamptz,
    decided_at       timestamptz,
    decided_by       text,
    deferred_until   timestamptz,
    unit_at          timestamptz,
    ended_at         timestamptz,
    late             boolean NOT NULL DEFAULT false,
    cancel_requested boolean NOT NULL DEFAULT false,
    reason_code      text,
    reason           text,
    forward_to       text,
    external_id      text,
    disposition      text,
    fault            text,
    alarm            text CHECK (alarm IN (
        'no_hub', 'no_receipt', 'not_seen', 'not_decided', 'no_unit', 'deferral_over', 'expired', 'failed', 'declined')),
    alarm_at         timestamptz,
    phoned_at        timestamptz,
    phoned_by        text,
    due_at           timestamptz,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES dispatch.incident (tenant_id, id),
    FOREIGN KEY (tenant_id, parent_id) REFERENCES dispatch.handoff (tenant_id, id),
    CHECK ((parent_id IS NULL) = (relation IS NULL))
);
COMMENT ON TABLE dispatch.handoff IS 'tenant: an incident as one service was given it, with 109''s own clocks';
COMMENT ON COLUMN dispatch.handoff.hub_at IS 'PubAck of the hub''s stream; empty again after a reopening until it is there';
COMMENT ON COLUMN dispatch.handoff.due_at IS 'when the sweep must look again: the next clock that is not met yet';
CREATE INDEX handoff_incident ON dispatch.handoff (tenant_id, incident_id, created_at);
CREATE INDEX handoff_due ON dispatch.handoff (tenant_id, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX handoff_leaving ON dispatch.handoff (tenant_id, id) WHERE hub_at IS NULL AND ended_at IS NULL;

CREATE TABLE dispatch.handoff_event (
    tenant_id  smallint NOT NULL,
    handoff_id uuid NOT NULL,
    seq        integer NOT NULL,
    at         timestamptz NOT NULL,
    event      text NOT NULL,
    side       text NOT NULL CHECK (side IN ('109', 'hub', 'desk')),
    from_state text,
    to_state   text NOT NULL,
    actor_id   uuid,
    actor_name text NOT NULL,
    note       text NOT NULL,
    detail     jsonb NOT NULL DEFAULT '{}',
    digest     bytea NOT NULL,
    PRIMARY KEY (tenant_id, handoff_id, seq),
    FOREIGN KEY (tenant_id, handoff_id) REFERENCES dispatch.handoff (tenant_id, id)
);
COMMENT ON TABLE dispatch.handoff_event IS 'tenant: every step of a handoff, each row chained to the one before; append-only';

CREATE TABLE dispatch.handoff_unit (
    tenant_id  smallint NOT NULL,
    handoff_id uuid NOT NULL,
    unit_id    text NOT NULL,
    call_sign  text NOT NULL,
    kind       text NOT NULL,
    status     text NOT NULL,
    at         timestamptz NOT NULL,
    eta        timestamptz,
    PRIMARY KEY (tenant_id, handoff_id, unit_id),
    FOREIGN KEY (tenant_id, handoff_id) REFERENCES dispatch.handoff (tenant_id, id)
);
COMMENT ON TABLE dispatch.handoff_unit IS 'tenant: the crews of a handoff as they were last heard of';

CREATE TABLE dispatch.handoff_clock (
    tenant_id       smallint NOT NULL,
    service         text NOT NULL CHECK (service IN ('101', '102', '103', '104', '112', '*')),
    priority        text NOT NULL CHECK (priority IN ('P0', 'P1', 'P2', 'P3')),
    hub_seconds     integer NOT NULL CHECK (hub_seconds > 0),
    receipt_seconds integer NOT NULL CHECK (receipt_seconds > 0),
    seen_seconds    integer NOT NULL CHECK (seen_seconds >= receipt_seconds),
    decide_seconds  integer NOT NULL CHECK (decide_seconds >= seen_seconds),
    unit_seconds    integer NOT NULL CHECK (unit_seconds > 0),
    PRIMARY KEY (tenant_id, service, priority)
);
COMMENT ON TABLE dispatch.handoff_clock IS 'tenant: its own clocks for a service (* all) and priority; else the contract''s';

-- A call may end with an emergency that is no ticket; its caller is owed a callback as well.
ALTER TABLE dispatch.call ADD COLUMN incident_id uuid,
    DROP CONSTRAINT call_outcome_check,
    ADD CONSTRAINT call_outcome_check CHECK (outcome IN ('ticket', 'consultation', 'handed_off')),
    ADD CONSTRAINT call_incident CHECK ((outcome = 'handed_off') = (incident_id IS NOT NULL)),
    ADD FOREIGN KEY (tenant_id, incident_id) REFERENCES dispatch.incident (tenant_id, id);
ALTER TABLE dispatch.callback ALTER COLUMN ticket_id DROP NOT NULL,
    ADD COLUMN incident_id uuid,
    ADD CONSTRAINT callback_about CHECK (num_nonnulls(ticket_id, incident_id) = 1),
    ADD FOREIGN KEY (tenant_id, incident_id) REFERENCES dispatch.incident (tenant_id, id);
ALTER TABLE dispatch.assignment DROP CONSTRAINT assignment_end_reason_check,
    ADD CONSTRAINT assignment_end_reason_check
        CHECK (end_reason IN ('returned', 'reassigned', 'done', 'handed_off'));

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['incident_number', 'incident', 'handoff', 'handoff_event', 'handoff_unit', 'handoff_clock'] LOOP
        EXECUTE format('ALTER TABLE dispatch.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE dispatch.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY tenant ON dispatch.%I USING (tenant_id = (SELECT app.tenant()))'
                       ' WITH CHECK (tenant_id = (SELECT app.tenant()))', t);
        EXECUTE format('GRANT SELECT, INSERT ON dispatch.%I TO dispatch_app', t);
    END LOOP;
END $$;

GRANT UPDATE ON dispatch.incident_number, dispatch.incident, dispatch.handoff, dispatch.handoff_unit,
    dispatch.handoff_clock TO dispatch_app;
-- The worker learns which tenants have a clock behind them or a message on its way, and nothing else of them.
GRANT SELECT (tenant_id, due_at, hub_at, ended_at) ON dispatch.handoff TO dispatch_relay;
