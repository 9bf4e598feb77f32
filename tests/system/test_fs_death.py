# SPDX-License-Identifier: GPL-2.0-only
"""What goes on in the file system while the storage domain is killed and replaced."""
import os
import re
import time

from host import LIBRARY
from meanwhile import killed_after
from talk import Talk
from test_programs import build
from test_recovery import calls_wait, kill, out, wait_until_up

TIMEOUT = 300

# Every step of every round must succeed, and be seen afterwards.
ROUNDS = r"""
import os, sys, time
end = time.time() + float(sys.argv[1])
os.mkdir('/root/rounds')
os.chdir('/root/rounds')
n = 0
while time.time() < end:
    n += 1
    d, text = 'd%d' % n, 'text %d' % n
    os.mkdir(d)
    with open(d + '/f', 'w') as f:
        f.write(text)
    os.rename(d + '/f', d + '/g')
    os.symlink('g', d + '/s')
    os.link(d + '/g', d + '/h')
    with open(d + '/s') as f:
        assert f.read() == text, (d, 'content')
    assert sorted(os.listdir(d)) == ['g', 'h', 's'], (d, os.listdir(d))
    assert os.stat(d + '/g').st_nlink == 2, (d, 'links')
    for name in 'ghs':
        os.unlink(d + '/' + name)
    os.rmdir(d)
os.chdir('/root')
os.rmdir('/root/rounds')
print('rounds', n)
"""


def test_names_survive_a_kill(host):
    text = killed_after(host, ["python3", "-c", ROUNDS, "15"], 4, 120)
    assert re.match(r"rounds \d+", text), text


def test_writers_survive_a_kill(host):
    program = build("fs", "fstest")
    host.copy([program])
    text = killed_after(
        host, "./" + os.path.basename(program) + " -t 100 /root concurrent_writers concurrent_appends odd_sizes_and_offsets "
              "mmap_shared_write rename_directory readdir_sees_changes", 2, 200)
    assert text.strip().endswith("6 passed, 0 failed"), text


# Ranges that are put into a file and taken out: each of them once, whenever the domain dies.
RANGES = r"""
import ctypes, os, sys, time
libc = ctypes.CDLL(None, use_errno=True)
COLLAPSE, INSERT, BLOCK, N = 8, 32, 4096, 6
def move(mode, at, n):
    if libc.fallocate(f, mode, ctypes.c_long(at * BLOCK), ctypes.c_long(n * BLOCK)):
        raise OSError(ctypes.get_errno(), mode)
f = os.open('/root/ranges', os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
data = b''.join(bytes([97 + i]) * BLOCK for i in range(N))
os.write(f, data)
end, n = time.time() + float(sys.argv[1]), 0
while time.time() < end:
    n += 1
    at, many = 1 + n % (N - 1), 1 + n % 3
    move(INSERT, at, many)
    there = data[:at * BLOCK] + bytes(many * BLOCK) + data[at * BLOCK:]
    assert os.pread(f, 20 * BLOCK, 0) == there, (n, 'inserted')
    move(COLLAPSE, at, many)
    assert os.pread(f, 20 * BLOCK, 0) == data, (n, 'collapsed')
os.unlink('/root/ranges')
print('moved', n)
"""


def test_ranges_are_moved_once(host):
    text = killed_after(host, ["python3", "-c", RANGES, "12"], 3, 120)
    assert re.match(r"moved \d+", text), text


# Set-user-ID files that a user writes to, and has grow, while the domain stands still: the
# next domain carries that out.
IN_FLIGHT = r"""
import os, sys, threading
def victim(name):
    f = os.open('/root/suid-' + name, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
    os.write(f, b'before')
    os.fchmod(f, 0o6777)
    os.fsync(f)
    return f
written, allocated = victim('write'), victim('allocate')
os.setgroups([])
os.setgid(1000)
os.setuid(1000)
print('ready', flush=True)
sys.stdin.readline()
ends = []
def call(function, *arguments):
    try:
        ends.append(function(*arguments))
    except OSError as e:
        ends.append(e)
threads = [threading.Thread(target=call, args=(os.pwrite, written, b'after!', 0)),
           threading.Thread(target=call, args=(os.posix_fallocate, allocated, 0, 50000))]
for t in threads:
    t.start()
print('begun', flush=True)
for t in threads:
    t.join()
assert sorted(ends, key=str) == [6, None], ends
print('done', flush=True)
"""

# What a user writes through the door is in the dead domain's memory and in the log: so is that
# it took the bits away.
IN_THE_LOG = r"""
import ctypes, os, sys
class Stats(ctypes.Structure):
    _fields_ = [('door', ctypes.c_uint64 * 512)]
library = ctypes.CDLL(None)
library.vos_door_stats.restype = Stats
WRITE = 3
name = '/root/suid-log'
f = os.open(name, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
os.write(f, b'.' * 5000)
mine = os.open(name, os.O_RDWR)
go, grown = os.pipe()
told, say = os.pipe()
pid = os.fork()
if not pid:
    os.setgroups([])
    os.setgid(1000)
    os.setuid(1000)
    for i in range(30):
        os.pread(f, 1, 0)
    for attempt in range(30):
        os.write(say, b'.')
        os.read(go, 1)
        before = library.vos_door_stats().door[WRITE]
        for i in range(60):
            os.pread(f, 1, 0)
        os.pwrite(f, b'after!', 0)
        if library.vos_door_stats().door[WRITE] > before:
            os.write(say, b'!')
            break
    sys.stdin.readline()
    os._exit(0)
size = 5000
os.close(say)
# As it grows its windows end; who attaches it next, does so at the service, and finds the bits.
while os.read(told, 1) == b'.':
    os.pwrite(mine, b'.', size)
    os.fchmod(mine, 0o6777)
    size += 1
    os.write(grown, b'.')
print('written', flush=True)
print('child', os.waitpid(pid, 0)[1], flush=True)
"""

MODES = r"""
import os, sys
open('/proc/sys/vm/drop_caches', 'w').write('3')
for name in sys.argv[1:]:
    with open('/root/suid-' + name, 'rb') as f:
        print(name, '%o' % (os.fstat(f.fileno()).st_mode & 0o7777), f.read(6).decode())
"""


# Files without a name, in all ways that make one: each is whole afterwards, and goes in the end.
NAMELESS = r"""
import ctypes, mmap, os, sys
N = 40
def made(name):
    f = os.open('/root/' + name, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    os.write(f, name.encode() * 1000)
    os.fsync(f)
    return f
def free_inodes():
    return os.statvfs('/root').f_ffree
before = free_inodes()
files = {'unlinked%d' % i: made('unlinked%d' % i) for i in range(N)}
for name in files:
    os.unlink('/root/' + name)
mapped = mmap.mmap(files['unlinked0'], 4096)
files['replaced'] = made('replaced')
os.close(made('other'))
os.rename('/root/other', '/root/replaced')
nameless = os.open('/root', os.O_RDWR | os.O_TMPFILE, 0o600)
os.write(nameless, b'nameless' * 1000)
os.fsync(nameless)
files['nameless'] = nameless
for f in files.values():
    assert os.fstat(f).st_nlink == 0, os.fstat(f)
print('ready', flush=True)
sys.stdin.readline()
open('/proc/sys/vm/drop_caches', 'w').write('3')
for name, f in files.items():
    assert os.fstat(f).st_nlink == 0, (name, os.fstat(f))
    assert os.pread(f, 20000, 0) == name.encode() * 1000, name
    os.pwrite(f, b'after', 0)
    os.fsync(f)
    os.ftruncate(f, 5)
    assert os.pread(f, 10, 0) == b'after', name
assert mapped[:5] == b'after'
assert open('/root/replaced').read() == 'other' * 1000
AT_FDCWD, AT_SYMLINK_FOLLOW = -100, 0x400
fd = b'/proc/self/fd/%d' % nameless
assert not ctypes.CDLL(None).linkat(AT_FDCWD, fd, AT_FDCWD, b'/root/named', AT_SYMLINK_FOLLOW)
assert os.stat('/root/named').st_nlink == 1, os.stat('/root/named')
os.unlink('/root/named')
os.unlink('/root/replaced')
del mapped
for f in files.values():
    os.close(f)
print('left', before - free_inodes(), flush=True)
"""

FREE_INODES = "stat -f -c %d /root"


def test_files_without_a_name_survive_a_kill(host):
    free = int(out(host.primary(FREE_INODES)))
    talk = Talk(host, NAMELESS)
    talk.wait(b"ready")
    wait_until_up(host, "storage", kill(host, "storage"), 60)
    talk.go()
    talk.end()
    assert b"left" in talk.said, talk.said
    end = time.time() + 60
    while free - int(out(host.primary(FREE_INODES))) > 10:
        assert time.time() < end, "files without a name are kept for ever"
        time.sleep(1)


def test_a_write_in_flight_takes_setuid_away(host):
    talk = Talk(host, IN_FLIGHT)
    talk.wait(b"ready")
    with calls_wait(host, 120):
        out(host.dom0("xl pause storage"))
        talk.go()
        talk.wait(b"begun")
        time.sleep(1)
        assert b"done" not in talk.said
        wait_until_up(host, "storage", kill(host, "storage"), 60)
        talk.end()
    assert b"done" in talk.said
    modes = out(host.primary(["python3", "-c", MODES, "write", "allocate"]))
    assert modes == "write 777 after!\nallocate 777 before\n", modes


def test_a_logged_write_takes_setuid_away(host):
    talk = Talk(host, IN_THE_LOG, LIBRARY)
    talk.wait(b"written")
    wait_until_up(host, "storage", kill(host, "storage"), 60)
    talk.go()
    talk.end()
    assert b"child 0" in talk.said
    modes = out(host.primary(["python3", "-c", MODES, "log"]))
    assert modes == "log 777 after!\n", modes


# Symbolic links get owners and times, and are looked at when nothing of them is cached.
LINKS = r"""
import os, time
os.makedirs('/root/links')
os.chdir('/root/links')
print('begun', flush=True)
for n in range(300):
    os.symlink('nowhere', 's%d' % n)
    os.lchown('s%d' % n, 1000 + n, 2000)
    os.utime('s%d' % n, ns=(1 << 60, 1 << 60), follow_symlinks=False)
    time.sleep(0.02)
open('/proc/sys/vm/drop_caches', 'w').write('3')
for n in range(300):
    s = os.lstat('s%d' % n)
    assert (s.st_uid, s.st_gid, s.st_mtime_ns) == (1000 + n, 2000, 1 << 60), (n, s)
print('all there')
"""


def test_owners_of_symbolic_links_survive_a_kill(host):
    assert "all there" in killed_after(host, ["python3", "-c", LINKS], 4, 120)
