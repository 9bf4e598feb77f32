# SPDX-License-Identifier: GPL-2.0-only
"""Files that the primary's kernel has dropped, and opens again before the storage domain is
told; and those whose last user goes while there is none."""
import time

from talk import Talk
from test_recovery import calls_wait, kill, out, wait_until_up

# The kernel may tell of what it has dropped last first, 32 inodes at a time. With a thousand
# files behind them, the victims are told of when they have been opened and unlinked again.
VICTIMS = r"""
import os, sys
def victims(n):
    names = ['/root/victim%d' % i for i in range(n)]
    for name in names:
        with open(name, 'w') as f:
            f.write(name * 100)
    os.sync()
    return names
def others():
    n = 0
    for where, folders, files in os.walk('/usr/share'):
        for name in files:
            os.lstat(where + '/' + name)
        n += len(files)
        if n > 1000:
            break
def drop():
    for name in names:
        os.stat(name)
    others()
    with open('/proc/sys/vm/drop_caches', 'w') as f:
        f.write('2')
def use():
    for name in names:
        f = os.open(name, os.O_RDWR)
        os.unlink(name)
        opened.append((name, f))
def check():
    for name, f in opened:
        try:
            data = os.pread(f, 10000, 0)
        except OSError as e:
            data = e
        if data != (name * 100).encode():
            lost.append((name, data if isinstance(data, OSError) else len(data)))
    print('lost', lost, flush=True)
opened, lost = [], []
"""

AGAIN = VICTIMS + r"""
for i in range(2):
    names = victims(6)
    drop()
    use()
import time
time.sleep(2)
check()
"""

AGAIN_WITHOUT_A_DOMAIN = VICTIMS + r"""
names = victims(6)
others()
print('ready', flush=True)
sys.stdin.readline()
with open('/proc/sys/vm/drop_caches', 'w') as f:
    f.write('2')
print('dropped', flush=True)
use()
print('used', flush=True)
sys.stdin.readline()
check()
"""

CLOSED = r"""
import os, sys
def free():
    s = os.statvfs('/root')
    return s.f_bfree * s.f_frsize >> 20
f = os.open('/root/large', os.O_RDWR | os.O_CREAT, 0o600)
before = free()
for i in range(24):
    os.write(f, b'.' * (1 << 20))
os.fsync(f)
os.unlink('/root/large')
print('ready', flush=True)
sys.stdin.readline()
os.close(f)
print('closed', flush=True)
sys.stdin.readline()
import time
end = time.time() + 20
while free() < before - 2 and time.time() < end:
    time.sleep(0.5)
print('free', 'again' if free() >= before - 2 else (before, free()), flush=True)
"""


def test_dropped_opened_again_and_unlinked(host):
    text = out(host.primary(["python3", "-c", AGAIN], timeout=100))
    assert text == "lost []\n", text


def test_the_same_without_a_domain(host):
    """What a successor is told must not be of files that are in use again."""
    talk = Talk(host, AGAIN_WITHOUT_A_DOMAIN)
    talk.wait(b"ready", 100)
    with calls_wait(host, 120):
        generation = kill(host, "storage")
        talk.go()
        talk.wait(b"dropped")
        wait_until_up(host, "storage", generation, 60)
        talk.wait(b"used", 100)
        time.sleep(2)
        wait_until_up(host, "storage", kill(host, "storage"), 60)
        talk.go()
        talk.end()
    assert b"lost []" in talk.said, talk.said


def test_closed_without_a_domain(host):
    """The room of an unlinked file comes back if its last user goes while no domain is there."""
    talk = Talk(host, CLOSED)
    talk.wait(b"ready")
    with calls_wait(host, 120):
        generation = kill(host, "storage")
        talk.go()
        talk.wait(b"closed")
        wait_until_up(host, "storage", generation, 60)
        talk.go()
        talk.end()
    assert b"free again" in talk.said, talk.said
