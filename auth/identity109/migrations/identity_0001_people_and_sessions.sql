-- Who people are, what they may do in a tenant, and the sessions of their browsers.
CREATE SCHEMA identity;
GRANT USAGE ON SCHEMA identity TO dispatch_app;

CREATE TABLE identity.person (
    subject      uuid PRIMARY KEY,
    username     text NOT NULL CHECK (length(username) BETWEEN 1 AND 255),
    display_name text NOT NULL CHECK (length(display_name) BETWEEN 1 AND 255),
    language     text NOT NULL CHECK (language IN ('kk', 'ru', 'en'))
);
COMMENT ON TABLE identity.person IS 'global: a person signs in before choosing a tenant, and may work in several';

CREATE TABLE identity.membership (
    tenant_id    smallint NOT NULL REFERENCES tenancy.tenant (id),
    subject      uuid NOT NULL REFERENCES identity.person,
    role         text NOT NULL CHECK (role ~ '^[a-z][a-z-]{1,39}$'),
    service_code text CHECK ((role = 'executor') = (service_code IS NOT NULL)),
    active       boolean NOT NULL,
    granted_by   uuid,
    granted_at   timestamptz NOT NULL,
    withdrawn_by uuid,
    withdrawn_at timestamptz,
    reason       text,
    PRIMARY KEY (tenant_id, subject, role),
    FOREIGN KEY (tenant_id, service_code) REFERENCES tenancy.service (tenant_id, code),
    CHECK (active = (withdrawn_at IS NULL))
);
COMMENT ON TABLE identity.membership IS 'tenant: the database''s half of a right; the token''s groups are the other half';
ALTER TABLE identity.membership ENABLE ROW LEVEL SECURITY;
ALTER TABLE identity.membership FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON identity.membership
    USING (tenant_id = (SELECT app.tenant())) WITH CHECK (tenant_id = (SELECT app.tenant()));

CREATE TABLE identity.session (
    sid_hash         bytea PRIMARY KEY CHECK (octet_length(sid_hash) = 32),
    subject          uuid NOT NULL REFERENCES identity.person,
    groups           text[] NOT NULL,
    keycloak_session text,
    refresh_token    bytea NOT NULL,
    key_id           text NOT NULL,
    created_at       timestamptz NOT NULL,
    last_seen_at     timestamptz NOT NULL,
    idle_until       timestamptz NOT NULL,
    ends_at          timestamptz NOT NULL,
    refresh_at       timestamptz NOT NULL,
    away_since       timestamptz
);
COMMENT ON TABLE identity.session IS 'global: looked up by the cookie before the tenant is known';
CREATE INDEX session_subject ON identity.session (subject);
CREATE INDEX session_keycloak ON identity.session (keycloak_session);
CREATE INDEX session_ends ON identity.session (ends_at);
CREATE INDEX session_idle ON identity.session (idle_until);

CREATE TABLE identity.logout_token (
    jti        text PRIMARY KEY,
    expires_at timestamptz NOT NULL
);
COMMENT ON TABLE identity.logout_token IS 'global: logout orders already carried out, sent by Keycloak without a tenant';

GRANT SELECT, INSERT, UPDATE ON identity.person, identity.membership TO dispatch_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON identity.session TO dispatch_app;
GRANT SELECT, INSERT, DELETE ON identity.logout_token TO dispatch_app;

-- The three functions below read a tenant's memberships in ONE statement outside a unit of work: they run with the
-- caller's rights under the forced policy, set the tenant as a unit would, and take it back before they return.
-- (A SET clause would do that by itself, but only a superuser may write one for a setting of our own.)
CREATE FUNCTION identity.look_into(p_tenant smallint) RETURNS void
LANGUAGE plpgsql SECURITY INVOKER SET search_path = pg_catalog AS $$
BEGIN
    PERFORM set_config('app.tenant', coalesce(p_tenant::text, ''), true);
END $$;

CREATE FUNCTION identity.refuse_inside_a_unit() RETURNS void
LANGUAGE plpgsql SECURITY INVOKER SET search_path = pg_catalog AS $$
BEGIN
    IF app.tenant() IS NOT NULL THEN
        RAISE EXCEPTION 'a unit of work is running: its tenant must not be changed';
    END IF;
END $$;

-- A browser request: the session, alive at p_now, and the person's active roles in the tenant.
-- Being seen is written at most once a minute, and never waits for another transaction.
CREATE FUNCTION identity.enter(p_sid bytea, p_tenant smallint, p_now timestamptz, p_idle interval)
RETURNS TABLE (subject uuid, display_name text, language text, groups text[], refresh_due boolean,
               keycloak_away boolean, roles text[], services text[])
LANGUAGE plpgsql SECURITY INVOKER SET search_path = pg_catalog AS $$
DECLARE
    s identity.session;
BEGIN
    PERFORM identity.refuse_inside_a_unit();
    SELECT * INTO s FROM identity.session x WHERE x.sid_hash = p_sid AND x.idle_until > p_now AND x.ends_at > p_now;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    IF s.last_seen_at < p_now - interval '60 seconds' THEN
        UPDATE identity.session x SET last_seen_at = p_now, idle_until = p_now + p_idle
        WHERE x.sid_hash = (SELECT y.sid_hash FROM identity.session y WHERE y.sid_hash = p_sid FOR UPDATE SKIP LOCKED);
    END IF;
    PERFORM identity.look_into(p_tenant);
    RETURN QUERY
    SELECT s.subject, p.display_name, p.language, s.groups, s.refresh_at <= p_now, s.away_since IS NOT NULL,
           m.roles, m.services
    FROM identity.person p
    CROSS JOIN (SELECT array_agg(x.role) AS roles, array_agg(x.service_code) AS services FROM identity.membership x
                WHERE x.tenant_id = p_tenant AND x.subject = s.subject AND x.active) m
    WHERE p.subject = s.subject;
    PERFORM identity.look_into(NULL);
END $$;

-- A bearer request: the person's active roles in the tenant; always one row.
CREATE FUNCTION identity.member(p_subject uuid, p_tenant smallint)
RETURNS TABLE (display_name text, language text, roles text[], services text[])
LANGUAGE plpgsql SECURITY INVOKER SET search_path = pg_catalog AS $$
BEGIN
    PERFORM identity.refuse_inside_a_unit();
    PERFORM identity.look_into(p_tenant);
    RETURN QUERY
    SELECT (SELECT p.display_name FROM identity.person p WHERE p.subject = p_subject),
           (SELECT p.language FROM identity.person p WHERE p.subject = p_subject),
           array_agg(x.role), array_agg(x.service_code)
    FROM identity.membership x
    WHERE x.tenant_id = p_tenant AND x.subject = p_subject AND x.active;
    PERFORM identity.look_into(NULL);
END $$;

-- "Where may I work": the active roles in each of the tenants that the session's token names.
CREATE FUNCTION identity.memberships(p_subject uuid, p_tenants smallint[])
RETURNS TABLE (tenant_id smallint, role text, service_code text)
LANGUAGE plpgsql SECURITY INVOKER SET search_path = pg_catalog AS $$
DECLARE
    t smallint;
BEGIN
    PERFORM identity.refuse_inside_a_unit();
    FOREACH t IN ARRAY p_tenants LOOP
        PERFORM identity.look_into(t);
        RETURN QUERY SELECT x.tenant_id, x.role, x.service_code FROM identity.membership x
                     WHERE x.tenant_id = t AND x.subject = p_subject AND x.active ORDER BY x.role;
    END LOOP;
    PERFORM identity.look_into(NULL);
END $$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA identity FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA identity TO dispatch_app;
