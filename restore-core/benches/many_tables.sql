-- 100,000 tables, each with a primary key and an index: with their rows about
-- 400,000 items. Needs max_locks_per_transaction = 1024 to be dumped.
CREATE PROCEDURE make_tables(count integer) LANGUAGE plpgsql AS $$
BEGIN
    FOR n IN 1..count LOOP
        EXECUTE format('CREATE TABLE t%s (id integer PRIMARY KEY, parent integer NOT NULL,
            body text DEFAULT %L, made timestamptz)', n, 'x');
        EXECUTE format('CREATE INDEX t%s_parent ON t%s (parent)', n, n);
        IF n % 100 = 0 THEN COMMIT; END IF;
    END LOOP;
END $$;
CALL make_tables(100000);
