-- In a database of encoding SQL_ASCII: bytes of no encoding in particular.
set client_encoding = 'SQL_ASCII';
create table people (id int primary key, name text);
insert into people select i, E'Jos\xe9 ' || i from generate_series(1,1000) i;
create table plain (id int primary key); insert into plain select generate_series(1,300);
