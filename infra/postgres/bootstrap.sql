-- What only a superuser may do: roles, databases, extensions, LEAKPROOF marks. Run at every start; changes nothing
-- that is right already. Kept apart from the migrations, which run as the owner of a database.
-- Read by psql, connected to the database "postgres"; the variables *_password are set before.
\set ON_ERROR_STOP on
\set QUIET on
SET client_min_messages = warning;

-- Roles. Names and rights are fixed; the password is set again at every start, as the vault holds it.
SELECT format('CREATE ROLE %I', name)
  FROM unnest(ARRAY['dispatch_owner', 'dispatch_app', 'dispatch_relay', 'region_owner', 'region_app', 'region_relay',
                    'hub_owner', 'hub_app', 'hub_relay', 'keycloak', 'archive']) AS name
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec
ALTER ROLE dispatch_owner LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB PASSWORD :'dispatch_owner_password';
ALTER ROLE dispatch_app   LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB PASSWORD :'dispatch_app_password';
ALTER ROLE dispatch_relay LOGIN NOSUPERUSER BYPASSRLS   NOCREATEROLE NOCREATEDB PASSWORD :'dispatch_relay_password';
ALTER ROLE region_owner   LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB PASSWORD :'region_owner_password';
ALTER ROLE region_app     LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB PASSWORD :'region_app_password';
ALTER ROLE region_relay   LOGIN NOSUPERUSER BYPASSRLS   NOCREATEROLE NOCREATEDB PASSWORD :'region_relay_password';
ALTER ROLE hub_owner      LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB PASSWORD :'hub_owner_password';
ALTER ROLE hub_app        LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB PASSWORD :'hub_app_password';
ALTER ROLE hub_relay      LOGIN NOSUPERUSER BYPASSRLS   NOCREATEROLE NOCREATEDB PASSWORD :'hub_relay_password';
ALTER ROLE keycloak       LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB PASSWORD :'keycloak_password';
-- Copies the whole cluster for the backup; enters the database "postgres" only, to say and ask how far it is.
ALTER ROLE archive        LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB REPLICATION PASSWORD :'archive_password';
GRANT pg_monitor TO archive;

-- Databases, one owner each.
SELECT format('CREATE DATABASE %I OWNER %I', name, owner)
  FROM (VALUES ('dispatch', 'dispatch_owner'), ('region', 'region_owner'), ('hub', 'hub_owner'),
               ('keycloak', 'keycloak')) AS wanted (name, owner)
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = name) \gexec

-- A database is entered by its own roles only.
REVOKE CONNECT, TEMPORARY ON DATABASE dispatch, region, hub, keycloak, postgres, template1 FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE dispatch TO dispatch_owner, dispatch_app, dispatch_relay;
GRANT CONNECT, TEMPORARY ON DATABASE region TO region_owner, region_app, region_relay;
GRANT CONNECT, TEMPORARY ON DATABASE hub TO hub_owner, hub_app, hub_relay;
GRANT CONNECT, TEMPORARY ON DATABASE keycloak TO keycloak;
GRANT CONNECT ON DATABASE postgres TO archive;

-- Keycloak makes its schema in transactions that sit still while it computes, on a busy machine for longer than ours may.
ALTER DATABASE keycloak SET idle_in_transaction_session_timeout = 0;

-- Extensions and marks in the three databases of our own.
\connect dispatch
\ir extensions.sql
\connect region
\ir extensions.sql
\connect hub
\ir extensions.sql
