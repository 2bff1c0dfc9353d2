create table b_codes (code text primary key);
insert into b_codes select 'c' || i from generate_series(1, 50) i;
create function known(text) returns bool language plpgsql as $$ begin return exists (select 1 from public.b_codes where code = $1); end $$;
create table a_sales (id int, code text check (known(code)));
insert into a_sales select i, 'c' || (1 + i % 50) from generate_series(1, 300) i;
