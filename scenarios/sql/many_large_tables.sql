-- Sixteen order books of a shop, one per region, none more than twice as large
-- as another; each with a key and two indexes.
\ir draw.sql

SELECT format($make$
    CREATE TABLE orders_%1$s (
        id          bigint NOT NULL,
        customer    integer NOT NULL,
        ordered_at  timestamp with time zone NOT NULL,
        state       text NOT NULL,
        amount      numeric(12, 2) NOT NULL,
        remark      text
    );
    INSERT INTO orders_%1$s
    SELECT i, pg_temp.skewed(i, 10 + %2$s, %3$s / 8 + 1),
        timestamptz '2024-01-01 00:00+00' + i * interval '7 seconds',
        (ARRAY['delivered', 'shipped', 'paid', 'open', 'returned'])[pg_temp.skewed(i, 30 + %2$s, 5)],
        round((3 + 900 * pg_temp.unit(i, 50 + %2$s) ^ 4)::numeric, 2),
        CASE WHEN pg_temp.unit(i, 70 + %2$s) < 0.8 THEN phrase END
    FROM generate_series(1, %3$s) AS i JOIN phrase ON n = pg_temp.even(i, 90 + %2$s, 4096);
    ALTER TABLE orders_%1$s ADD PRIMARY KEY (id);
    CREATE INDEX ON orders_%1$s (customer, ordered_at);
    CREATE INDEX ON orders_%1$s (amount);
$make$, to_char(region, 'FM00'), region,
    pg_temp.scaled(110000 * (1 + pg_temp.unit(region, 1))::numeric, :scale))
FROM generate_series(1, 16) AS region
\gexec
