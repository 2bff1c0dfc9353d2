-- Two tables with twelve indexes each, as a ticket system that grew a report
-- at a time: most of a restore is spent on building them.
\ir draw.sql

SELECT format($make$
    CREATE TABLE %1$s (
        id          bigint NOT NULL,
        opened_by   integer NOT NULL,
        assigned_to integer,
        product     integer NOT NULL,
        priority    smallint NOT NULL,
        opened_at   timestamp with time zone NOT NULL,
        closed_at   timestamp with time zone,
        cost        numeric(10, 2) NOT NULL,
        city        text NOT NULL,
        title       text NOT NULL
    );
    INSERT INTO %1$s
    SELECT i, pg_temp.skewed(i, %2$s + 1, 40000),
        CASE WHEN pg_temp.unit(i, %2$s + 2) < 0.9 THEN pg_temp.skewed(i, %2$s + 3, 300) END,
        pg_temp.skewed(i, %2$s + 4, 2000), pg_temp.skewed(i, %2$s + 5, 5),
        timestamptz '2023-01-01 00:00+00' + i * interval '50 seconds',
        CASE WHEN pg_temp.unit(i, %2$s + 6) < 0.95 THEN timestamptz '2023-01-01 00:00+00'
            + i * interval '50 seconds' + pg_temp.unit(i, %2$s + 7) ^ 3 * interval '60 days' END,
        round((400 * pg_temp.unit(i, %2$s + 8) ^ 3)::numeric, 2),
        split_part(phrase, ' ', 1) || pg_temp.skewed(i, %2$s + 9, 500),
        phrase
    FROM generate_series(1, pg_temp.scaled(%3$s, %4$s)) AS i
    JOIN phrase ON n = pg_temp.even(i, %2$s, 4096);
    ALTER TABLE %1$s ADD PRIMARY KEY (id);
    CREATE INDEX ON %1$s (opened_by);
    CREATE INDEX ON %1$s (assigned_to) WHERE closed_at IS NULL;
    CREATE INDEX ON %1$s (assigned_to, opened_at);
    CREATE INDEX ON %1$s (product, priority);
    CREATE INDEX ON %1$s (opened_at);
    CREATE INDEX ON %1$s (closed_at);
    CREATE INDEX ON %1$s ((closed_at - opened_at));
    CREATE INDEX ON %1$s (cost DESC);
    CREATE INDEX ON %1$s (city, opened_at);
    CREATE INDEX ON %1$s (lower(title));
    CREATE INDEX ON %1$s USING gin (to_tsvector('simple', title));
$make$, name, salt, rows, :scale)
FROM (VALUES ('ticket', 100, 320000), ('ticket_archive', 200, 350000)) AS made (name, salt, rows)
\gexec
