-- Extensions and LEAKPROOF marks of one database; part of bootstrap.sql.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS postgis;
CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE EXTENSION IF NOT EXISTS btree_gin;
CREATE EXTENSION IF NOT EXISTS pg_trgm;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

-- Row-level security keeps operators that are not leakproof away from indexes: a map query would read the whole
-- tenant. These two only compare bounding boxes and texts that the policy lets through anyway, and raise nothing.
-- A dump does not carry the marks and a PostGIS upgrade resets them: hence at every start.
ALTER FUNCTION public.geometry_overlaps(public.geometry, public.geometry) LEAKPROOF;
ALTER FUNCTION pg_catalog.texticlike(text, text) LEAKPROOF;

DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_proc
              WHERE oid IN ('public.geometry_overlaps(public.geometry,public.geometry)'::regprocedure,
                            'pg_catalog.texticlike(text,text)'::regprocedure) AND NOT proleakproof) THEN
    RAISE EXCEPTION 'LEAKPROOF marks are missing in %', current_database();
  END IF;
END $$;
