-- An extension whose table has rows of its own, as spatial_ref_sys of PostGIS has (bcgov/gwells#1082).
create extension codebook;
insert into code values (9001, 'mine', true), (9002, 'mine too', true);
create table wells (id int primary key, code int);
insert into wells select i, 1 + i % 500 from generate_series(1, 2000) i;
