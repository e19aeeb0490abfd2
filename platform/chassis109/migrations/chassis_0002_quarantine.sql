-- Poison messages kept in sight, order and retry of the outbox, and what the sealer writes and reads.
CREATE TABLE chassis.quarantine (
    tenant_id  smallint NOT NULL,
    source     text NOT NULL,
    message_id uuid NOT NULL,
    subject    text NOT NULL,
    payload    bytea NOT NULL,
    error      text NOT NULL,
    attempts   integer NOT NULL,
    at         timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, source, message_id)
);
COMMENT ON TABLE chassis.quarantine IS 'tenant: messages that could not be worked after several tries; later ones passed';
ALTER TABLE chassis.quarantine ENABLE ROW LEVEL SECURITY;
ALTER TABLE chassis.quarantine FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON chassis.quarantine USING (tenant_id = (SELECT app.tenant()))
    WITH CHECK (tenant_id = (SELECT app.tenant()));
GRANT SELECT, INSERT, DELETE ON chassis.quarantine TO dispatch_app;

-- A message that the broker refused is tried again later; its key waits for it, other keys do not.
ALTER TABLE chassis.outbox ADD COLUMN retry_at timestamptz;
CREATE INDEX outbox_order ON chassis.outbox (tenant_id, key, id) WHERE published_at IS NULL;
GRANT UPDATE (retry_at) ON chassis.outbox TO dispatch_relay;

-- A seal names the rows it covers and the digest of each, so that `verify` can say which row was touched.
-- (last_tx, last_id) is how far the sealing has come: see chassis109/store/audit.py.
ALTER TABLE chassis.audit_seal ADD COLUMN last_tx xid8 NOT NULL;
ALTER TABLE chassis.audit_seal ADD COLUMN ids bigint[] NOT NULL;
ALTER TABLE chassis.audit_seal ADD COLUMN digests bytea NOT NULL;
CREATE INDEX audit_order ON chassis.audit (tenant_id, tx, id);
GRANT SELECT (tenant_id, tx, id, at) ON chassis.audit TO dispatch_relay;
GRANT SELECT (tenant_id, seq, last_tx, last_id) ON chassis.audit_seal TO dispatch_relay;
