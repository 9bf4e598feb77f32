# SPDX-License-Identifier: GPL-2.0-only
"""PostgreSQL: the storage domain dies under initdb and under load, and PostgreSQL itself at once."""
import re

from meanwhile import Work, killed_meanwhile, ran
from outside import wait_for

TIMEOUT = 700

AS_POSTGRES = ("cd /tmp; setpriv --reuid postgres --regid postgres --init-groups "
               "env HOME=/var/lib/postgresql LC_ALL=C.UTF-8 ")
BIN = "/usr/lib/postgresql/15/bin/"
DATA = "/srv/pg"
CTL = AS_POSTGRES + BIN + "pg_ctl -s -w -t 120 -D %s -l %s.log " % (DATA, DATA)
START = CTL + "start -o '-c unix_socket_directories=/tmp -c listen_addresses= -c shared_buffers=16MB'"

INITDB = """
cd /tmp; rm -rf %s; install -d -o postgres -m 700 %s; install -o postgres /dev/null %s.log
echo begun
%s%sinitdb -k -A trust -D %s
""" % (DATA, DATA, DATA, AS_POSTGRES, BIN, DATA)

# Every transaction adds one number to an account, a teller and a branch, and a row to the history.
SUMS = AS_POSTGRES + """psql -h /tmp -qAt postgres -c "select
    (select sum(abalance) from pgbench_accounts) = (select sum(delta) from pgbench_history) and
    (select sum(bbalance) from pgbench_branches) = (select sum(delta) from pgbench_history) and
    (select sum(tbalance) from pgbench_tellers) = (select sum(delta) from pgbench_history),
    (select count(*) from pgbench_history)" """

AMCHECK = AS_POSTGRES + BIN + ("pg_amcheck -h /tmp --install-missing --heapallindexed --parent-check "
                               "-d postgres")

LOAD = AS_POSTGRES + BIN + "pgbench -h /tmp -n -c 4 -j 2 -P 1 -T %d postgres 2>&1"


def rows(host):
    """The rows of the history, if all sums agree."""
    equal, count = ran(host, SUMS).strip().split("|")
    assert equal == "t", "the sums differ"
    return int(count)


def processed(text):
    found = re.search(r"actually processed: (\d+)", text)
    assert found, text
    return int(found.group(1))


def test_initdb(host):
    killed_meanwhile(host, INITDB, timeout=500)
    ran(host, AS_POSTGRES + BIN + "pg_checksums --check -D " + DATA)


def test_load(host):
    ran(host, START)
    ran(host, AS_POSTGRES + BIN + "pgbench -h /tmp -i -q postgres 2>&1")
    done = processed(killed_meanwhile(host, LOAD % 20, "progress:"))
    assert rows(host) == done > 0, (rows(host), done)
    ran(host, AMCHECK)


def test_immediate_stop(host):
    before = rows(host)
    work = Work(host, "%s; true" % (LOAD % 60), 240)
    work.wait("progress:")
    ran(host, CTL + "stop -m immediate")
    done = processed(work.end())
    ran(host, ": > %s.log; %s" % (DATA, START))
    assert "automatic recovery in progress" in ran(host, "cat %s.log" % DATA)
    # Each of the four may have ended one without being told.
    assert before + done <= rows(host) <= before + done + 4, (before, done, rows(host))
    ran(host, AMCHECK)


def test_clean_stop(host):
    ran(host, CTL + "stop -m fast")
    ran(host, AS_POSTGRES + BIN + "pg_checksums --check -D " + DATA)
    ran(host, "rm -r %s %s.log" % (DATA, DATA))
    assert wait_for(lambda: host.primary("pgrep postgres").status == 1, 20), ran(host, "ps -ef")
