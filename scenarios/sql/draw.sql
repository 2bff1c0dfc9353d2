-- What the scripts beside this one draw their rows from: numbers and phrases
-- that follow from a row's number alone, so that a scale always makes the same
-- rows, skewed as those of real tables are. Everything here is temporary and
-- in no archive. `scale` is set by jobtune; by hand: psql -v scale=0.1 -f ...
\if :{?scale}
\else
    \set scale 1
\endif
SET client_min_messages = warning;

-- A number from 0 to 1; another `salt` gives another one for the same row.
CREATE FUNCTION pg_temp.unit(i bigint, salt int) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT (hashint8extended(i, salt) & 4294967295) / 4294967296.0::double precision $$;

-- 1 to n, each as often.
CREATE FUNCTION pg_temp.even(i bigint, salt int, n bigint) RETURNS int
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT (1 + floor(n * pg_temp.unit(i, salt)))::int $$;

-- 1 to n, few of them very often: half of all rows have one of the first
-- eighth of the numbers.
CREATE FUNCTION pg_temp.skewed(i bigint, salt int, n bigint) RETURNS int
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT (1 + floor(n * pg_temp.unit(i, salt) ^ 3))::int $$;

-- So many rows at this scale, and never fewer than ten.
CREATE FUNCTION pg_temp.scaled(n numeric, scale numeric) RETURNS bigint
    LANGUAGE sql IMMUTABLE
    AS $$ SELECT greatest(10, round(n * scale))::bigint $$;

-- Phrases of five words. Text of real tables repeats itself about as much:
-- gzip makes a quarter of it.
CREATE TEMPORARY TABLE phrase AS
SELECT n, string_agg(word, ' ' ORDER BY place) AS phrase
FROM generate_series(1, 4096) AS n,
     generate_series(1, 5) AS place,
     LATERAL (SELECT (string_to_array(
         'account address agreed already amount answer arrived asked before billing broken '
         'called carrier changed checked city claim closed contact copy country courier credit '
         'customer damaged date delay delivered deposit discount door email error exchange '
         'express fee final first forwarded from gift goods house invoice item label late letter '
         'limit line list lost mail manager market member message missing model money month new '
         'note number offer office old open order other outlet packed paid parcel partial phone '
         'picked place plan point post price promised proof quantity quarter question quote rate '
         'ready reason receipt refund reminder repair reply request return reviewed route sample '
         'second sent service shipped shop signed size small special stock store street summary '
         'supply support tax team terms ticket today total tracking transfer truck unit until '
         'update urgent value vendor visit voucher wait warehouse week weight wrong year', ' '
     ))[pg_temp.skewed(8 * n + place, 77, 140)] AS word) AS drawn
GROUP BY n;
ANALYZE phrase;
