# SPDX-License-Identifier: GPL-2.0-only
"""A disk that is nearly full, and one that does not answer: who is held up by it, and who not.

QEMU throttles the disk until nothing comes. That must not last 30 s: the storage domain's
kernel would then reset the controller, for which QEMU itself waits.
"""
import contextlib
import re
import time

from outside import wait_for
from talk import Talk
from test_recovery import out, states

TIMEOUT = 300

FILL = r"""
import errno, mmap, os
def take(f, size):
    step = 1 << 28
    while step >= 4096:
        try:
            os.posix_fallocate(f, size, step)
            size += step
        except OSError as e:
            assert e.errno == errno.ENOSPC, e
            step //= 2
    return size
def fails(f):
    try:
        os.pwrite(f, b'x' * 65536, 0)
        os.fsync(f)
    except OSError as e:
        return e.errno == errno.ENOSPC
page = memoryview(mmap.mmap(-1, 1 << 20))
def direct(f, size):
    try:
        return os.pwritev(f, [page[:size]], 0)
    except OSError as e:
        return errno.errorcode[e.errno]
name, kinds = '/root/full', ('', '-user', '-root', '-direct')
full, users, roots, past = (os.open(name + x, os.O_RDWR | os.O_CREAT | os.O_TRUNC |
                                    (os.O_DIRECT if x == '-direct' else 0), 0o644) for x in kinds)
for f in full, users, past:
    os.fchown(f, 1000, 1000)
pid = os.fork()
if not pid:
    os.setgroups([])
    os.setgid(1000)
    os.setuid(1000)
    size = take(full, 0)
    left = os.statvfs('/proc/self/fd/%d' % full)
    assert left.f_bfree * left.f_frsize > 10 << 20, left
    assert left.f_bavail * left.f_frsize < 1 << 20, left
    assert fails(users)
    # Past the cache, too: all of it or none, whether the file grows or has a hole.
    os.ftruncate(full, size - (600 << 10))
    assert direct(past, 1 << 20) == 'ENOSPC'
    assert os.fstat(past).st_size == 0
    os.ftruncate(past, 1 << 20)
    assert direct(past, 1 << 20) == 'ENOSPC'
    assert direct(past, 4096) == 4096
    os._exit(0)
try:
    assert os.waitpid(pid, 0)[1] == 0
    os.posix_fallocate(roots, 0, 4 << 20)
    assert not fails(roots)
    print('kept')
finally:
    for x in kinds:
        os.unlink(name + x)
"""


def test_the_reserve_is_for_root(host):
    """Blocks that the file system keeps for root: a user of the primary does not get them."""
    assert out(host.primary(["python3", "-c", FILL], timeout=200)).strip() == "kept"


@contextlib.contextmanager
def stuck_disk(host):
    def throttle(rate):
        host.machine.qmp.command("block_set_io_throttle", device="data", bps=rate, bps_rd=0, bps_wr=0,
                                 iops=0, iops_rd=0, iops_wr=0)
    throttle(1)
    try:
        yield
    finally:
        throttle(0)


# Who sends to himself, who waits for bytes of the disk, and who writes them.
BYSTANDER = r"""
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('127.0.0.1', 0))
s.connect(s.getsockname())
s.settimeout(20)
print('ready', flush=True)
sys.stdin.readline()
end, worst, n = time.monotonic() + 8, 0, 0
while time.monotonic() < end:
    begun = time.monotonic()
    s.send(b'x')
    s.recv(10)
    worst, n = max(worst, time.monotonic() - begun), n + 1
    time.sleep(0.02)
print('worst %.1f of %d' % (worst, n), flush=True)
"""

# Who reads what nobody has read yet, a page at a time.
COLD = r"""
import ctypes, os, signal, sys, time
assert not ctypes.CDLL(None).mlockall(1)        # MCL_CURRENT: its own code must not be on the disk
where = '/usr/lib/x86_64-linux-gnu/gconv/'      # of character sets that nobody uses
names = sorted((e.stat().st_size, e.path) for e in os.scandir(where) if e.is_file())
cold = [os.open(name, os.O_RDONLY) for _, name in names[-6:]]
def reader():
    for f in cold:
        os.posix_fadvise(f, 0, 0, os.POSIX_FADV_RANDOM)
        for at in range(4096, os.fstat(f).st_size, 65536):
            os.pread(f, 1, at)
def writer():
    w = os.open('/root/stuck', os.O_WRONLY | os.O_CREAT, 0o644)
    os.write(w, b'x' * 8192)
    os.fsync(w)
def child(what):
    pid = os.fork()
    if not pid:
        what()
        os._exit(0)
    return pid
print('ready', flush=True)
sys.stdin.readline()
writes, reads = child(writer), [child(reader) for i in range(2)]
print('pids', writes, *reads, flush=True)
sys.stdin.readline()
os.kill(reads[0], signal.SIGKILL)
begun = time.monotonic()
assert os.waitpid(reads[0], 0)[1] == 9
print('died %.1f' % (time.monotonic() - begun), flush=True)
print('ends', os.waitpid(reads[1], 0)[1], os.waitpid(writes, 0)[1], flush=True)
"""

# As if dom0 were another primary, connected to the storage domain, and content.
OTHER = """
xenstore-write /local/domain/0/device/virtuos/9/backend-id {id} /local/domain/0/device/virtuos/9/state 4
xenstore-write /local/domain/{id}/backend/virtuos/0/9/online 1
xenstore-write /local/domain/$(xl domid primary)/device/virtuos/{devid}/failed violation
"""


def test_a_disk_that_does_not_answer(host):
    """Sockets, dom0 and the storage domain's control thread go on; who waits can be killed."""
    talk, bystander = Talk(host, COLD), Talk(host, BYSTANDER)
    talk.wait(b"ready")
    bystander.wait(b"ready")
    before = states(host)["storage"]
    with stuck_disk(host):
        begun = time.monotonic()
        bystander.go()
        talk.go()
        talk.wait(b"pids", 10)
        time.sleep(2)
        talk.go()
        talk.wait(b"died", 10)
        assert b"ends" not in talk.said, talk.said
        # A new connection, while calls of the old one wait for the disk.
        out(host.dom0(OTHER.format(**before)))
        assert wait_for(lambda: states(host)["storage"]["devid"] > before["devid"], 8), states(host)
        where = "/local/domain/{id}/backend/virtuos/$(xl domid primary)/{devid}/state".format(**states(host)["storage"])
        assert wait_for(lambda: out(host.dom0("xenstore-read " + where)).strip() == "4", 8), where
        bystander.wait(b"worst", 12)
        assert b"ends" not in talk.said, talk.said
        print("#   stuck for %.1f s" % (time.monotonic() - begun))
    talk.wait(b"ends 0 0")
    for t in talk, bystander:
        t.end()
    out(host.dom0("xenstore-rm /local/domain/0/device/virtuos"))
    assert states(host)["storage"]["id"] == before["id"], states(host)
    died = float(re.search(rb"died ([\d.]+)", talk.said).group(1))
    worst = float(re.search(rb"worst ([\d.]+)", bystander.said).group(1))
    print("#   kill -9 took %.1f s; a datagram %.1f s at most" % (died, worst))
    assert died < 2 and worst < 2, (talk.said, bystander.said)
