-- Thousands of tables with a few rows each, as one schema per customer makes
-- them: what counts is what an item costs, not what it holds.
\ir draw.sql

SELECT pg_temp.scaled(100, :scale) AS tenants \gset

SELECT format('CREATE SCHEMA tenant_%s', tenant) FROM generate_series(1, :tenants) AS tenant \gexec

SELECT format($make$
    CREATE TABLE tenant_%1$s.%2$s (id integer PRIMARY KEY, made_at timestamptz NOT NULL, label text);
    INSERT INTO tenant_%1$s.%2$s
    SELECT i, timestamptz '2025-01-01 00:00+00' + i * interval '1 hour', phrase
    FROM generate_series(1, pg_temp.skewed(%1$s, %3$s, 60)) AS i
    JOIN phrase ON n = pg_temp.even(i, %1$s, 4096);
    CREATE INDEX ON tenant_%1$s.%2$s (made_at);
$make$, tenant, name, salt)
FROM generate_series(1, :tenants) AS tenant,
    (VALUES ('project', 1), ('task', 2), ('member', 3), ('label', 4), ('comment', 5), ('file', 6),
        ('event', 7), ('invoice', 8), ('setting', 9), ('webhook', 10), ('token', 11), ('report', 12),
        ('sprint', 13), ('board', 14), ('card', 15), ('note', 16), ('alert', 17), ('role', 18),
        ('team', 19), ('audit', 20)) AS made (name, salt)
\gexec
