-- One table of measurements with nine tenths of all rows and a key alone,
-- beside the small tables that describe its sensors. However many jobs there
-- are, one of them copies the giant, and the key comes after it.
\ir draw.sql

CREATE TABLE site (id integer PRIMARY KEY, name text NOT NULL, remark text);
INSERT INTO site
SELECT i, 'site ' || i, phrase
FROM generate_series(1, pg_temp.scaled(20000, :scale)) AS i
JOIN phrase ON n = pg_temp.even(i, 1, 4096);

CREATE TABLE sensor (id integer PRIMARY KEY, site integer NOT NULL, unit text NOT NULL, remark text);
INSERT INTO sensor
SELECT i, pg_temp.skewed(i, 2, pg_temp.scaled(20000, :scale)),
    (ARRAY['C', 'hPa', '%', 'm/s', 'lx'])[pg_temp.skewed(i, 3, 5)], phrase
FROM generate_series(1, pg_temp.scaled(100000, :scale)) AS i
JOIN phrase ON n = pg_temp.even(i, 4, 4096);
CREATE INDEX ON sensor (site);

CREATE TABLE alarm (id integer PRIMARY KEY, sensor integer NOT NULL, raised_at timestamptz, text text);
INSERT INTO alarm
SELECT i, pg_temp.skewed(i, 5, pg_temp.scaled(100000, :scale)),
    timestamptz '2024-01-01 00:00+00' + i * interval '9 minutes', phrase
FROM generate_series(1, pg_temp.scaled(160000, :scale)) AS i
JOIN phrase ON n = pg_temp.even(i, 6, 4096);
CREATE INDEX ON alarm (sensor, raised_at);

CREATE TABLE measurement (
    id       bigint NOT NULL,
    sensor   integer NOT NULL,
    taken_at timestamp with time zone NOT NULL,
    reading  double precision NOT NULL,
    quality  smallint NOT NULL,
    remark   text
);
INSERT INTO measurement
SELECT i, pg_temp.skewed(i, 7, pg_temp.scaled(100000, :scale)),
    timestamptz '2024-01-01 00:00+00' + i * interval '11 seconds',
    round((20 + 15 * sin(i / 40000.0) + pg_temp.unit(i, 8))::numeric, 2),
    pg_temp.skewed(i, 9, 4),
    CASE WHEN pg_temp.unit(i, 10) < 0.25 THEN phrase END
FROM generate_series(1, pg_temp.scaled(3600000, :scale)) AS i
JOIN phrase ON n = pg_temp.even(i, 11, 4096);
ALTER TABLE measurement ADD PRIMARY KEY (id);
