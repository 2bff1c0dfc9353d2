-- Many tables with primary keys, unique constraints, plain and slow indexes,
-- foreign keys that share parents, triggers and rules: locks that exclude
-- each other in every way, and sizes with ties.

\ir common.sql

CREATE FUNCTION shape.noop() RETURNS trigger
    LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;

DO $$
DECLARE
    name text;
BEGIN
    FOR i IN 1..16 LOOP
        name := 't' || i;
        -- Sizes fall, rise and repeat: 2 to 12 rows.
        CALL shape.make_table(name, 2 + (i * 7) % 11, (i * 13) % 29);
        EXECUTE format('ALTER TABLE shape.%I ADD PRIMARY KEY (id)', name);
        EXECUTE format('CREATE INDEX ON shape.%I (parent)', name);
        EXECUTE format('CREATE INDEX ON shape.%I (shape.slow(delay))', name);
        IF i % 3 = 0 THEN
            EXECUTE format('ALTER TABLE shape.%I ADD UNIQUE (id, parent)', name);
        END IF;
        IF i % 4 = 0 THEN
            EXECUTE format('CREATE INDEX ON shape.%I (filler)', name);
            EXECUTE format('CREATE TRIGGER noop BEFORE UPDATE ON shape.%I FOR EACH ROW EXECUTE FUNCTION shape.noop()', name);
        END IF;
        IF i % 5 = 0 THEN
            EXECUTE format('CREATE RULE quiet AS ON DELETE TO shape.%I DO INSTEAD NOTHING', name);
        END IF;
        IF i > 1 THEN
            EXECUTE format('ALTER TABLE shape.%I ADD FOREIGN KEY (parent) REFERENCES shape.t1', name);
        END IF;
        IF i > 6 THEN
            EXECUTE format('ALTER TABLE shape.%I ADD FOREIGN KEY (parent) REFERENCES shape.%I', name, 't' || i / 2);
        END IF;
    END LOOP;
END $$;

-- Tables without rows: still items, of almost no size.
CREATE TABLE shape.empty_one (id int PRIMARY KEY REFERENCES shape.t1);
CREATE TABLE shape.empty_two (id int PRIMARY KEY REFERENCES shape.empty_one);
ALTER TABLE shape.t16 ADD CONSTRAINT filler_is_hex CHECK (filler ~ '^[0-9a-f]+$') NOT VALID;
COMMENT ON INDEX shape.t1_pkey IS 'comments wait for their object';
COMMENT ON CONSTRAINT t2_parent_fkey ON shape.t2 IS 'of a foreign key';
CREATE STATISTICS shape.together ON id, parent FROM shape.t4;
