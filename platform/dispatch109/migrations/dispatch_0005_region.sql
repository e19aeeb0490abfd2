-- The region: what a ticket tells it, mandates and alerts it sends, and referrals from one tenant to another.
ALTER TABLE dispatch.ticket ADD COLUMN confirmed boolean,
    ADD COLUMN origin_slug text,
    ADD COLUMN origin_reference text,
    ADD CONSTRAINT ticket_origin CHECK ((origin_slug IS NULL) = (origin_reference IS NULL));
COMMENT ON COLUMN dispatch.ticket.confirmed IS 'closed: whether the applicant said that it is done; else NULL';
COMMENT ON COLUMN dispatch.ticket.origin_slug IS 'the tenant that registered it and referred it here';
CREATE INDEX ticket_origin ON dispatch.ticket (tenant_id, origin_reference) WHERE origin_reference IS NOT NULL;
CREATE INDEX ticket_updated ON dispatch.ticket (tenant_id, updated_at, id);
-- Until now only the callback knew. (Row-level security holds the owner too: it is lifted for this statement.)
ALTER TABLE dispatch.ticket NO FORCE ROW LEVEL SECURITY;
ALTER TABLE dispatch.callback NO FORCE ROW LEVEL SECURITY;
UPDATE dispatch.ticket AS t SET confirmed = EXISTS (
    SELECT FROM dispatch.callback c WHERE c.tenant_id = t.tenant_id AND c.ticket_id = t.id AND c.state = 'confirmed')
WHERE t.state = 'closed';
ALTER TABLE dispatch.ticket FORCE ROW LEVEL SECURITY;
ALTER TABLE dispatch.callback FORCE ROW LEVEL SECURITY;

ALTER TABLE dispatch.assignment DROP CONSTRAINT assignment_end_reason_check,
    ADD CONSTRAINT assignment_end_reason_check
        CHECK (end_reason IN ('returned', 'reassigned', 'done', 'handed_off', 'referred'));

CREATE TABLE dispatch.consultation_day (
    tenant_id     smallint NOT NULL,
    day           date NOT NULL,
    category_code text NOT NULL,
    count         integer NOT NULL CHECK (count > 0),
    PRIMARY KEY (tenant_id, day, category_code)
) WITH (fillfactor = 50);
COMMENT ON TABLE dispatch.consultation_day IS 'tenant: calls answered on the spot by day in Almaty; category '''' when none was named';

CREATE TABLE dispatch.mandate (
    tenant_id     smallint NOT NULL,
    id            uuid NOT NULL,
    kind          text NOT NULL CHECK (kind IN ('escalate', 'report', 'refer')),
    ticket_id     uuid,
    reference     text,
    to_slug       text,
    reason        text NOT NULL,
    deadline      timestamptz NOT NULL,
    state         text NOT NULL CHECK (state IN ('received', 'executed', 'refused')),
    version       integer NOT NULL,
    issued_at     timestamptz NOT NULL,
    issued_by     uuid NOT NULL,
    issued_name   text NOT NULL,
    received_at   timestamptz NOT NULL,
    seen_at       timestamptz,
    seen_by       text,
    answered_at   timestamptz,
    answered_by   text,
    answer        text,
    PRIMARY KEY (tenant_id, id)
);
COMMENT ON TABLE dispatch.mandate IS 'tenant: what the region ordered; ticket_id as the region said it, it may be no ticket of this tenant';
COMMENT ON COLUMN dispatch.mandate.seen_at IS 'when the head has taken note of it';
CREATE INDEX mandate_received ON dispatch.mandate (tenant_id, received_at, id);
CREATE INDEX mandate_ticket ON dispatch.mandate (tenant_id, ticket_id) WHERE ticket_id IS NOT NULL;

CREATE TABLE dispatch.alert (
    tenant_id    smallint NOT NULL,
    id           uuid NOT NULL,
    version      integer NOT NULL,
    kind         text NOT NULL CHECK (kind IN ('flood', 'blizzard', 'road', 'other')),
    kk           text NOT NULL,
    ru           text NOT NULL,
    en           text NOT NULL,
    issued_at    timestamptz NOT NULL,
    issued_name  text NOT NULL,
    arrived_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    cancelled_at timestamptz,
    PRIMARY KEY (tenant_id, id)
);
COMMENT ON TABLE dispatch.alert IS 'tenant: warnings of the region for the operators';
CREATE INDEX alert_running ON dispatch.alert (tenant_id, expires_at) WHERE cancelled_at IS NULL;

CREATE TABLE dispatch.alert_reader (
    tenant_id smallint NOT NULL,
    alert_id  uuid NOT NULL,
    version   integer NOT NULL,
    reader_id uuid NOT NULL,
    name      text NOT NULL,
    at        timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, alert_id, version, reader_id),
    FOREIGN KEY (tenant_id, alert_id) REFERENCES dispatch.alert (tenant_id, id)
);
COMMENT ON TABLE dispatch.alert_reader IS 'tenant: who of the shift has read an alert; append-only';

CREATE TABLE dispatch.referral (
    tenant_id       smallint NOT NULL,
    id              uuid NOT NULL,
    side            text NOT NULL CHECK (side IN ('out', 'in')),
    other_slug      text NOT NULL,
    ticket_id       uuid,
    reference       text NOT NULL,
    other_reference text,
    chain           text[] NOT NULL,
    category_code   text NOT NULL,
    priority        smallint NOT NULL CHECK (priority BETWEEN 1 AND 3),
    opened_at       timestamptz NOT NULL,
    due_at          timestamptz NOT NULL,
    statutory_due   timestamptz NOT NULL,
    reason          text NOT NULL,
    mandate_id      uuid,
    state           text NOT NULL CHECK (state IN ('sent', 'offered', 'accepted', 'refused', 'ended')),
    version         integer NOT NULL,
    answers         integer NOT NULL DEFAULT 0,
    sent_at         timestamptz NOT NULL,
    sent_by         text NOT NULL,
    key_id          text,
    sealed          bytea,
    decided_at      timestamptz,
    decided_by      text,
    decision        text,
    ended_at        timestamptz,
    ended_as        text,
    confirmed       boolean,
    told_at         timestamptz,
    told_by         text,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, ticket_id) REFERENCES dispatch.ticket (tenant_id, id),
    CHECK (side = 'in' OR ticket_id IS NOT NULL)
);
COMMENT ON TABLE dispatch.referral IS 'tenant: its own row of a referral, on the side that sent it and on the side it was offered to';
COMMENT ON COLUMN dispatch.referral.reference IS 'the number that travels: of the tenant that sent it';
COMMENT ON COLUMN dispatch.referral.ticket_id IS 'the ticket of this tenant; side in: once it was accepted';
COMMENT ON COLUMN dispatch.referral.sealed IS 'side in: the person and what was said, for this tenant''s key; empty once decided';
COMMENT ON COLUMN dispatch.referral.told_at IS 'side out: when the applicant was told who is responsible now';
CREATE INDEX referral_ticket ON dispatch.referral (tenant_id, ticket_id) WHERE ticket_id IS NOT NULL;
CREATE INDEX referral_waiting ON dispatch.referral (tenant_id, side, sent_at, id) WHERE state IN ('sent', 'offered');
CREATE INDEX referral_sent ON dispatch.referral (tenant_id, sent_at, id);

CREATE TABLE dispatch.referral_key (
    slug       text NOT NULL,
    key_id     text NOT NULL,
    public_key bytea NOT NULL CHECK (length(public_key) = 32),
    current    boolean NOT NULL,
    PRIMARY KEY (slug, key_id)
);
COMMENT ON TABLE dispatch.referral_key IS 'global: public keys of the tenants, for what others seal for them';

CREATE TABLE dispatch.resend (
    tenant_id  smallint NOT NULL,
    id         uuid NOT NULL,
    since      timestamptz,
    ordered_at timestamptz NOT NULL,
    step       text NOT NULL CHECK (step IN ('consultations', 'handoffs', 'tickets', 'done')),
    after_at   timestamptz,
    after_id   uuid,
    said       integer NOT NULL DEFAULT 0,
    ended_at   timestamptz,
    PRIMARY KEY (tenant_id, id),
    CHECK ((step = 'done') = (ended_at IS NOT NULL))
);
COMMENT ON TABLE dispatch.resend IS 'tenant: every fact said again, and how far that is: the place of the last page';
CREATE INDEX resend_underway ON dispatch.resend (tenant_id, ordered_at) WHERE ended_at IS NULL;

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['resend', 'consultation_day', 'mandate', 'alert', 'alert_reader', 'referral'] LOOP
        EXECUTE format('ALTER TABLE dispatch.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE dispatch.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY tenant ON dispatch.%I USING (tenant_id = (SELECT app.tenant()))'
                       ' WITH CHECK (tenant_id = (SELECT app.tenant()))', t);
        EXECUTE format('GRANT SELECT, INSERT ON dispatch.%I TO dispatch_app', t);
    END LOOP;
END $$;
GRANT UPDATE ON dispatch.resend, dispatch.consultation_day, dispatch.mandate, dispatch.alert, dispatch.referral TO dispatch_app;
-- The worker learns which tenants have something to say again, and nothing else of it.
GRANT SELECT (tenant_id, ended_at) ON dispatch.resend TO dispatch_relay;
GRANT SELECT, INSERT, UPDATE ON dispatch.referral_key TO dispatch_app;
