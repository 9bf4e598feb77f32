# SPDX-License-Identifier: GPL-2.0-only
"""The root file system is frozen (decision 0174) while the storage domain dies, and while it is away."""
import contextlib

from meanwhile import Work
from talk import Talk
from test_recovery import calls_wait, kill, out, wait_until_up

TIMEOUT = 200

# Whatever fails, the file system is thawed before the test's time has run out.
GUARD = "(sleep %d; fsfreeze --unfreeze /) >/dev/null 2>&1 </dev/null & echo $!"

WRITER = """
cd /root
: > lines
(while [ ! -e /run/enough ]; do echo line >> lines; done) & writer=$!
until [ -s lines ]; do sleep 0.1; done
fsfreeze --freeze /
stat -c %s lines > /run/before
echo frozen
until [ -e /run/thaw ]; do sleep 0.2; done
stat -c %s lines > /run/after
fsfreeze --unfreeze /
sleep 1
touch /run/enough
wait $writer
grep -vc '^line$' lines
stat -c %s lines > /run/end
"""


@contextlib.contextmanager
def guarded(host, seconds):
    """If the test fails, what comes after it finds a file system that can be changed."""
    guard = int(out(host.primary(GUARD % seconds)))
    try:
        yield
    finally:
        host.primary("kill %d; rm -f /run/thaw /run/enough; fsfreeze --unfreeze / 2>/dev/null" % guard)


def test_what_is_frozen_stays_so_over_a_death(host):
    with guarded(host, 150):
        work = Work(host, WRITER, 180)
        work.wait("frozen")
        wait_until_up(host, "storage", kill(host, "storage"))
        out(host.primary("echo 3 > /proc/sys/vm/drop_caches; cat /etc/debian_version; ls /etc"))
        out(host.primary("touch /run/thaw"))
        assert work.end() == "frozen\n0\n", work.text()     # grep counts no line that is torn
        before, after, end = (int(x) for x in out(host.primary("cat /run/before /run/after /run/end")).split())
        # One write may have been under way.
        assert before <= after <= before + 5 < end, (before, after, end)


FREEZER = r"""
import fcntl, os, sys, time
FIFREEZE, FITHAW = 0xc0045877, 0xc0045878
root = os.open('/', os.O_RDONLY)
f = os.open('/root/unsaved', os.O_RDWR | os.O_CREAT)
os.write(f, b'unsaved')
print('ready', flush=True)
sys.stdin.readline()
freezer = os.fork()
if not freezer:
    fcntl.ioctl(root, FIFREEZE, 0)
    os._exit(0)
time.sleep(3)
print('waits' if os.waitpid(freezer, os.WNOHANG) == (0, 0) else 'ended', flush=True)
os.kill(freezer, 9)
print('status', os.waitpid(freezer, 0)[1], flush=True)
try:
    fcntl.ioctl(root, FITHAW, 0)
    print('was frozen', flush=True)
except OSError:
    os.write(f, b'more')
    os.fsync(f)
    print('not frozen', flush=True)
"""


def test_a_killed_freeze_leaves_nothing_frozen(host):
    """It begins while the domain stands still, and like sync() it ends when another one is there."""
    with guarded(host, 150), calls_wait(host, 100):
        talk = Talk(host, FREEZER)
        talk.wait(b"ready")
        out(host.dom0("xl pause storage"))
        talk.go()
        talk.wait(b"status 9", 100)
        assert b"waits" in talk.said, talk.said
        talk.wait(b"frozen")
        talk.end()
    assert b"not frozen" in talk.said
