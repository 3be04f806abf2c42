-- ltree and pg_trgm are trusted; PostGIS needs a superuser, unless somebody has created it before. pgvector is used when
-- the server has it (a later migration never needs it: the SQL functions of schema tator give the same answers).

CREATE EXTENSION IF NOT EXISTS ltree;
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS postgis;

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'vector') THEN
        CREATE EXTENSION IF NOT EXISTS vector;
    END IF;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE 'pgvector is there, but this role may not create it';
END
$$;
