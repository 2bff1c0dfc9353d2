-- What the later passes are for: rights, default rights, materialised views
-- that need each other, event triggers with comments; and policies, owned
-- sequences, publications and rights on columns.

\ir common.sql

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'shape_reader') THEN
        CREATE ROLE shape_reader;
    END IF;
    FOR i IN 1..8 LOOP
        CALL shape.make_table('sale' || i, 2 + (i * 3) % 7, (i * 7) % 17);
        EXECUTE format('ALTER TABLE shape.sale%s ADD PRIMARY KEY (id)', i);
        EXECUTE format('ALTER TABLE shape.sale%s ADD COLUMN line serial', i);
        EXECUTE format('CREATE INDEX ON shape.sale%s (shape.slow(delay))', i);
        EXECUTE format('GRANT SELECT ON shape.sale%s TO shape_reader', i);
        EXECUTE format('GRANT UPDATE (parent) ON shape.sale%s TO shape_reader', i);
        EXECUTE format('CREATE MATERIALIZED VIEW shape.total%s AS SELECT parent, count(*) AS n, max(shape.slow(delay)) FROM shape.sale%s GROUP BY parent', i, i);
        EXECUTE format('CREATE INDEX ON shape.total%s (n)', i);
        EXECUTE format('GRANT SELECT ON shape.total%s TO shape_reader', i);
    END LOOP;
END $$;

CREATE MATERIALIZED VIEW shape.grand_total AS SELECT sum(n) AS n FROM shape.total1 UNION ALL SELECT sum(n) FROM shape.total2;
CREATE MATERIALIZED VIEW shape.greatest_total AS SELECT max(n) AS n FROM shape.grand_total;
CREATE MATERIALIZED VIEW shape.unfilled AS SELECT 1 AS one WITH NO DATA;
CREATE VIEW shape.overview AS SELECT * FROM shape.grand_total;

ALTER TABLE shape.sale1 ENABLE ROW LEVEL SECURITY;
CREATE POLICY read_all ON shape.sale1 FOR SELECT TO shape_reader USING (true);
CREATE PUBLICATION sales FOR TABLE shape.sale1, shape.sale2;
ALTER DEFAULT PRIVILEGES IN SCHEMA shape GRANT SELECT ON TABLES TO shape_reader;
ALTER DEFAULT PRIVILEGES GRANT USAGE ON SEQUENCES TO shape_reader;

CREATE FUNCTION shape.watch() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$;
CREATE EVENT TRIGGER watch_end ON ddl_command_end EXECUTE FUNCTION shape.watch();
CREATE EVENT TRIGGER watch_drop ON sql_drop EXECUTE FUNCTION shape.watch();
COMMENT ON EVENT TRIGGER watch_end IS 'goes with its trigger';

ALTER DATABASE :"DBNAME" SET work_mem = '8MB';
COMMENT ON DATABASE :"DBNAME" IS 'is not restored without --create';
GRANT CONNECT ON DATABASE :"DBNAME" TO shape_reader;
ANALYZE;
