-- Scanned pages as large objects beside the table that knows them. Up to
-- PostgreSQL 16 one item of the archive holds them all, and no number of jobs
-- splits it; from 17 on they come in groups of a thousand.
\ir draw.sql

CREATE TABLE scan (id integer PRIMARY KEY, page oid NOT NULL, taken_at timestamptz NOT NULL, remark text);
INSERT INTO scan
SELECT i,
    lo_from_bytea((100000 + i)::oid, convert_to(
        (SELECT string_agg(phrase, '|' ORDER BY line)
            FROM generate_series(1, 20 + pg_temp.skewed(i, 1, 900)) AS line
            JOIN phrase ON n = pg_temp.even(i * 2000 + line, 2, 4096)), 'UTF8')),
    timestamptz '2023-06-01 00:00+00' + i * interval '70 seconds', phrase
FROM generate_series(1, pg_temp.scaled(5000, :scale)) AS i JOIN phrase ON n = pg_temp.even(i, 3, 4096);
CREATE INDEX ON scan (taken_at);

CREATE TABLE scan_text (scan integer NOT NULL, line integer NOT NULL, words text NOT NULL);
INSERT INTO scan_text
SELECT i, line, phrase
FROM generate_series(1, pg_temp.scaled(5000, :scale)) AS i, generate_series(1, 60) AS line
JOIN phrase ON n = pg_temp.even(line, 4, 4096);
ALTER TABLE scan_text ADD PRIMARY KEY (scan, line);
