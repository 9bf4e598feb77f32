# SPDX-License-Identifier: GPL-2.0-only
"""sqlite: several processes and a write-ahead log, with the storage domain killed meanwhile."""
import os
import re
import sys

from meanwhile import WAIT, killed_meanwhile, ran
from outcome import Skip
from talk import Talk
from test_recovery import calls_wait, kill, wait_until_up

TIMEOUT = 600

# Each process adds rows and moves a sum between two of them. The last line is what all have committed.
WRITERS = r"""
import os, sqlite3, sys
N, ROUNDS = 4, int(sys.argv[1])
for end in ('', '-wal', '-shm'):
    if os.path.exists('/srv/wal.db' + end):
        os.unlink('/srv/wal.db' + end)
def opened():
    db = sqlite3.connect('/srv/wal.db', timeout=120, isolation_level=None)
    db.execute('pragma synchronous=' + sys.argv[2])
    return db
db = opened()
assert db.execute('pragma journal_mode=wal').fetchone() == ('wal',)
db.execute('pragma wal_autocheckpoint=50')
db.execute('create table t(who, n, text, primary key(who, n))')
db.execute('create table sums(id integer primary key, value)')
db.execute('insert into sums values (0, 1000), (1, 1000), (2, 1000), (3, 1000)')
db.close()
def write(who):
    db = opened()
    for n in range(ROUNDS):
        db.execute('begin immediate')
        db.execute('insert into t values (?, ?, ?)', (who, n, 'x' * (n % 900)))
        db.execute('update sums set value = value - 1 where id = ?', (n % 4,))
        db.execute('update sums set value = value + 1 where id = ?', ((n + 1 + who) % 4,))
        db.execute('commit')
        total = db.execute('select sum(value), (select count(*) from t where who = ?) from sums', (who,))
        assert total.fetchone() == (4000, n + 1)
        if n == ROUNDS // 5 and who == 0:
            print('begun', flush=True)
    db.close()
children = []
for who in range(N):
    pid = os.fork()
    if not pid:
        try:
            write(who)
            os._exit(0)
        finally:
            os._exit(1)
    children.append(pid)
assert [os.waitpid(p, 0)[1] for p in children] == [0] * N
db = opened()
assert db.execute('pragma integrity_check').fetchall() == [('ok',)]
print('rows', db.execute('select count(*), sum(length(text)) from t').fetchone())
"""


def wal(host, rounds, synchronous):
    text = killed_meanwhile(host, ["python3", "-c", WRITERS, str(rounds), synchronous])
    length = sum(n % 900 for n in range(rounds)) * 4
    assert text.split("\n")[-2] == "rows (%d, %d)" % (4 * rounds, length), text
    assert ran(host, "echo 3 > /proc/sys/vm/drop_caches; sqlite3 /srv/wal.db 'pragma integrity_check; "
                     "select count(*) from t'").split() == ["ok", str(4 * rounds)]


def test_wal_of_several_processes(host):
    wal(host, 250, "normal")


def test_wal_with_each_commit_synced(host):
    wal(host, 80, "full")


# A process is killed within a transaction that has reached the database already.
ROLLBACK = r"""
import os, signal, sqlite3, sys
name = '/srv/rollback.db'
if os.path.exists(name):
    os.unlink(name)
db = sqlite3.connect(name, isolation_level=None)
db.execute('pragma journal_mode=delete')
db.execute('create table t(n integer primary key, text)')
db.executemany('insert into t values (?, ?)', [(n, 'before' * 50) for n in range(500)])
db.close()
pid = os.fork()
if not pid:
    db = sqlite3.connect(name, isolation_level=None)
    db.execute('pragma cache_size=5')
    db.execute('begin')
    db.execute("update t set text = 'after'")
    os.kill(os.getpid(), signal.SIGKILL)
os.waitpid(pid, 0)
assert os.path.getsize(name + '-journal') > 0
print('begun', flush=True)
sys.stdin.readline()
db = sqlite3.connect(name)
assert db.execute('select count(*) from t where text = ?', ('before' * 50,)).fetchone() == (500,)
assert db.execute('pragma integrity_check').fetchall() == [('ok',)]
print('rolled back')
"""


def test_hot_journal(host):
    """The domain dies while the journal of a killed process lies beside its data base."""
    with calls_wait(host, WAIT):
        talk = Talk(host, ROLLBACK)
        talk.wait(b"begun", 120)
        wait_until_up(host, "storage", kill(host, "storage"))
        talk.go()
        talk.end()
    assert talk.said.endswith(b"rolled back\n"), talk.said


def suite():
    """CPython's tests of sqlite3, which Debian's package of tests leaves out."""
    for place in sys.path:
        tests = os.path.join(place, "test", "test_sqlite3")
        if "python3.11" in place and os.path.isdir(tests):
            return tests
    raise Skip("no test_sqlite3 of Python 3.11 here")


# The tests are of a later 3.11 than Debian's sqlite3 module, so these fail on an ordinary guest too.
LATER = ["ERROR: test_blob_32bit_rowid", "FAIL: test_dump_virtual_tables"]


def test_suite_of_cpython(host):
    host.copy([suite()], cwd="/srv")
    text = killed_meanwhile(host, "cp -r /srv/test_sqlite3 /usr/lib/python3.11/test/ && "
                                  "TMPDIR=/srv python3 -m unittest -v test.test_sqlite3 2>&1; true",
                            "... ok", 500)
    assert re.search(r"\nRan \d{3} tests", text), text[-3000:]
    assert sorted(re.findall(r"^(?:ERROR|FAIL): \w+", text, re.M)) == LATER, text[-6000:]
