-- SPDX-License-Identifier: BSD-2-Clause
-- A database of 100,000 rows, written, indexed, asked, changed and checked.
create table item(id integer primary key, name text not null, price integer not null);
begin;
with recursive n(x) as (select 1 union all select x + 1 from n where x < 100000)
insert into item select x, printf('item-%06d', x), (x * 7919) % 100003 from n;
commit;
create index by_price on item(price);
select 'rows', count(*), sum(id), sum(price) from item;
select 'by index', id, name from item where price = 42;
update item set price = price + 1000000 where id % 10 = 0;
select 'updated', count(*), sum(price) from item where price >= 1000000;
delete from item where id > 90000;
select 'deleted', count(*) from item;
begin;
delete from item;
rollback;
select 'rolled back', count(*) from item;
vacuum;
pragma integrity_check;
