-- Roles as Azure Database for PostgreSQL has them.
CREATE ROLE azuresu SUPERUSER; CREATE ROLE azure_pg_admin; CREATE ROLE azure_superuser;
CREATE ROLE citus LOGIN IN ROLE azure_pg_admin; CREATE ROLE reader;
ALTER SCHEMA public OWNER TO azure_pg_admin;
CREATE EXTENSION pgcrypto;
CREATE TABLE meters (id int PRIMARY KEY, v int); ALTER TABLE meters OWNER TO citus;
GRANT ALL ON meters TO azure_pg_admin; GRANT SELECT ON meters TO reader;
ALTER TABLE meters ENABLE ROW LEVEL SECURITY;
CREATE POLICY readers ON meters FOR SELECT TO reader, azure_pg_admin USING (v > 0);
SELECT lo_from_bytea(40001, '\xcafe'); ALTER LARGE OBJECT 40001 OWNER TO citus;
GRANT SELECT ON LARGE OBJECT 40001 TO reader;
INSERT INTO meters SELECT i, i FROM generate_series(1, 300) i;
