# SPDX-License-Identifier: GPL-2.0-only
"""PostgreSQL over TCP: pgbench, bulk copies, notifications, a killed backend."""
import re

from net_common import run

TIMEOUT = 580

# The server and its clients are those of the user postgres; the password goes over TCP.
START = r"""
cd /tmp
export PGHOST=127.0.0.1 PGPORT=5544 PGUSER=postgres PGPASSWORD=secret PGDATA=/var/lib/postgresql/v
PATH=/usr/lib/postgresql/15/bin:$PATH
as() { setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; }
sql() { psql -XAtq -v ON_ERROR_STOP=1 "$@"; }
if [ ! -e $PGDATA/made ]; then
	rm -rf $PGDATA
	echo secret >pw
	as initdb -N -A scram-sha-256 --pwfile=pw -E UTF8 --locale=C >/dev/null
	as touch $PGDATA/made
fi
server pg.log setpriv --reuid=postgres --regid=postgres --clear-groups postgres -k '' \
	-c listen_addresses='127.0.0.1,::1' -c shared_buffers=32MB -c max_connections=30
until_ok sql -c 'select 1'
"""

BENCH = r"""
pgbench -q -i -s 1 2>&1 | tail -1
pgbench -n -c 4 -j 2 -t 40 2>&1
pgbench -n -c 8 -t 40 -S -M prepared 2>&1
PGHOST=::1 pgbench -n -c 2 -t 20 -C 2>&1
sql -c "select 'sums',
	(select sum(abalance) from pgbench_accounts) = (select sum(delta) from pgbench_history),
	(select sum(tbalance) from pgbench_tellers) = (select sum(delta) from pgbench_history),
	(select sum(bbalance) from pgbench_branches) = (select sum(delta) from pgbench_history),
	(select count(*) from pgbench_history)"
"""


def test_pgbench(host):
    text = run(host, START + BENCH, 570)
    assert re.findall(r"actually processed: (\d+/\d+)", text) == ["160/160", "320/320", "40/40"], text
    assert re.findall(r"failed transactions: (\d+)", text) == ["0"] * 3, text
    assert "sums|t|t|t|200" in text, text


COPY = r"""
sql -c 'drop table if exists t; create table t(a int primary key, b text)'
for i in $(seq 20000); do echo "$i	row $i has its text"; done >rows
sql -c "copy t from stdin" <rows
sql -c "copy (select * from t order by a) to stdout" >back
same rows back
sql -c "insert into t select -1, string_agg(md5(g::text), '') from generate_series(1, 100000) g"
sql -c "select b from t where a = -1" | tr -d '\n' | md5sum | cut -c1-32 >sum
sql -c "select md5(b) from t where a = -1" | cmp - sum || fail "3 MB in a value"
pg_dump -t t >dump.sql
sql -c 'drop table t'
sql -f dump.sql >/dev/null
sql -c "copy (select * from t where a > 0 order by a) to stdout" | cmp - rows || fail "restored"
"""


def test_bulk_copies(host):
    run(host, START + COPY, 570)


KILLED = r"""
sql -c 'drop table if exists k; create table k(a int); insert into k values (1)'
(echo "begin; update k set a = 2; select 'has it';"; sleep 600) | sql >held 2>&1 &
until_ok grep 'has it' held
# A cancel goes by a connection of its own; the statement waits for the lock until then.
said() { { "${@:2}" 2>&1 || true; } | grep "$1" || fail "not said: $1"; }
said 'statement timeout' env PGOPTIONS='-c statement_timeout=1s' psql -XAtqc 'update k set a = 3'
said 'user request' timeout -s INT 3 psql -XAtqc 'update k set a = 3'
sql -c "select pg_terminate_backend(pid) from pg_stat_activity
	where query like '%has it%' and pid <> pg_backend_pid()"
sql -c 'update k set a = a + 10 returning a' | grep -x 11 || fail "the lock or the row"
# A backend that is killed takes all with it; the server comes back and takes connections.
kill -9 $(sql -c 'select pid from pg_stat_activity where backend_type = $$checkpointer$$')
sleep 1
until_ok sql -c 'select 1'
sql -c 'select a from k' | grep -x 11 || fail "the row after recovery"
"""


def test_cancel_terminate_and_recovery(host):
    run(host, START + KILLED, 570)


REPLICA = r"""
sql -c "select pg_drop_replication_slot(slot_name) from pg_replication_slots" >/dev/null
sql -c "select pg_create_physical_replication_slot('s')" >/dev/null
rm -rf ${PGDATA}2
as pg_basebackup -D ${PGDATA}2 -S s -R -X stream -c fast
server pg2.log setpriv --reuid=postgres --regid=postgres --clear-groups postgres -D ${PGDATA}2 -p 5545 -k '' \
	-c listen_addresses=127.0.0.1 -c shared_buffers=16MB
until_ok sql -p 5545 -c 'select 1'
sql -c 'drop table if exists r; create table r as select g, md5(g::text) from generate_series(1, 5000) g'
behind() { sql -c "select count(*) from pg_stat_replication where replay_lsn >= '$1'" | grep -qx 1; }
until_ok behind $(sql -c 'select pg_current_wal_lsn()')
for p in 5544 5545; do sql -p $p -c 'select md5(string_agg(r::text, $$,$$ order by g)) from r' >sum$p; done
same sum5544 sum5545
"""


def test_a_replica_follows(host):
    run(host, START + REPLICA, 570)
