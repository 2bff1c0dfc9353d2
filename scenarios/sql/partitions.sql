-- A log in thirty-six monthly partitions, the last ones far larger than the
-- first: the partitions are tables of their own to a restore, and their indexes
-- are attached one by one.
\ir draw.sql

CREATE TABLE access (
    id bigint NOT NULL, at timestamp with time zone NOT NULL, client integer NOT NULL,
    status smallint NOT NULL, bytes integer NOT NULL, path text NOT NULL
) PARTITION BY RANGE (at);
SELECT format('CREATE TABLE access_%s PARTITION OF access FOR VALUES FROM (%L) TO (%L)',
    to_char(month, 'YYYY_MM'), month, month + interval '1 month')
FROM generate_series(timestamp '2022-01-01', timestamp '2024-12-01', interval '1 month') AS month
\gexec
INSERT INTO access
SELECT i, timestamptz '2025-01-01 00:00+00' - (1095 * pg_temp.unit(i, 1) ^ 2 + 0.01) * interval '1 day',
    pg_temp.skewed(i, 2, 50000), (ARRAY[200, 304, 404, 500])[pg_temp.skewed(i, 3, 4)],
    pg_temp.skewed(i, 4, 900000), '/' || replace(phrase, ' ', '/')
FROM generate_series(1, pg_temp.scaled(1800000, :scale)) AS i JOIN phrase ON n = pg_temp.even(i, 5, 4096);
ALTER TABLE access ADD PRIMARY KEY (id, at);
CREATE INDEX ON access (client, at);
