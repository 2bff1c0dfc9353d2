-- Roles and schemas as Heroku Postgres has them.
CREATE ROLE u9k2mcfh7p4q1; CREATE ROLE heroku_postgres SUPERUSER; CREATE ROLE u9k2mcfh7p4q1_analyst;
CREATE SCHEMA heroku_ext; ALTER SCHEMA heroku_ext OWNER TO heroku_postgres;
GRANT USAGE ON SCHEMA heroku_ext TO u9k2mcfh7p4q1;
CREATE EXTENSION pg_stat_statements WITH SCHEMA heroku_ext;
CREATE EXTENSION hstore WITH SCHEMA heroku_ext;
CREATE TABLE users (id int PRIMARY KEY, tags heroku_ext.hstore); ALTER TABLE users OWNER TO u9k2mcfh7p4q1;
GRANT SELECT ON users TO u9k2mcfh7p4q1_analyst;
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
CREATE POLICY analysts ON users FOR SELECT TO u9k2mcfh7p4q1_analyst USING (true);
INSERT INTO users SELECT i, 'a=>1' FROM generate_series(1, 300) i;
