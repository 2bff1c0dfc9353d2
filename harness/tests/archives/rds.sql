-- Roles as Amazon RDS has them.
CREATE ROLE rdsadmin SUPERUSER; CREATE ROLE rds_superuser; CREATE ROLE rds_replication;
CREATE ROLE master LOGIN IN ROLE rds_superuser; CREATE ROLE readonly;
ALTER SCHEMA public OWNER TO rdsadmin; GRANT ALL ON SCHEMA public TO master;
CREATE EXTENSION pg_stat_statements;
CREATE TABLE notes (id int PRIMARY KEY, body text); ALTER TABLE notes OWNER TO master;
GRANT ALL ON notes TO rds_superuser WITH GRANT OPTION;
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY all_notes ON notes TO rds_superuser, readonly USING (true);
ALTER DEFAULT PRIVILEGES FOR ROLE master IN SCHEMA public GRANT SELECT ON TABLES TO readonly;
CREATE FUNCTION watch() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM 1; END $$;
CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION watch();
ALTER EVENT TRIGGER watch OWNER TO rdsadmin;
INSERT INTO notes SELECT i, 'note ' || i FROM generate_series(1, 300) i;
