-- What every shape builds on: tables whose sizes in the archive differ, and
-- whose indexes take a chosen time to build however few rows they have, so
-- that small archives give logs in which many items really run together.

CREATE SCHEMA shape;

-- Sleeps as it is evaluated; only claimed to be immutable.
CREATE FUNCTION shape.slow(milliseconds int) RETURNS int
    LANGUAGE plpgsql IMMUTABLE
    AS $$ BEGIN PERFORM pg_sleep(milliseconds / 1000.0); RETURN milliseconds; END $$;

-- A table of `size` rows, the sum of whose delays is `milliseconds`.
CREATE PROCEDURE shape.make_table(name text, size int, milliseconds int)
    LANGUAGE plpgsql
    AS $$ BEGIN
        EXECUTE format('CREATE TABLE shape.%I (id int NOT NULL, parent int, delay int, filler text)', name);
        EXECUTE format(
            'INSERT INTO shape.%I SELECT i, 1 + i %% 2, CASE i WHEN 1 THEN %s ELSE 0 END, md5(%L || i)
             FROM generate_series(1, %s) i',
            name, milliseconds, name, size);
    END $$;
