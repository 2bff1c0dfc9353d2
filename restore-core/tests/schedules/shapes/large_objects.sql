-- Large objects of two owners, with rights and comments, beside tables.

\ir common.sql

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'shape_reader') THEN
        CREATE ROLE shape_reader;
    END IF;
    FOR i IN 1..12 LOOP
        PERFORM lo_from_bytea(70000 + i, decode(repeat(md5(i::text), 1 + i * 3), 'hex'));
    END LOOP;
    FOR i IN 1..6 LOOP
        CALL shape.make_table('doc' || i, 3 + (i * 5) % 7, (i * 11) % 19);
        EXECUTE format('ALTER TABLE shape.doc%s ADD PRIMARY KEY (id)', i);
        EXECUTE format('CREATE INDEX ON shape.doc%s (shape.slow(delay))', i);
        EXECUTE format('CREATE INDEX ON shape.doc%s (filler)', i);
        IF i > 1 THEN
            EXECUTE format('ALTER TABLE shape.doc%s ADD FOREIGN KEY (parent) REFERENCES shape.doc1', i);
        END IF;
    END LOOP;
END $$;

ALTER LARGE OBJECT 70005 OWNER TO shape_reader;
ALTER LARGE OBJECT 70006 OWNER TO shape_reader;
GRANT SELECT ON LARGE OBJECT 70001, 70002, 70003 TO shape_reader;
COMMENT ON LARGE OBJECT 70004 IS 'commented';
COMMENT ON LARGE OBJECT 70006 IS 'commented, and another''s';
