-- The chassis: the tenant of a transaction, the outbox, the inbox, the audit and its seals, idempotency.
CREATE SCHEMA app;
CREATE SCHEMA chassis;
GRANT USAGE ON SCHEMA app, chassis TO dispatch_app, dispatch_relay;

-- The tenant of the running transaction; NULL when none is set, so that policies let nothing through.
CREATE FUNCTION app.tenant() RETURNS smallint LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT nullif(current_setting('app.tenant', true), '')::smallint $$;
REVOKE ALL ON FUNCTION app.tenant() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.tenant() TO dispatch_app, dispatch_relay, dispatch_owner;

CREATE TABLE chassis.outbox (
    tenant_id    smallint NOT NULL,
    id           bigint GENERATED ALWAYS AS IDENTITY,
    subject      text NOT NULL,
    key          text NOT NULL,
    message_id   uuid NOT NULL,
    payload      bytea NOT NULL,
    traceparent  text,
    recorded_at  timestamptz NOT NULL,
    published_at timestamptz,
    attempts     integer NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, id)
);
COMMENT ON TABLE chassis.outbox IS 'tenant: messages that must leave, written in the transaction of the verb';
CREATE INDEX outbox_waiting ON chassis.outbox (tenant_id, id) WHERE published_at IS NULL;

CREATE TABLE chassis.inbox (
    tenant_id   smallint NOT NULL,
    source      text NOT NULL,
    message_id  uuid NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, source, message_id)
);
COMMENT ON TABLE chassis.inbox IS 'tenant: messages whose effect is in this database; a second delivery does nothing';

CREATE TABLE chassis.audit (
    tenant_id   smallint NOT NULL,
    id          bigint GENERATED ALWAYS AS IDENTITY,
    tx          xid8 NOT NULL DEFAULT pg_current_xact_id(),
    at          timestamptz NOT NULL,
    actor_id    uuid,
    actor_kind  text NOT NULL CHECK (actor_kind IN ('person', 'machine', 'system')),
    action      text NOT NULL,
    object_kind text NOT NULL,
    object_id   text NOT NULL,
    detail      jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (tenant_id, id)
);
COMMENT ON TABLE chassis.audit IS 'tenant: who did what; append-only, chained by the sealer';
CREATE INDEX audit_object ON chassis.audit (tenant_id, object_kind, object_id, id);

CREATE TABLE chassis.audit_seal (
    tenant_id smallint NOT NULL,
    seq       bigint NOT NULL,
    first_id  bigint NOT NULL,
    last_id   bigint NOT NULL,
    rows      integer NOT NULL,
    digest    bytea NOT NULL,
    previous  bytea NOT NULL,
    sealed_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, seq)
);
COMMENT ON TABLE chassis.audit_seal IS 'tenant: the hash chain over the audit';

CREATE TABLE chassis.idempotency (
    tenant_id      smallint NOT NULL,
    actor_id       uuid NOT NULL,
    key            text NOT NULL,
    request_digest bytea NOT NULL,
    status         smallint,
    response       bytea,
    at             timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, actor_id, key)
);
COMMENT ON TABLE chassis.idempotency IS 'tenant: answers already given under an Idempotency-Key';
CREATE INDEX idempotency_age ON chassis.idempotency (tenant_id, at);

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['outbox', 'inbox', 'audit', 'audit_seal', 'idempotency'] LOOP
        EXECUTE format('ALTER TABLE chassis.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE chassis.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY tenant ON chassis.%I USING (tenant_id = (SELECT app.tenant()))'
                       ' WITH CHECK (tenant_id = (SELECT app.tenant()))', t);
    END LOOP;
END $$;

-- Append-only where history lives: no UPDATE, no DELETE. The relay marks what left; only it sees all tenants.
GRANT SELECT, INSERT ON chassis.outbox, chassis.audit, chassis.audit_seal, chassis.inbox TO dispatch_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON chassis.idempotency TO dispatch_app;
GRANT SELECT, UPDATE (published_at, attempts), DELETE ON chassis.outbox TO dispatch_relay;
