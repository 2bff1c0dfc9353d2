-- Three tables of one size: the third job is the last that has a table to
-- copy.
\ir draw.sql

SELECT format($make$
    CREATE TABLE %1$s (
        id bigint NOT NULL, patient integer NOT NULL, ward smallint NOT NULL,
        at timestamp with time zone NOT NULL, cost numeric(10, 2) NOT NULL, note text
    );
    INSERT INTO %1$s
    SELECT i, pg_temp.skewed(i, %2$s, %3$s / 20 + 1), pg_temp.skewed(i, 10 + %2$s, 40),
        timestamptz '2022-01-01 00:00+00' + i * interval '90 seconds',
        round((5 + 4000 * pg_temp.unit(i, 20 + %2$s) ^ 5)::numeric, 2), phrase
    FROM generate_series(1, %3$s) AS i JOIN phrase ON n = pg_temp.even(i, 30 + %2$s, 4096);
    ALTER TABLE %1$s ADD PRIMARY KEY (id);
    CREATE INDEX ON %1$s (patient, at);
$make$, name, salt, pg_temp.scaled(900000, :scale))
FROM (VALUES ('visit', 1), ('treatment', 2), ('bill', 3)) AS made (name, salt)
\gexec
