-- Roles as Google Cloud SQL has them.
CREATE ROLE cloudsqladmin SUPERUSER; CREATE ROLE cloudsqlsuperuser; CREATE ROLE cloudsqlreplica;
CREATE ROLE cloudsqliamuser; CREATE ROLE "ana@example.com" LOGIN IN ROLE cloudsqliamuser;
ALTER SCHEMA public OWNER TO cloudsqlsuperuser;
CREATE SCHEMA app; ALTER SCHEMA app OWNER TO "ana@example.com";
CREATE TABLE app.visits (id int PRIMARY KEY, who text); ALTER TABLE app.visits OWNER TO "ana@example.com";
GRANT SELECT, INSERT ON app.visits TO cloudsqliamuser;
ALTER TABLE app.visits ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON app.visits FOR ALL TO "ana@example.com", cloudsqliamuser USING (who = current_user);
CREATE PUBLICATION feed FOR ALL TABLES;
ALTER PUBLICATION feed OWNER TO cloudsqladmin;
INSERT INTO app.visits SELECT i, 'ana' FROM generate_series(1, 300) i;
