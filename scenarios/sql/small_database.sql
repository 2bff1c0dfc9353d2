-- The database of a small application: a dozen tables, a few megabytes, keys,
-- indexes, views and a function. Starting workers costs about as much as they
-- save.
\ir draw.sql

SELECT format($make$
    CREATE TABLE %1$s (
        id integer PRIMARY KEY, owner integer NOT NULL, made_at timestamptz NOT NULL, label text, body text
    );
    INSERT INTO %1$s
    SELECT i, pg_temp.skewed(i, %2$s, 500),
        timestamptz '2025-01-01 00:00+00' + i * interval '3 minutes', split_part(phrase, ' ', 2), phrase
    FROM generate_series(1, pg_temp.scaled(%3$s, %4$s)) AS i
    JOIN phrase ON n = pg_temp.even(i, 20 + %2$s, 4096);
    CREATE INDEX ON %1$s (owner, made_at);
$make$, name, salt, rows, :scale)
FROM (VALUES ('member', 1, 2000), ('session', 2, 9000), ('page', 3, 3000), ('page_version', 4, 12000),
    ('comment', 5, 14000), ('tag', 6, 200), ('page_tag', 7, 8000), ('upload', 8, 2500),
    ('setting', 9, 60), ('audit', 10, 16000), ('invitation', 11, 700), ('notice', 12, 6000))
    AS made (name, salt, rows)
\gexec

CREATE VIEW recent AS SELECT id, label FROM page WHERE made_at > timestamptz '2025-01-03 00:00+00';
CREATE FUNCTION shout(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT upper($1)';
CREATE INDEX ON page (shout(label));
