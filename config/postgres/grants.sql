-- For a schema that a DBA makes with the script of `scenedim migrate --print-sql`. The DBA runs this file once, as the owner of
-- the schema, after that script. Put the user of scenedim in the place of scenedim, and target.schema in the place of scene.
-- psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -f grants.sql

GRANT USAGE ON SCHEMA scene TO scenedim;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA scene TO scenedim;

-- Tables that a later version of the script adds; only those that the same owner makes.
ALTER DEFAULT PRIVILEGES IN SCHEMA scene GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO scenedim;
