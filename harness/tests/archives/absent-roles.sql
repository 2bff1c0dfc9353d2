-- An owner, a policy and a user mapping that name roles of the source alone.
CREATE ROLE shop_owner; CREATE ROLE "Report User"; CREATE ROLE clerk;
CREATE EXTENSION postgres_fdw;
CREATE TABLE orders (id int PRIMARY KEY, clerk text, total numeric);
ALTER TABLE orders OWNER TO shop_owner;
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON orders FOR SELECT TO clerk, "Report User" USING (clerk = current_user);
CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'far.invalid');
CREATE USER MAPPING FOR "Report User" SERVER far OPTIONS (user 'report');
GRANT SELECT ON orders TO clerk WITH GRANT OPTION;
SET SESSION AUTHORIZATION clerk;
GRANT SELECT ON orders TO "Report User";
RESET SESSION AUTHORIZATION;
ALTER DEFAULT PRIVILEGES FOR ROLE shop_owner GRANT SELECT ON TABLES TO clerk;
INSERT INTO orders SELECT i, 'clerk', i FROM generate_series(1, 500) i;
