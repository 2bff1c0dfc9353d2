-- A table and an index in a tablespace that the target lacks (timescale/timescaledb#1548).
create table depots (id int primary key, name text) tablespace fast_ssd;
create table parcels (id int, depot int references depots, weight numeric);
insert into depots select i, 'd'||i from generate_series(1,20) i;
insert into parcels select i, 1 + i % 20, i from generate_series(1,3000) i;
create index on parcels (depot) tablespace fast_ssd;
