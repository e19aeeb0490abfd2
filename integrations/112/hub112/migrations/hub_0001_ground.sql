-- The hub: desks as tenants, handoffs of each desk, and what the desks of one incident share.
CREATE SCHEMA hub;
GRANT USAGE ON SCHEMA hub TO dispatch_app, dispatch_relay;

-- A desk is a tenant here: its slug is its number. (In the database of 109 neither is allowed.)
ALTER TABLE tenancy.tenant DROP CONSTRAINT tenant_slug_check, DROP CONSTRAINT tenant_kind_check;
ALTER TABLE tenancy.tenant ADD CONSTRAINT tenant_slug_check CHECK (slug ~ '^1[0-9]{2}$'),
    ADD CONSTRAINT tenant_kind_check CHECK (kind = 'desk');

CREATE TABLE hub.agency (
    slug   text PRIMARY KEY CHECK (slug ~ '^[a-z][a-z0-9-]*$'),
    names  jsonb NOT NULL,
    phone  text NOT NULL,
    active boolean NOT NULL
);
COMMENT ON TABLE hub.agency IS 'global: the 109s that may send; every desk must know whom it talks to';

CREATE TABLE hub.handoff (
    tenant_id        smallint NOT NULL REFERENCES tenancy.tenant (id),
    id               uuid NOT NULL,
    number           bigint GENERATED ALWAYS AS IDENTITY,
    mode             text NOT NULL CHECK (mode IN ('live', 'exercise', 'test')),
    sender           text NOT NULL REFERENCES hub.agency (slug),
    incident_id      text NOT NULL,
    parent_id        uuid,
    parent_desk      smallint,
    relation         text CHECK (relation IN ('transfer', 'parallel')),
    state            text NOT NULL CHECK (state IN (
        'dispatched', 'received', 'seen', 'accepted', 'units_assigned', 'en_route', 'on_scene', 'closed',
        'declined', 'deferred', 'cancelled', 'transferred', 'expired')),
    version          integer NOT NULL,
    priority         text NOT NULL CHECK (priority IN ('P0', 'P1', 'P2', 'P3')),
    incident         jsonb NOT NULL,
    operator         text NOT NULL,
    callback_phone   text NOT NULL,
    sent_at          timestamptz NOT NULL,
    arrived_at       timestamptz NOT NULL,
    expires_at       timestamptz NOT NULL,
    receipt_by       timestamptz NOT NULL,
    seen_by          timestamptz NOT NULL,
    decide_by        timestamptz NOT NULL,
    region_by        timestamptz NOT NULL,
    unit_seconds     integer NOT NULL,
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
    forward_to       smallint,
    external_id      text,
    disposition      text,
    ref_message_id   uuid NOT NULL,
    last_seq         integer NOT NULL,
    last_reply_seq   integer NOT NULL DEFAULT 0,
    return_seq       integer NOT NULL DEFAULT 0,
    desk_seq         integer NOT NULL DEFAULT 0,
    events           integer NOT NULL DEFAULT 0,
    chain            bytea NOT NULL,
    rung             smallint NOT NULL DEFAULT 0,
    due_at           timestamptz,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, number),
    CHECK ((parent_id IS NULL) = (relation IS NULL) AND (parent_id IS NULL) = (parent_desk IS NULL))
);
COMMENT ON TABLE hub.handoff IS 'tenant: what a desk was handed, with the desk''s own copy of the incident';
COMMENT ON COLUMN hub.handoff.due_at IS 'when the sweep must look again: the next rung, expiry, end of a deferral, first unit';
COMMENT ON COLUMN hub.handoff.rung IS 'how many rungs of the ladder were climbed: see LADDER in contract.py';
CREATE INDEX handoff_open ON hub.handoff (tenant_id, mode, decide_by, id) WHERE ended_at IS NULL;
CREATE INDEX handoff_ended ON hub.handoff (tenant_id, ended_at, id) WHERE ended_at IS NOT NULL;
CREATE INDEX handoff_incident ON hub.handoff (tenant_id, incident_id);
CREATE INDEX handoff_due ON hub.handoff (tenant_id, due_at) WHERE due_at IS NOT NULL;

CREATE TABLE hub.event (
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
    FOREIGN KEY (tenant_id, handoff_id) REFERENCES hub.handoff (tenant_id, id)
);
COMMENT ON TABLE hub.event IS 'tenant: every step of a handoff, each row chained to the one before; append-only';

CREATE TABLE hub.unit (
    tenant_id  smallint NOT NULL,
    handoff_id uuid NOT NULL,
    unit_id    text NOT NULL,
    call_sign  text NOT NULL,
    kind       text NOT NULL,
    status     text NOT NULL,
    at         timestamptz NOT NULL,
    eta        timestamptz,
    lon        double precision,
    lat        double precision,
    PRIMARY KEY (tenant_id, handoff_id, unit_id),
    FOREIGN KEY (tenant_id, handoff_id) REFERENCES hub.handoff (tenant_id, id)
);
COMMENT ON TABLE hub.unit IS 'tenant: the crews of a handoff as they were last heard of; the events keep every status';

CREATE TABLE hub.clock (
    tenant_id       smallint NOT NULL,
    sender          text NOT NULL,
    priority        text NOT NULL CHECK (priority IN ('P0', 'P1', 'P2', 'P3')),
    receipt_seconds integer NOT NULL CHECK (receipt_seconds > 0),
    seen_seconds    integer NOT NULL CHECK (seen_seconds >= receipt_seconds),
    decide_seconds  integer NOT NULL CHECK (decide_seconds >= seen_seconds),
    region_seconds  integer NOT NULL CHECK (region_seconds >= decide_seconds),
    unit_seconds    integer NOT NULL CHECK (unit_seconds > 0),
    PRIMARY KEY (tenant_id, sender, priority)
);
COMMENT ON TABLE hub.clock IS 'tenant: a desk''s own clocks for a priority, for one sender or for all (*); else the contract''s';

CREATE TABLE hub.joint_log (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident_id text NOT NULL,
    handoff_id  uuid NOT NULL,
    desk        smallint NOT NULL,
    at          timestamptz NOT NULL,
    side        text NOT NULL CHECK (side IN ('109', 'hub', 'desk')),
    event       text NOT NULL,
    state       text NOT NULL,
    actor_name  text NOT NULL,
    note        text NOT NULL
);
COMMENT ON TABLE hub.joint_log IS
    'global: shared by the desks of an incident; its policy shows a line only to desks that hold a handoff of it';
CREATE INDEX joint_log_incident ON hub.joint_log (incident_id, id);

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['handoff', 'event', 'unit', 'clock'] LOOP
        EXECUTE format('ALTER TABLE hub.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE hub.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY tenant ON hub.%I USING (tenant_id = (SELECT app.tenant()))'
                       ' WITH CHECK (tenant_id = (SELECT app.tenant()))', t);
        EXECUTE format('GRANT SELECT, INSERT ON hub.%I TO dispatch_app', t);
    END LOOP;
END $$;

ALTER TABLE hub.joint_log ENABLE ROW LEVEL SECURITY;
ALTER TABLE hub.joint_log FORCE ROW LEVEL SECURITY;
CREATE POLICY participants ON hub.joint_log FOR SELECT USING (
    EXISTS (SELECT FROM hub.handoff h WHERE h.tenant_id = (SELECT app.tenant()) AND h.incident_id = joint_log.incident_id));
CREATE POLICY own_line ON hub.joint_log FOR INSERT WITH CHECK (desk = (SELECT app.tenant()));

-- History is append-only: no UPDATE, no DELETE.
GRANT SELECT, INSERT ON hub.joint_log TO dispatch_app;
GRANT SELECT ON hub.agency TO dispatch_app;
GRANT UPDATE ON hub.handoff, hub.unit TO dispatch_app;
-- The worker learns which desks have a clock behind them, and nothing else of them.
GRANT SELECT (tenant_id, due_at) ON hub.handoff TO dispatch_relay;
