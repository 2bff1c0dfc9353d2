-- A CHECK that reads another table (timescale/timescaledb#698, opm-doc#16).
create table codes (id int primary key, code text unique);
insert into codes select i, 'c' || i from generate_series(1,200) i;
create function known(p text) returns boolean language sql stable as 'select exists (select 1 from public.codes where code = p)';
create table sales (id int primary key, code text check (known(code)), note text);
insert into sales select i, 'c' || 1 + i % 200, repeat('x', 40) from generate_series(1,20000) i;
