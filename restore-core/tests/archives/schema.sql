-- What the test archives hold: every kind of object that pg_dump knows and a
-- server without extra packages can make, odd names included. Runs on
-- PostgreSQL 15 and later, as a superuser, in an empty database.

\set ON_ERROR_STOP on
SET client_min_messages = error;

CREATE SCHEMA shop;
CREATE SCHEMA "odd "" schema";
COMMENT ON SCHEMA shop IS 'a comment
of two lines';

CREATE EXTENSION IF NOT EXISTS pgcrypto WITH SCHEMA shop;

-- Types, domains, functions, operators and what belongs to text search.
CREATE TYPE shop.mood AS ENUM ('sad', 'ok', 'happy');
CREATE TYPE shop.pair AS (a integer, b text);
CREATE TYPE shop.span AS RANGE (subtype = numeric);
CREATE DOMAIN shop.positive AS integer CHECK (VALUE > 0);
CREATE FUNCTION shop.twice(n integer) RETURNS integer
    LANGUAGE sql IMMUTABLE AS 'SELECT n * 2';
CREATE PROCEDURE shop.nothing() LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION shop.touch() RETURNS trigger
    LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE FUNCTION shop.on_ddl() RETURNS event_trigger
    LANGUAGE plpgsql AS 'BEGIN END';
CREATE AGGREGATE shop.total(integer) (sfunc = int4pl, stype = integer, initcond = '0');
CREATE OPERATOR shop.=== (leftarg = integer, rightarg = integer, function = int4eq);
CREATE CAST (shop.pair AS text) WITH INOUT;
CREATE COLLATION shop.plain (locale = 'C');
CREATE TEXT SEARCH CONFIGURATION shop.words (COPY = pg_catalog.english);
CREATE TEXT SEARCH DICTIONARY shop.dictionary (template = simple);

-- Tables with keys, indexes, statistics, triggers, rules and policies.
CREATE TABLE shop.customer (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    feeling shop.mood DEFAULT 'ok',
    balance numeric(12,2) CHECK (balance > -1000),
    CONSTRAINT customer_name_key UNIQUE (name)
);
CREATE TABLE shop.purchase (
    id serial PRIMARY KEY,
    customer_id integer NOT NULL REFERENCES shop.customer,
    parent_id integer,
    made_on date NOT NULL DEFAULT '2024-02-29',
    amount shop.positive,
    note text,
    CONSTRAINT purchase_parent_fk FOREIGN KEY (parent_id) REFERENCES shop.purchase,
    EXCLUDE USING btree (id WITH =)
);
ALTER TABLE shop.purchase ADD CONSTRAINT purchase_note_short
    CHECK (length(note) < 100000) NOT VALID;
CREATE INDEX purchase_made_on ON shop.purchase (made_on DESC) WHERE amount > 10;
CREATE INDEX purchase_hash ON shop.purchase USING hash (note);
CREATE UNIQUE INDEX purchase_twice ON shop.purchase (shop.twice(id));
ALTER TABLE shop.purchase CLUSTER ON purchase_twice;
CREATE STATISTICS shop.purchase_stats ON customer_id, made_on FROM shop.purchase;
CREATE TRIGGER purchase_touch BEFORE UPDATE ON shop.purchase
    FOR EACH ROW EXECUTE FUNCTION shop.touch();
CREATE RULE purchase_keep AS ON DELETE TO shop.purchase DO INSTEAD NOTHING;
ALTER TABLE shop.purchase ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON shop.purchase USING (customer_id = 1);
COMMENT ON COLUMN shop.purchase.note IS 'free text';
COMMENT ON INDEX shop.purchase_hash IS 'by hash';
CREATE UNLOGGED TABLE shop.scratch (id integer);
CREATE TABLE shop.child () INHERITS (shop.scratch);
CREATE TABLE shop.nothing_at_all ();
CREATE SEQUENCE shop.counter START 5;
SELECT nextval('shop.counter');

-- Partitions, with an index of the whole and one of a part.
CREATE TABLE shop.event (id integer NOT NULL, at date NOT NULL, body text)
    PARTITION BY RANGE (at);
CREATE TABLE shop.event_2023 PARTITION OF shop.event
    FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
CREATE TABLE shop.event_2024 PARTITION OF shop.event
    FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') PARTITION BY HASH (id);
CREATE TABLE shop.event_2024_0 PARTITION OF shop.event_2024
    FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE shop.event_2024_1 PARTITION OF shop.event_2024
    FOR VALUES WITH (MODULUS 2, REMAINDER 1);
ALTER TABLE shop.event ADD PRIMARY KEY (id, at);
CREATE INDEX event_body ON shop.event (body);
CREATE INDEX event_2023_only ON shop.event_2023 (at);

-- Views.
CREATE VIEW shop.rich AS SELECT * FROM shop.customer WHERE balance > 100;
CREATE MATERIALIZED VIEW shop.totals AS
    SELECT customer_id, sum(amount) AS total FROM shop.purchase GROUP BY 1;
CREATE INDEX totals_by_customer ON shop.totals (customer_id);
CREATE MATERIALIZED VIEW shop.not_filled AS SELECT 1 AS one WITH NO DATA;

-- Odd names.
CREATE TABLE "odd "" schema"."Odd Table; -- name" (
    "select" integer PRIMARY KEY, "a
b" text, "größe" text
);
CREATE TABLE "odd "" schema"."line
feed" ("x\y" integer);
CREATE TABLE public."таблица-表" (id integer, "ключ" text);
CREATE INDEX "index with "" quote" ON public."таблица-表" ("ключ");
CREATE TABLE public."dots.in.name" (id integer);
CREATE TABLE public."back\slash" (id integer);

-- Foreign data, subscriptions aside, which need a second server.
CREATE FOREIGN DATA WRAPPER nowhere;
CREATE SERVER elsewhere FOREIGN DATA WRAPPER nowhere;
CREATE USER MAPPING FOR CURRENT_USER SERVER elsewhere OPTIONS (password 'x');
CREATE FOREIGN TABLE shop.remote (id integer) SERVER elsewhere;
CREATE PUBLICATION all_changes FOR ALL TABLES;
CREATE PUBLICATION some_changes FOR TABLE shop.purchase, shop.customer;
CREATE PUBLICATION of_schema FOR TABLES IN SCHEMA shop;
CREATE EVENT TRIGGER watch_ddl ON ddl_command_end EXECUTE FUNCTION shop.on_ddl();
CREATE TRANSFORM FOR integer LANGUAGE sql
    (FROM SQL WITH FUNCTION pg_catalog.prsd_lextype(internal));

-- Rights.
GRANT SELECT ON shop.customer TO PUBLIC;
GRANT SELECT (note) ON shop.purchase TO PUBLIC;
GRANT USAGE ON SCHEMA shop TO PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT SELECT ON TABLES TO PUBLIC;

-- Rows, with every character that COPY escapes.
INSERT INTO shop.customer (name, feeling, balance)
    SELECT 'customer ' || n, (ARRAY['sad','ok','happy'])[n % 3 + 1]::shop.mood, n
    FROM generate_series(1, 40) AS n;
INSERT INTO shop.purchase (customer_id, amount, note)
    SELECT n % 40 + 1, n, CASE WHEN n % 7 = 0 THEN NULL ELSE repeat('note ', n % 5) END
    FROM generate_series(1, 200) AS n;
INSERT INTO shop.purchase (customer_id, amount, note) VALUES
    (1, 1, E'line\nfeed, \ttab, \\ backslash, \r return, \b \f \v'),
    (1, 1, '\.'), (1, 1, '\N'), (1, 1, ''), (1, 1, repeat('long ', 3000));
INSERT INTO shop.event
    SELECT n, date '2023-06-01' + n * 5, 'event ' || n FROM generate_series(1, 100) AS n;
INSERT INTO shop.child SELECT n FROM generate_series(1, 3) AS n;
INSERT INTO shop.nothing_at_all DEFAULT VALUES;
INSERT INTO shop.nothing_at_all DEFAULT VALUES;
INSERT INTO "odd "" schema"."Odd Table; -- name" VALUES (1, 'x', 'groß'), (2, E'\n', '');
INSERT INTO "odd "" schema"."line
feed" VALUES (1);
INSERT INTO public."таблица-表" VALUES (1, 'значение'), (2, '値');
REFRESH MATERIALIZED VIEW shop.totals;

-- Large objects: empty, small, of several pages, with an OID above 2^31,
-- with a comment, with rights.
SELECT lo_from_bytea(70001, '');
SELECT lo_from_bytea(70002, 'a small object');
SELECT lo_from_bytea(70003, decode(repeat('00ff0a5c', 5000), 'hex'));
SELECT lo_from_bytea(4000000001, 'a high number');
COMMENT ON LARGE OBJECT 70002 IS 'described';
GRANT SELECT ON LARGE OBJECT 70003 TO PUBLIC;
