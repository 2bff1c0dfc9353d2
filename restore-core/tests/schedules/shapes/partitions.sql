-- Partitioned tables: no data item of their own, so that locks stay on the
-- table item; partitions attached before the data, their indexes after it.

\ir common.sql

CREATE TABLE shape.event (id int, kind int, delay int, filler text) PARTITION BY RANGE (id);
CREATE TABLE shape.kind (id int PRIMARY KEY);
INSERT INTO shape.kind SELECT generate_series(0, 2);

DO $$
BEGIN
    FOR i IN 0..9 LOOP
        EXECUTE format('CREATE TABLE shape.event_%s PARTITION OF shape.event FOR VALUES FROM (%s) TO (%s)',
                       i, i * 100, (i + 1) * 100);
        EXECUTE format('INSERT INTO shape.event SELECT %s + n, n %% 3, CASE n WHEN 1 THEN %s ELSE 0 END, md5(n::text)
                        FROM generate_series(1, %s) n', i * 100, (i * 17) % 23, 2 + (i * 5) % 9);
    END LOOP;
END $$;

ALTER TABLE shape.event ADD PRIMARY KEY (id);
CREATE INDEX event_kind ON shape.event (kind);
CREATE INDEX event_slow ON shape.event (shape.slow(delay));
ALTER TABLE shape.event ADD FOREIGN KEY (kind) REFERENCES shape.kind;

CREATE TABLE shape.hashed (id int, filler text) PARTITION BY HASH (id);
CREATE TABLE shape.hashed_0 PARTITION OF shape.hashed FOR VALUES WITH (MODULUS 3, REMAINDER 0);
CREATE TABLE shape.hashed_1 PARTITION OF shape.hashed FOR VALUES WITH (MODULUS 3, REMAINDER 1);
CREATE TABLE shape.hashed_2 PARTITION OF shape.hashed FOR VALUES WITH (MODULUS 3, REMAINDER 2);
INSERT INTO shape.hashed SELECT n, md5(n::text) FROM generate_series(1, 20) n;
ALTER TABLE shape.hashed ADD PRIMARY KEY (id);

-- A key that refers to a partitioned table.
CREATE TABLE shape.note (id int PRIMARY KEY, event int REFERENCES shape.event, filler text);
INSERT INTO shape.note SELECT n, 1, md5(n::text) FROM generate_series(1, 6) n;
CREATE INDEX ON shape.note (event);
