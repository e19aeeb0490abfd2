-- Tenants (global) and what each of them decides for itself: categories, services, zones, routes (tenant tables).
CREATE SCHEMA tenancy;
GRANT USAGE ON SCHEMA tenancy TO dispatch_app;

CREATE TABLE tenancy.tenant (
    id             smallint PRIMARY KEY CHECK (id > 0),
    slug           text NOT NULL UNIQUE CHECK (slug ~ '^[a-z][a-z0-9-]*$'),
    kind           text NOT NULL CHECK (kind IN ('city', 'district')),
    names          jsonb NOT NULL,
    centre_names   jsonb NOT NULL,
    lon            double precision NOT NULL,
    lat            double precision NOT NULL,
    kato           text NOT NULL,
    dial_code      text NOT NULL,
    population     integer NOT NULL CHECK (population >= 0),
    duty_phones    jsonb NOT NULL,
    active         boolean NOT NULL,
    outline        geometry(MultiPolygon, 4326) NOT NULL CHECK (ST_IsValid(outline)),
    outline_source text NOT NULL CHECK (outline_source IN ('approximate', 'imported')),
    version        integer NOT NULL
);
COMMENT ON TABLE tenancy.tenant IS
    'global: the directory that resolves a slug to a tenant before any tenant is known; no personal data';
COMMENT ON COLUMN tenancy.tenant.version IS 'rises with every change of the tenant or of its catalogue; caches follow it';

CREATE TABLE tenancy.category (
    tenant_id          smallint NOT NULL REFERENCES tenancy.tenant (id),
    code               text NOT NULL,
    group_code         text NOT NULL,
    group_names        jsonb NOT NULL,
    names              jsonb NOT NULL,
    words              jsonb NOT NULL,
    reaction_seconds   integer NOT NULL CHECK (reaction_seconds > 0),
    resolution_seconds integer NOT NULL CHECK (resolution_seconds >= reaction_seconds),
    pause_allowed      boolean NOT NULL,
    priority           smallint NOT NULL CHECK (priority BETWEEN 1 AND 3),
    position           smallint NOT NULL,
    active             boolean NOT NULL,
    PRIMARY KEY (tenant_id, code)
);
COMMENT ON TABLE tenancy.category IS 'tenant: subjects of tickets with their clocks; a vanished code becomes inactive';

CREATE TABLE tenancy.service (
    tenant_id smallint NOT NULL REFERENCES tenancy.tenant (id),
    code      text NOT NULL,
    kind      text NOT NULL,
    names     jsonb NOT NULL,
    phone     text NOT NULL,
    position  smallint NOT NULL,
    active    boolean NOT NULL,
    PRIMARY KEY (tenant_id, code)
);
COMMENT ON TABLE tenancy.service IS 'tenant: responsible services; a vanished code becomes inactive';

CREATE TABLE tenancy.zone (
    tenant_id smallint NOT NULL REFERENCES tenancy.tenant (id),
    code      text NOT NULL,
    names     jsonb NOT NULL,
    lon       double precision NOT NULL,
    lat       double precision NOT NULL,
    radius_km double precision NOT NULL CHECK (radius_km > 0),
    active    boolean NOT NULL,
    PRIMARY KEY (tenant_id, code)
);
COMMENT ON TABLE tenancy.zone IS 'tenant: named places that routing distinguishes';

-- place is '*' (everywhere) or a zone's code; the generated column lets the foreign key hold for the latter.
CREATE TABLE tenancy.route (
    tenant_id smallint NOT NULL REFERENCES tenancy.tenant (id),
    category  text NOT NULL,
    place     text NOT NULL,
    zone      text GENERATED ALWAYS AS (nullif(place, '*')) STORED,
    service   text NOT NULL,
    active    boolean NOT NULL,
    PRIMARY KEY (tenant_id, category, place),
    FOREIGN KEY (tenant_id, category) REFERENCES tenancy.category (tenant_id, code),
    FOREIGN KEY (tenant_id, zone) REFERENCES tenancy.zone (tenant_id, code),
    FOREIGN KEY (tenant_id, service) REFERENCES tenancy.service (tenant_id, code)
);
COMMENT ON TABLE tenancy.route IS 'tenant: category × place → service as it is now; a ticket keeps the service it was given';

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['category', 'service', 'zone', 'route'] LOOP
        EXECUTE format('ALTER TABLE tenancy.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE tenancy.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY tenant ON tenancy.%I USING (tenant_id = (SELECT app.tenant()))'
                       ' WITH CHECK (tenant_id = (SELECT app.tenant()))', t);
    END LOOP;
END $$;

-- The application reads; only the owner (python -m tenancy109 apply) writes.
GRANT SELECT ON ALL TABLES IN SCHEMA tenancy TO dispatch_app;
