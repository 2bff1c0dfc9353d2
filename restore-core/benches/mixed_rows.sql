-- Two million rows of mixed columns, to time decompression on: 225 MB
-- uncompressed, 74 MB with gzip.
CREATE TABLE mixed AS
    SELECT n AS id, (n::bigint * 7919) % 100003 AS parent, md5(n::text) AS digest,
        repeat(chr(97 + (n % 26)), n % 40) AS filler, now() + make_interval(secs => n) AS made,
        (n::numeric * 1.37)::numeric(12, 2) AS price
    FROM generate_series(1, 2000000) AS n;
