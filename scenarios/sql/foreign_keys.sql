-- A web of foreign keys: twenty-four tables, each of which refers to three
-- before it. A constraint waits for both of its tables and their keys, and
-- takes locks on both, so that constraints of one table wait for each other.
\ir draw.sql

SELECT format($make$
    CREATE TABLE part_%1$s (
        id      integer NOT NULL,
        first   integer NOT NULL,
        second  integer NOT NULL,
        third   integer NOT NULL,
        changed timestamp with time zone NOT NULL,
        remark  text NOT NULL
    );
    INSERT INTO part_%1$s
    SELECT i, pg_temp.skewed(i, 10 + %2$s, %3$s), pg_temp.even(i, 40 + %2$s, %3$s),
        pg_temp.skewed(i, 70 + %2$s, %3$s),
        timestamptz '2024-01-01 00:00+00' + i * interval '21 seconds', phrase
    FROM generate_series(1, %3$s) AS i JOIN phrase ON n = pg_temp.even(i, %2$s, 4096);
    ALTER TABLE part_%1$s ADD PRIMARY KEY (id);
    CREATE INDEX ON part_%1$s (first);
$make$, to_char(part, 'FM00'), part, pg_temp.scaled(80000, :scale))
FROM generate_series(1, 24) AS part
\gexec

-- Later ones refer to earlier ones: the first tables are hubs.
SELECT format('ALTER TABLE part_%s ADD FOREIGN KEY (%s) REFERENCES part_%s (id)',
    to_char(part, 'FM00'), (ARRAY['first', 'second', 'third'])[place], to_char(target, 'FM00'))
FROM (
    SELECT part, place, (CASE place WHEN 1 THEN 1 + (part - 2) / 6 WHEN 2 THEN part - 1
        ELSE 1 + (part * 5) % (part - 1) END) AS target
    FROM generate_series(2, 24) AS part, generate_series(1, 3) AS place
) AS web
\gexec
