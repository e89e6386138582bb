-- sqlite3: recursive queries, window functions, full-text search, json, triggers, views, floating point,
-- write-ahead log, dates, blobs, upsert, generated columns, import and dump.
.bail off
.headers on
pragma journal_mode = wal;
create table emp(id integer primary key, name text not null, dept text, pay real check(pay >= 0), boss int references emp(id), g as (upper(substr(name, 1, 1))) stored);
with recursive c(x) as (values(1) union all select x + 1 from c where x < 3000) insert into emp(id, name, dept, pay, boss) select x, char(97 + x * 7 % 26, 97 + x * 11 % 26, 97 + x % 26) || x, 'd' || (x % 13), (x * 7919 % 100003) / 7.0, nullif(x / 3, 0) from c;
create index e1 on emp(dept, pay desc); create unique index e2 on emp(name);
select dept, count(*), round(avg(pay), 6), total(pay), min(name), max(pay) from emp group by dept having count(*) > 230 order by avg(pay) desc;
select name, dept, rank() over w, sum(pay) over (w rows between 2 preceding and current row), lag(name) over w, ntile(4) over w from emp window w as (partition by dept order by pay desc) order by dept, 3 limit 8;
with recursive up(id, depth) as (select 2999, 0 union all select boss, depth + 1 from emp join up using(id) where boss not null) select * from up;
with recursive xaxis(x) as (values(-2.0) union all select x + 0.06 from xaxis where x < 1.0), yaxis(y) as (values(-1.0) union all select y + 0.12 from yaxis where y < 1.0), m(iter, cx, cy, x, y) as (select 0, x, y, 0.0, 0.0 from xaxis, yaxis union all select iter + 1, cx, cy, x*x - y*y + cx, 2.0*x*y + cy from m where (x*x + y*y) < 4.0 and iter < 28), m2(iter, cx, cy) as (select max(iter), cx, cy from m group by cx, cy), a(t) as (select group_concat(substr(' .+*#', 1 + min(iter / 7, 4), 1), '') from m2 group by cy) select group_concat(rtrim(t), x'0a') from a;
with recursive input(sud) as (values('53..7....6..195....98....6.8...6...34..8.3..17...2...6.6....28....419..5....8..79')), digits(z, lp) as (values('1', 1) union all select cast(lp + 1 as text), lp + 1 from digits where lp < 9), x(s, ind) as (select sud, instr(sud, '.') from input union all select substr(s, 1, ind - 1) || z || substr(s, ind + 1), instr(substr(s, 1, ind - 1) || z || substr(s, ind + 1), '.') from x, digits as z where ind > 0 and not exists (select 1 from digits as lp where z.z = substr(s, ((ind - 1) / 9) * 9 + lp, 1) or z.z = substr(s, ((ind - 1) % 9) + (lp - 1) * 9 + 1, 1) or z.z = substr(s, (((ind - 1) / 3) % 3) * 3 + ((ind - 1) / 27) * 27 + lp + ((lp - 1) / 3) * 6, 1))) select s from x where ind = 0;
create virtual table ft using fts5(title, body, tokenize = 'porter'); insert into ft select name, 'the running ' || name || ' jumps over ' || dept || ' lazily ' || (id % 10) from emp limit 500; select count(*), group_concat(title) from (select * from ft where ft match 'run AND d5 NOT 3' order by rank, rowid limit 6); select highlight(ft, 1, '[', ']') from ft where ft match 'jump* d1' order by rowid limit 2;
create table log(t text, n int); create trigger tr after update of pay on emp when new.pay > old.pay begin insert into log values(new.name, cast(new.pay - old.pay as int)); end; update emp set pay = pay * 1.1 where id % 97 = 0; select count(*), sum(n) from log; create view rich as select dept, max(pay) m from emp group by dept; select * from rich order by m desc limit 3; update emp set pay = -1 where id = 5; insert into emp(id, name) values(1, 'dup'); insert into emp(id, name, pay) values(1, 'zz', 5) on conflict(id) do update set pay = excluded.pay + pay returning id, name, pay;
begin; delete from emp where dept = 'd3'; savepoint s; delete from emp; rollback to s; select count(*) from emp; rollback; select count(*) from emp; explain query plan select * from emp where dept = 'd4' and pay > 100 order by pay desc;
select json_object('a', json_array(1, 2.5, 'x', null), 'b', json('{"c":true}')), json_extract('{"a":{"b":[10,20]}}', '$.a.b[1]'), json_group_array(id) from (select id from emp limit 5); select key, value, type from json_each('{"x":1,"y":[2],"z":"s"}'); select value from json_tree('[1,[2,{"k":3}]]') where atom not null;
select 1.0 / 3, 2e308, -2e308, 0.1 + 0.2, 1e15, 1e16, 123456789012345678, 9223372036854775807 + 1, 7 / 2, -7 / 2, -7 % 3, 5 % 0, round(2.5), round(-2.345, 2), abs(-5.5), cast('12abc' as int), cast(3.99 as int), typeof(1 / 2.0), hex('abc'), x'00ff' < 'a', 1 << 40, ~5, 'a' || 1 || 2.5, printf('%08.3f|%-6s|%x|%,d|%e', 3.14159, 'ab', 255, 1234567, 12345.678), quote(x'0102'), unicode('é'), like('a%c', 'abc'), 'abc' glob 'a[a-c]*', instr('hello', 'll'), replace('aXbX', 'X', '--'), substr('hello', -3, 2), ltrim('xxa', 'x'), nullif(1, 1), coalesce(null, 2), iif(1 > 2, 'a', 'b'), sqrt(2), pow(2, 0.5), ln(10), pi();
select date('2024-01-31', '+1 month'), strftime('%j %W %s', '2000-02-29'), julianday('2000-01-01 12:00'), time(0.5), datetime(1700000000, 'unixepoch'), (julianday('2024-03-01') - julianday('2024-02-01'));
select count(*), sum(a.pay > b.pay) from emp a join emp b on a.dept = b.dept and a.id < b.id; select dept, group_concat(name, '/') filter (where pay > 14000) from emp where id < 400 group by dept order by 1 limit 4; select * from (select id, pay from emp order by pay desc limit 3) union select 0, count(*) from emp except select 1, 2 order by 1; vacuum; analyze; pragma integrity_check; pragma wal_checkpoint(truncate); pragma page_count;
create table import(a, b, c);
.mode csv
.once in.csv
select id, name, pay from emp where id <= 1000;
.import --skip 1 in.csv import
select count(*), sum(a), max(c) from import;
.mode box
select * from import limit 3;
.mode insert t
select * from import where rowid % 400 = 0;
.mode list
.dump log
.schema emp
select sum(length(quote(data))) from (select randomblob(0) data union all select zeroblob(5000)); select name, sql from sqlite_master order by 1 limit 3; select count(*) from pragma_table_info('emp');
