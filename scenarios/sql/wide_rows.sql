-- Documents of ten kilobytes and more, stored out of line (TOAST), beside rows
-- of forty columns: much to copy, little to index.
\ir draw.sql

CREATE TABLE document (
    id integer PRIMARY KEY, title text NOT NULL, attributes jsonb NOT NULL, body text NOT NULL
);
INSERT INTO document
SELECT i, (SELECT phrase FROM phrase WHERE n = pg_temp.even(i, 1, 4096)),
    jsonb_build_object('author', pg_temp.skewed(i, 2, 900), 'pages', pg_temp.skewed(i, 3, 200),
        'language', (ARRAY['en', 'de', 'fr', 'ja'])[pg_temp.skewed(i, 4, 4)]),
    -- Lengths differ by a factor of hundred; most are short.
    (SELECT string_agg(phrase, '. ' ORDER BY line) FROM generate_series(1, 30 + pg_temp.skewed(i, 5, 1500)) AS line
        JOIN phrase ON n = pg_temp.even(i * 2000 + line, 6, 4096))
FROM generate_series(1, pg_temp.scaled(9000, :scale)) AS i;
CREATE INDEX ON document ((attributes ->> 'author'));

SELECT 'CREATE TABLE survey (id integer PRIMARY KEY, '
    || string_agg(format('answer_%s %s', place, CASE WHEN place % 3 = 0 THEN 'text' ELSE 'integer' END), ', ' ORDER BY place)
    || ')'
FROM generate_series(1, 40) AS place
\gexec
SELECT format('INSERT INTO survey SELECT i, %s FROM generate_series(1, %s) AS i JOIN phrase ON n = pg_temp.even(i, 8, 4096)',
    string_agg(CASE WHEN place % 3 = 0 THEN format('CASE WHEN pg_temp.unit(i, %s) < 0.5 THEN phrase END', 100 + place)
        ELSE format('CASE WHEN pg_temp.unit(i, %s) < 0.7 THEN pg_temp.skewed(i, %s, 10) END', 200 + place, 300 + place) END,
        ', ' ORDER BY place),
    pg_temp.scaled(130000, :scale))
FROM generate_series(1, 40) AS place
\gexec
CREATE INDEX ON survey (answer_1);
